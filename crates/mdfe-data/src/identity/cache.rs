//! Fingerprints of image files that have not changed since they were hashed.

use super::{Fingerprint, stamp::Stamp};
use crate::{Error, ImageReader, Result, container};
use rayon::prelude::*;
use redb::{Database, DatabaseError, ReadableDatabase, TableDefinition};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// Hash of the absolute path (16 bytes) to stamp and fingerprint (88 bytes).
const KEYS: TableDefinition<[u8; 16], [u8; ENTRY]> = TableDefinition::new("keys");
const ENTRY: usize = Stamp::BYTES + Fingerprint::BYTES;
/// Files that are hashed before what was found is written: what a kill can cost.
const CHUNK: usize = 4096;
/// How long another process may hold the file before this one goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// Finds the fingerprints of files, and remembers them by path, size, times (ns) and inode, so that a million images are read
/// once. Files changed within the last 2 s are hashed and not remembered.
///
/// The file is opened for moments only, so that several processes may use one. Where it cannot be used (a read-only folder, a
/// damaged file), that is logged and every file is hashed.
#[derive(Clone, Debug)]
pub struct KeyCache {
    file: Option<PathBuf>,
}

impl KeyCache {
    /// File name in the folder of the feature spaces.
    pub const FILE: &str = "image-keys.redb";

    /// The cache in `folder`, made with the first fingerprint.
    pub fn in_folder(folder: &Path) -> Self {
        Self { file: Some(folder.join(Self::FILE)) }
    }

    /// No cache: every file is hashed.
    pub fn disabled() -> Self {
        Self { file: None }
    }

    /// The fingerprint of each file, in order, read on all cores; `watch` is told how many are known and returns whether to go on
    /// (what is not done at a stop is `None`).
    ///
    /// `verify` hashes every file again, whatever is remembered.
    pub fn fingerprints(
        &self,
        paths: &[PathBuf],
        verify: bool,
        mut watch: impl FnMut(usize) -> bool,
    ) -> Vec<Option<Result<Fingerprint>>> {
        let remembered = if verify { HashMap::new() } else { self.read(paths) };
        let reader = ImageReader::default();
        let mut out = Vec::with_capacity(paths.len());
        for chunk in paths.chunks(CHUNK) {
            let now = SystemTime::now();
            let found: Vec<(Result<Fingerprint>, Option<Fresh>)> =
                chunk.par_iter().map(|path| find(&reader, path, &remembered, now)).collect();
            let fresh: Vec<Fresh> = found.iter().filter_map(|(_, fresh)| *fresh).collect();
            self.remember(&fresh);
            out.extend(found.into_iter().map(|(key, _)| Some(key)));
            if !watch(out.len()) {
                break;
            }
        }
        out.resize_with(paths.len(), || None);
        out
    }

    /// What is remembered of `paths`.
    fn read(&self, paths: &[PathBuf]) -> HashMap<[u8; 16], [u8; ENTRY]> {
        let attempt = |database: &Database| -> std::result::Result<_, redb::Error> {
            let transaction = database.begin_read()?;
            let table = match transaction.open_table(KEYS) {
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(HashMap::new()),
                other => other?,
            };
            let mut found = HashMap::with_capacity(paths.len());
            for path in paths {
                let place = place(path);
                if let Some(entry) = table.get(place)? {
                    found.insert(place, entry.value());
                }
            }
            Ok(found)
        };
        let there = self.file.as_deref().filter(|file| file.exists());
        there.and_then(|file| self.with_database(file, attempt)).unwrap_or_default()
    }

    fn remember(&self, fresh: &[Fresh]) {
        let Some(file) = self.file.as_deref().filter(|_| !fresh.is_empty()) else { return };
        self.with_database(file, |database| {
            let transaction = database.begin_write()?;
            {
                let mut table = transaction.open_table(KEYS)?;
                for Fresh { place, entry } in fresh {
                    table.insert(*place, *entry)?;
                }
            }
            Ok(transaction.commit()?)
        });
    }

    /// Opens the file for a moment, waiting for other processes, and says why where that fails.
    fn with_database<T>(
        &self,
        file: &Path,
        work: impl Fn(&Database) -> std::result::Result<T, redb::Error>,
    ) -> Option<T> {
        let started = Instant::now();
        loop {
            match Database::create(file) {
                Err(DatabaseError::DatabaseAlreadyOpen) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(PAUSE);
                }
                Err(error) => {
                    tracing::warn!("{} cannot be used ({error}); images are hashed again", file.display());
                    return None;
                }
                Ok(database) => {
                    return work(&database)
                        .inspect_err(|error| {
                            tracing::warn!("{}: {error}; images are hashed again", file.display())
                        })
                        .ok();
                }
            }
        }
    }
}

/// A fingerprint that is worth remembering.
#[derive(Clone, Copy)]
struct Fresh {
    place: [u8; 16],
    entry: [u8; ENTRY],
}

/// The place of a path in the table. Links are not resolved: the stamp is that of the file at the end.
fn place(path: &Path) -> [u8; 16] {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut place = [0; 16];
    place.copy_from_slice(&blake3::hash(absolute.as_os_str().as_encoded_bytes()).as_bytes()[..16]);
    place
}

/// The fingerprint of one file, remembered or read.
fn find(
    reader: &ImageReader,
    path: &Path,
    remembered: &HashMap<[u8; 16], [u8; ENTRY]>,
    now: SystemTime,
) -> (Result<Fingerprint>, Option<Fresh>) {
    // What is inside of another file is as old as that file.
    let file = container(path).unwrap_or(path);
    let metadata = match std::fs::metadata(file).map_err(Error::io("read", path)) {
        Ok(metadata) => metadata,
        Err(error) => return (Err(error), None),
    };
    let place = place(path);
    let stamp = Stamp::of(&metadata).filter(|_| Stamp::is_settled(&metadata, now));
    if let (Some(stamp), Some(entry)) = (stamp, remembered.get(&place))
        && let (known, key) = entry.split_at(Stamp::BYTES)
        && known == stamp.as_bytes()
        && let Ok(key) = <[u8; Fingerprint::BYTES]>::try_from(key)
    {
        return (Ok(Fingerprint::from_bytes(key)), None);
    }
    // A whole file is known by its bytes, whatever it holds.
    let key = match file == path {
        true => Fingerprint::of_file(path),
        false => reader.read(path).map(|bytes| Fingerprint::of(&bytes)),
    };
    let fresh = key.as_ref().ok().zip(stamp).map(|(key, stamp)| {
        let mut entry = [0; ENTRY];
        entry[..Stamp::BYTES].copy_from_slice(stamp.as_bytes());
        entry[Stamp::BYTES..].copy_from_slice(key.as_bytes());
        Fresh { place, entry }
    });
    (key, fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, FileTimes};

    /// Sets the times of a file back far enough for it to count as settled; the change time stays new, so that the test waits.
    fn age(path: &Path) {
        let old = SystemTime::now() - Duration::from_secs(3600);
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_times(FileTimes::new().set_modified(old))
            .unwrap();
    }

    fn keys(cache: &KeyCache, paths: &[PathBuf]) -> Vec<String> {
        let found = cache.fingerprints(paths, false, |_| true);
        found.into_iter().map(|key| key.unwrap().map_or_else(|e| e.to_string(), |k| k.to_string())).collect()
    }

    #[test]
    fn files_are_known_by_their_bytes_and_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = ["a", "b", "gone"].iter().map(|name| dir.path().join(name)).collect();
        std::fs::write(&paths[0], b"one").unwrap();
        std::fs::write(&paths[1], b"two").unwrap();
        let (a, b) = (Fingerprint::of(b"one").to_string(), Fingerprint::of(b"two").to_string());
        let cache = KeyCache::in_folder(dir.path());
        let found = keys(&cache, &paths);
        assert_eq!(found[..2], [a.clone(), b.clone()]);
        assert!(found[2].contains("gone"), "{}", found[2]);
        assert!(cache.read(&paths).is_empty(), "files that were just written are not remembered");
        paths[..2].iter().for_each(|path| age(path));
        std::thread::sleep(SETTLED_FOR_TESTS);
        keys(&cache, &paths);
        assert_eq!(cache.read(&paths).len(), 2);
        // Same size, same modification time, swapped: the change time and the inode tell.
        let swap = dir.path().join("swap");
        std::fs::rename(&paths[0], &swap).unwrap();
        std::fs::rename(&paths[1], &paths[0]).unwrap();
        std::fs::rename(&swap, &paths[1]).unwrap();
        assert_eq!(keys(&cache, &paths[..2]), [b, a]);
    }

    const SETTLED_FOR_TESTS: Duration = Duration::from_millis(2100);

    #[test]
    fn a_remembered_key_is_not_read_again_unless_it_is_verified() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"one").unwrap();
        let old = SystemTime::now() + Duration::from_secs(10);
        let cache = KeyCache::in_folder(dir.path());
        let metadata = std::fs::metadata(&path).unwrap();
        let mut entry = [7; ENTRY];
        entry[..Stamp::BYTES].copy_from_slice(Stamp::of(&metadata).unwrap().as_bytes());
        let remembered = HashMap::from([(place(&path), entry)]);
        assert_eq!(
            find(&ImageReader::default(), &path, &remembered, old).0.unwrap(),
            Fingerprint::from_bytes([7; 32]),
            "not read"
        );
        assert_eq!(
            find(&ImageReader::default(), &path, &remembered, SystemTime::now()).0.unwrap(),
            Fingerprint::of(b"one"),
            "too young"
        );
        cache.remember(&[Fresh { place: place(&path), entry }]);
        let verified = cache.fingerprints(&[path], true, |_| true).pop().unwrap().unwrap().unwrap();
        assert_eq!(verified, Fingerprint::of(b"one"));
    }

    #[test]
    fn a_damaged_or_missing_cache_costs_time_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"one").unwrap();
        std::fs::write(dir.path().join(KeyCache::FILE), b"not a database").unwrap();
        let one = Fingerprint::of(b"one").to_string();
        for cache in [KeyCache::in_folder(dir.path()), KeyCache::in_folder(&path), KeyCache::disabled()] {
            assert_eq!(keys(&cache, std::slice::from_ref(&path)).concat(), one);
        }
    }

    #[test]
    fn a_stop_leaves_what_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"one").unwrap();
        let paths = vec![path; CHUNK + 1];
        let found = KeyCache::disabled().fingerprints(&paths, false, |_| false);
        assert_eq!((found.len(), found.iter().flatten().count()), (CHUNK + 1, CHUNK));
    }
}
