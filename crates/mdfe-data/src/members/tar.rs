//! The members of a tar: names, and where their bytes lie. Only headers are read, so that a shard of any size is walked quickly.

mod header;

use crate::{Error, Result, files::inside};
use header::{BLOCK, Header, Kind};
use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// Long names and other records about members are at most this long.
const MAX_RECORD: u64 = 1 << 20;

/// Where the bytes of a member lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u64,
    size: u64,
}

/// The regular files of a tar, in order, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct TarIndex {
    /// Names below the tar, cleaned.
    pub(crate) members: Vec<String>,
    places: HashMap<String, Span>,
    /// Members that are not used, with the reason.
    pub(crate) refused: Vec<(String, String)>,
    /// Why what follows the members cannot be read.
    pub(crate) fault: Option<String>,
}

impl TarIndex {
    /// Walks the headers. What is damaged ends the walk and is kept in [`TarIndex::fault`]; the members before it are whole.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let size = file.metadata().map_err(Error::io("read", path))?.len();
        let mut index = Self::default();
        index.fault = Walk { file, size, at: 0 }.run(&mut index).err();
        Ok(index)
    }

    /// The bytes of a member.
    pub(crate) fn read(&self, tar: &Path, name: &str) -> std::result::Result<Vec<u8>, String> {
        let span = self.places.get(name).ok_or_else(|| match &self.fault {
            Some(fault) => format!("the tar has no such member; {fault}"),
            None => "the tar has no such member".to_owned(),
        })?;
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(tar)?;
            file.seek(SeekFrom::Start(span.start))?;
            let mut bytes = vec![0; span.size as usize];
            file.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|e| format!("its bytes cannot be read from the tar ({e})"))
    }

    fn add(&mut self, name: String, span: Span) {
        match inside(Path::new(&name)).and_then(|clean| clean.to_str().map(str::to_owned)) {
            None => self.refused.push((name, "its name leads out of the tar".to_owned())),
            Some(clean) if self.places.contains_key(&clean) => {
                self.refused.push((clean, "the tar has another member of this name before it".to_owned()));
            }
            Some(clean) => {
                self.places.insert(clean.clone(), span);
                self.members.push(clean);
            }
        }
    }
}

/// A walk over the headers.
struct Walk {
    file: File,
    size: u64,
    at: u64,
}

impl Walk {
    fn run(mut self, index: &mut TarIndex) -> std::result::Result<(), String> {
        let (mut long_name, mut long_size) = (None, None);
        loop {
            let Some(header) = self.header()? else { return Ok(()) };
            let data = self.at;
            let kind = header.kind;
            let size = match kind {
                Kind::File => long_size.take().unwrap_or(header.size),
                _ => header.size,
            };
            let end = data.checked_add(size).filter(|end| *end <= self.size);
            let name = || long_name.clone().unwrap_or_else(|| header.name());
            let end = end.ok_or_else(|| {
                format!(
                    "the tar is cut off: its member {} goes on to byte {}, the file has {}",
                    name(),
                    data.saturating_add(size),
                    self.size
                )
            })?;
            match kind {
                Kind::File => {
                    index.add(name(), Span { start: data, size });
                    long_name = None;
                }
                Kind::LongName => {
                    let bytes = self.record(size)?;
                    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
                    long_name = Some(String::from_utf8_lossy(&bytes[..end]).into_owned());
                }
                Kind::Records => {
                    let bytes = self.record(size)?;
                    for (key, value) in header::records(&bytes) {
                        match key {
                            "path" => long_name = Some(value.to_owned()),
                            "size" => long_size = value.parse().ok(),
                            _ => {}
                        }
                    }
                }
                // Folders and links have no bytes that could be an image.
                Kind::Other => (long_name, long_size) = (None, None),
                Kind::Ignored => {}
            }
            // The last member may lack its padding.
            self.at = end.next_multiple_of(BLOCK as u64).min(self.size);
            self.file.seek(SeekFrom::Start(self.at)).map_err(|e| e.to_string())?;
        }
    }

    /// The next header; `None` at the end.
    fn header(&mut self) -> std::result::Result<Option<Header>, String> {
        let at = self.at;
        if at == self.size {
            let whole =
                "the tar lacks the two empty blocks at its end: it may be cut off between two members";
            return Err(if at == 0 { "the tar is empty" } else { whole }.to_owned());
        }
        let mut block = [0; BLOCK];
        let cut = |_| format!("the tar is cut off in the header at byte {at}");
        self.file.read_exact(&mut block).map_err(cut)?;
        self.at += BLOCK as u64;
        if block == [0; BLOCK] {
            return Ok(None);
        }
        if at == 0 && block.starts_with(&[0x1f, 0x8b]) {
            return Err(
                "the tar is compressed, which lets no member be found; decompress it (gunzip)".to_owned()
            );
        }
        let header = Header::parse(&block);
        header.map(Some).map_err(|reason| format!("the tar is damaged at byte {at}: {reason}"))
    }

    /// The bytes behind a header that speaks about the next member.
    fn record(&mut self, size: u64) -> std::result::Result<Vec<u8>, String> {
        if size > MAX_RECORD {
            return Err(format!("the tar is damaged at byte {}: a name of {size} bytes", self.at));
        }
        let mut bytes = vec![0; size as usize];
        self.file.read_exact(&mut bytes).map_err(|e| e.to_string())?;
        Ok(bytes)
    }
}
