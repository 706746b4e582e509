//! Small images inside the page, each once.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::collections::HashMap;

/// A thumbnail that a page wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The image, as [`Described::path`](crate::Described::path) has it.
    pub path: String,
    /// Pixels that the longer side should have at most.
    pub side: u32,
}

/// Makes thumbnails: the reader of images belongs to the caller, and so do its threads.
pub trait ImageSource {
    /// A JPEG for each of some wanted images; `None` where the image can't be read, which the page shows as such.
    fn jpegs(&self, wanted: &[Wanted]) -> Vec<Option<Vec<u8>>>;
}

/// Nobody: a page without images.
impl ImageSource for () {
    fn jpegs(&self, wanted: &[Wanted]) -> Vec<Option<Vec<u8>>> {
        vec![None; wanted.len()]
    }
}

/// Images that are asked for at a time.
const AT_A_TIME: usize = 128;

/// The thumbnails that a page wants, in the order in which they take the room.
#[derive(Default)]
pub(crate) struct Thumbnails {
    wanted: Vec<Wanted>,
    known: HashMap<Wanted, usize>,
}

impl Thumbnails {
    /// The place of an image's thumbnail.
    pub(crate) fn of(&mut self, path: &str, side: u32) -> usize {
        let wanted = Wanted { path: path.to_owned(), side };
        let next = self.wanted.len();
        let place = *self.known.entry(wanted.clone()).or_insert(next);
        if place == next {
            self.wanted.push(wanted);
        }
        place
    }

    /// The thumbnails in base64; none where an image can't be read, and none from the first that does not fit `room` bytes.
    pub(crate) fn load(&self, source: &dyn ImageSource, room: usize) -> Vec<Option<String>> {
        let (mut all, mut left) = (Vec::with_capacity(self.wanted.len()), room);
        for wanted in self.wanted.chunks(AT_A_TIME) {
            let jpegs = if left > 0 { source.jpegs(wanted) } else { Vec::new() };
            for at in 0..wanted.len() {
                let jpeg = jpegs.get(at).and_then(|jpeg| jpeg.as_deref()).map(|jpeg| STANDARD.encode(jpeg));
                left = left.saturating_sub(jpeg.as_ref().map_or(0, String::len));
                all.push(jpeg.filter(|_| left > 0));
            }
        }
        all
    }
}
