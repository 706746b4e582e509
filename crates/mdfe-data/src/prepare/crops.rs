//! What each crop was cut from: a crop is kept only while its image and its box are those that it shows.
//!
//! One file for each data set, `prepare-crops.jsonl`: a line that names the format, then one for each crop in the order of the list, with
//! the crop's size in bytes, the fingerprint of the image's file and the corners of the box (null: the whole file). While crops are
//! made, lines are appended: later ones count, one without a source takes back what was said before, and the last one may be
//! torn by a kill. So a crop without a trusted line is at worst cut again.

use crate::{
    Error, Result,
    files::{Beside, Existing, WriteOptions, write_with},
    identity::Fingerprint,
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::HashMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Name and version of the format; also changed where crops are cut in another way.
const FORMAT: &str = "mdfe-crops-1";

/// What a crop is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Origin {
    /// Size of the crop's file.
    pub(super) bytes: u64,
    /// The file that it was cut from.
    pub(super) source: Fingerprint,
    /// Corners of its box; `None` for the whole file.
    pub(super) corners: Option<[f64; 4]>,
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    crop: Cow<'a, str>,
    bytes: u64,
    source: Option<Fingerprint>,
    #[serde(rename = "box")]
    corners: Option<[f64; 4]>,
}

/// The origins of the crops of a data set.
pub(super) struct CropRecord {
    path: PathBuf,
    /// By the crop's path, with the number of its line.
    known: HashMap<String, (usize, Origin)>,
    /// Lines of the file behind the first; nothing where it is not as [`CropRecord::finish`] leaves it.
    lines: Option<usize>,
    /// Bytes of the file up to the end of its last whole line.
    whole: u64,
    log: Mutex<Option<File>>,
}

impl CropRecord {
    /// File name in the folder of the data set.
    pub(super) const FILE: &str = "prepare-crops.jsonl";

    /// Reads what an earlier run has left at `path`; nothing where there is no such file.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(Error::io("read", &path)(e)),
        };
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let mut lines = bytes[..whole].split_inclusive(|b| *b == b'\n');
        if let Some(first) = lines.next() {
            check_format(&path, first)?;
        }
        let (mut known, mut count, mut clean) = (HashMap::new(), 0, whole == bytes.len());
        for line in lines {
            match serde_json::from_slice(line) {
                Ok(Line { crop, bytes, source: Some(source), corners }) => {
                    clean &=
                        known.insert(crop.into_owned(), (count, Origin { bytes, source, corners })).is_none();
                }
                Ok(Line { crop, source: None, .. }) => {
                    known.remove(crop.as_ref());
                    clean = false;
                }
                Err(_) => clean = false,
            }
            count += 1;
        }
        let lines = Some(count).filter(|_| clean);
        Ok(Self { path, known, lines, whole: whole as u64, log: Mutex::new(None) })
    }

    /// What the crop at `crop` was cut from, where an earlier run has noted it.
    pub(super) fn get(&self, crop: &str) -> Option<&Origin> {
        self.known.get(crop).map(|(_, origin)| origin)
    }

    /// Notes crops that are on disk now. What is noted survives a kill.
    pub(super) fn note<'c>(&self, crops: impl Iterator<Item = (&'c str, Origin)>) -> Result<()> {
        self.append(crops.map(|(crop, origin)| (crop, Some(origin))))
    }

    /// Takes back what is noted of crops that are about to be replaced: a kill must not leave a new crop under an old note.
    pub(super) fn forget<'c>(&self, crops: impl Iterator<Item = &'c str>) -> Result<()> {
        self.append(crops.filter(|crop| self.known.contains_key(*crop)).map(|crop| (crop, None)))
    }

    fn append<'c>(&self, crops: impl Iterator<Item = (&'c str, Option<Origin>)>) -> Result<()> {
        let text: Vec<u8> = crops.flat_map(|(crop, origin)| line(crop, origin)).collect();
        if text.is_empty() {
            return Ok(());
        }
        // A thread that panicked while it held the file leaves a torn line at worst.
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = Error::io("write", &self.path);
        match &mut *log {
            Some(file) => file.write_all(&text).map_err(fault),
            None => {
                let file = log.insert(self.begin().map_err(Error::io("write", &self.path))?);
                file.write_all(&text).map_err(fault)
            }
        }
    }

    /// The file, ready for further lines.
    fn begin(&self) -> std::io::Result<File> {
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        file.set_len(self.whole)?;
        if self.whole == 0 {
            file.write_all(&head())?;
        }
        Ok(file)
    }

    /// Leaves the record of `crops` alone, in their order, so that killed runs end in the same file.
    pub(super) fn finish<'c>(self, crops: impl Iterator<Item = (&'c str, Origin)> + Clone) -> Result<()> {
        let appended = self.log.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let number = |crop: &str| self.known.get(crop).map(|(number, _)| *number);
        let in_order = || crops.clone().enumerate().all(|(i, (crop, _))| number(crop) == Some(i));
        if !appended && self.lines == Some(crops.clone().count()) && in_order() {
            return Ok(());
        }
        let options = WriteOptions { existing: Existing::Replace, sync: true, beside: Beside::Same };
        write_with(&self.path, &options, |out| {
            out.write_all(&head())?;
            crops.into_iter().try_for_each(|(crop, origin)| out.write_all(&line(crop, Some(origin))))
        })
    }
}

fn check_format(path: &Path, first: &[u8]) -> Result<()> {
    match serde_json::from_slice(first) {
        Ok(Head { format }) if format == FORMAT => Ok(()),
        _ => Err(Error::Malformed {
            path: path.to_path_buf(),
            line: Some(1),
            reason: format!("does not say `{FORMAT}`; remove the file, and the crops are cut anew"),
        }),
    }
}

fn head() -> Vec<u8> {
    json_line(&Head { format: FORMAT.into() })
}

fn line(crop: &str, origin: Option<Origin>) -> Vec<u8> {
    json_line(&Line {
        crop: crop.into(),
        bytes: origin.map_or(0, |o| o.bytes),
        source: origin.map(|o| o.source),
        corners: origin.and_then(|o| o.corners),
    })
}

fn json_line(value: &impl Serialize) -> Vec<u8> {
    // Text, numbers and lists of them always have a JSON form.
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(n: u8) -> Origin {
        Origin {
            bytes: n.into(),
            source: Fingerprint::of(&[n]),
            corners: Some([0.1, f64::from(n), 1e-7, 3.0]),
        }
    }

    fn open(folder: &Path) -> CropRecord {
        CropRecord::open(folder.join(CropRecord::FILE)).unwrap()
    }

    #[test]
    fn what_is_noted_survives_a_kill_and_what_is_taken_back_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CropRecord::FILE);
        let whole = Origin { corners: None, ..origin(2) };
        let record = open(folder.path());
        record.note([("a", origin(1)), ("b \"\n", whole)].into_iter()).unwrap();
        record.note([("c", origin(3))].into_iter()).unwrap();
        drop(record);
        // The last line is torn.
        File::options().append(true).open(&path).unwrap().write_all(b"{\"crop\":\"d\",\"by").unwrap();
        let record = open(folder.path());
        assert_eq!(
            (record.get("a"), record.get("b \"\n"), record.get("d")),
            (Some(&origin(1)), Some(&whole), None)
        );
        record.forget(["a", "never noted"].into_iter()).unwrap();
        record.note([("c", origin(4))].into_iter()).unwrap();
        drop(record);
        let record = open(folder.path());
        assert_eq!((record.get("a"), record.get("c")), (None, Some(&origin(4))));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("never") && !text.contains("\"d\""), "{text}");
    }

    #[test]
    fn a_finished_record_holds_the_crops_in_order_and_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CropRecord::FILE);
        let crops = [("b", origin(1)), ("a", origin(2))];
        let record = open(folder.path());
        record.note([crops[1], ("gone", origin(9)), crops[0]].into_iter()).unwrap();
        record.finish(crops.into_iter()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let names: Vec<&str> = text.lines().map(|line| &line[..12]).collect();
        assert_eq!(names, ["{\"format\":\"m", "{\"crop\":\"b\",", "{\"crop\":\"a\","]);
        // A file that cannot be replaced tells whether that is tried: its temporary file is a folder.
        std::fs::create_dir(folder.path().join(format!(".mdfe-{}.tmp", CropRecord::FILE))).unwrap();
        open(folder.path()).finish(crops.into_iter()).unwrap();
        assert!(open(folder.path()).finish(crops.into_iter().rev()).is_err(), "another order");
        assert!(open(folder.path()).finish(crops.into_iter().take(1)).is_err(), "fewer");
    }

    #[test]
    fn damaged_lines_are_passed_over_and_another_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CropRecord::FILE);
        let record = open(folder.path());
        record.note([("a", origin(1)), ("b", origin(2))].into_iter()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"bytes\":1", "\"bytes\":-", 1)).unwrap();
        let record = open(folder.path());
        assert_eq!((record.get("a"), record.get("b")), (None, Some(&origin(2))));
        std::fs::write(&path, text.replace("crops-1", "crops-2")).unwrap();
        let error = CropRecord::open(path).err().unwrap().to_string();
        assert!(error.ends_with("remove the file, and the crops are cut anew"), "{error}");
    }
}
