//! Images inside other files: a path may go on where a file is.
//!
//! | path | image |
//! |---|---|
//! | `photos/a.jpg` | the file |
//! | `shards/x-000.tar/photos/a.jpg` | the member of a tar |
//! | `data/train.parquet/12/a.jpg` | row 12, from 0, of a Parquet file (the name behind the number is for people) |
//! | `photos/a.jpg/box=10,20,110,220` | the part of an image that a box shows, x1, y1, x2, y2 in pixels; of a member or row as well |
//!
//! Every list may name such images, and they are read, known by their bytes, skipped and listed as files are. An [`ImageReader`] remembers
//! where members lie, so that a tar is walked once; of a Parquet file it keeps the last few rows, which makes reading in order cheap.

mod crop;
mod place;
#[cfg_attr(not(feature = "parquet"), path = "no_rows.rs")]
mod rows;
mod tar;

pub(crate) use crop::box_name;
pub(crate) use place::{Archive, archive};
pub use place::{container, is_archive};
pub(crate) use rows::ImageColumn;
pub use rows::holds_embeddings;
pub(crate) use tar::TarIndex;

use crate::{Error, Result};
use place::{Place, locate};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Members of all tars that are remembered: about 200 MB of names.
const MEMBERS: usize = 1 << 21;

/// Reads the bytes of images, wherever they lie. Shared by threads; make one for a pass over a data set.
#[derive(Debug, Default)]
pub struct ImageReader {
    /// The tars, the last used last.
    tars: Mutex<Vec<(PathBuf, Arc<TarIndex>)>>,
    tables: rows::Tables,
}

impl ImageReader {
    /// The bytes of the image at `path`.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read, [`Error::Image`] names what is not there or damaged.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>> {
        // A whole archive is not read in one piece, and is no image anyway.
        if !is_archive(path) {
            match std::fs::read(path) {
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    if locate(path).is_none() {
                        return Err(Error::io("read", path)(e));
                    }
                }
                read => return read.map_err(Error::io("read", path)),
            }
        }
        let fault = |reason: String| Error::Image { path: path.to_path_buf(), reason };
        match locate(path) {
            None => std::fs::read(path).map_err(Error::io("read", path)),
            Some(Place::Box { image, corners }) => crop::cut(path, &self.read(&image)?, corners),
            Some(Place::Member { tar, name }) => self.tar(&tar)?.read(&tar, &name).map_err(fault),
            Some(Place::Row { table, row }) => self.tables.read(&table, row, path),
            Some(Place::Archive(Archive::Tar)) => {
                let damage = self.tar(path)?.fault.clone();
                Err(fault(damage.unwrap_or_else(|| "it is a tar; name one of its members".to_owned())))
            }
            Some(Place::Archive(Archive::Parquet)) => {
                let rows = rows::ImageColumn::open(path)?.rows();
                Err(fault(format!("it is a Parquet file; name one of its {rows} rows by its number")))
            }
        }
    }

    /// The members of a tar, walked once.
    fn tar(&self, path: &Path) -> Result<Arc<TarIndex>> {
        let mut tars = self.tars.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match tars.iter().position(|(known, _)| known == path) {
            Some(at) => tars.remove(at),
            None => (path.to_path_buf(), Arc::new(TarIndex::open(path)?)),
        };
        let index = Arc::clone(&found.1);
        tars.push(found);
        while tars.len() > 1 && tars.iter().map(|(_, tar)| tar.members.len()).sum::<usize>() > MEMBERS {
            tars.remove(0);
        }
        Ok(index)
    }
}

/// What a build without Parquet says about a Parquet file.
#[cfg_attr(feature = "parquet", allow(dead_code))]
pub(crate) fn no_parquet(path: &Path) -> Error {
    Error::Invalid(format!(
        "{}: this build reads and writes no Parquet; build mdfe with `cargo build --release -p mdfe-cli --features full`, or use other \
         files",
        path.display()
    ))
}

#[cfg(test)]
mod tests;
