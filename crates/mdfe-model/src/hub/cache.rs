//! The cache's layout: `models--OWNER--NAME/{blobs/ETAG, snapshots/COMMIT/FILE, refs/REVISION}` and `.locks`.

use super::{HubOptions, HubProblem};
use hf_hub::{Cache, CacheRepo, Repo, RepoType};
use sha2::{Digest, Sha256};
use std::{
    fs::{File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How often a held lock is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Bytes hashed at a time.
const BUFFER: usize = 1 << 20;

/// One repository's folder in the cache, and the revision that is wanted of it.
pub(super) struct RepoCache {
    revision: String,
    folder: PathBuf,
    locks: PathBuf,
    places: CacheRepo,
}

impl RepoCache {
    pub(super) fn new(cache: &Path, repo: &str, revision: &str) -> Self {
        let repo = Repo::with_revision(repo.to_owned(), RepoType::Model, revision.to_owned());
        let name = repo.folder_name();
        Self {
            revision: revision.to_owned(),
            folder: cache.join(&name),
            locks: cache.join(".locks").join(name),
            places: Cache::new(cache.to_path_buf()).repo(repo),
        }
    }

    /// The commit that the revision stood for when it was last fetched; a commit stands for itself.
    pub(super) fn commit(&self) -> Option<String> {
        if is_commit(&self.revision) {
            return Some(self.revision.clone());
        }
        let text = std::fs::read_to_string(self.folder.join("refs").join(&self.revision)).ok()?;
        Some(text.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    pub(super) fn snapshot(&self, commit: &str, file: &str) -> PathBuf {
        self.places.pointer_path(commit).join(file)
    }

    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Makes `blob` the file of that name at `commit`, and `commit` what the revision stands for.
    pub(super) fn link(&self, commit: &str, file: &str, blob: &Path) -> Result<PathBuf, HubProblem> {
        let pointer = self.snapshot(commit, file);
        if !pointer.exists() {
            if let Some(parent) = pointer.parent() {
                std::fs::create_dir_all(parent).map_err(at(parent))?;
            }
            // What is there points to a blob that is gone.
            if pointer.is_symlink() {
                std::fs::remove_file(&pointer).map_err(at(&pointer))?;
            }
            match link(blob, &pointer, file) {
                // Another process was faster.
                Err(_) if pointer.exists() => {}
                other => other.map_err(at(&pointer))?,
            }
        }
        if self.commit().as_deref() != Some(commit) {
            self.places.create_ref(commit).map_err(at(&self.folder))?;
        }
        Ok(pointer)
    }

    /// Takes the lock that Python's huggingface_hub takes for this blob; it ends with the handle.
    pub(super) fn lock(&self, etag: &str, options: &HubOptions) -> Result<File, HubProblem> {
        let path = self.locks.join(format!("{etag}.lock"));
        std::fs::create_dir_all(&self.locks).map_err(at(&self.locks))?;
        let file = File::create(&path).map_err(at(&path))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if start.elapsed() < options.lock_timeout => {
                    std::thread::sleep(LOOK_AGAIN.min(options.lock_timeout));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(HubProblem::Locked { lock: path, waited: options.lock_timeout });
                }
                Err(TryLockError::Error(e)) => return Err(at(&path)(e)),
            }
        }
    }
}

/// A relative link, so that the cache can be moved.
#[cfg(unix)]
fn link(blob: &Path, pointer: &Path, file: &str) -> io::Result<()> {
    let up = "../".repeat(Path::new(file).components().count() + 1);
    let name = blob.file_name().unwrap_or_default();
    std::os::unix::fs::symlink(Path::new(&up).join("blobs").join(name), pointer)
}

/// Symbolic links are not for everybody on Windows.
#[cfg(not(unix))]
fn link(blob: &Path, pointer: &Path, _: &str) -> io::Result<()> {
    std::fs::hard_link(blob, pointer)
}

/// A git commit: 40 hexadecimal digits.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Names the path in an error of the file system.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> HubProblem + '_ {
    |e| HubProblem::Cache { path: path.to_path_buf(), reason: e.to_string() }
}

/// Compares the bytes with `etag` where that is a SHA-256 (large files); other tags say nothing about the bytes.
pub(super) fn verify(path: &Path, etag: &str) -> Result<(), HubProblem> {
    if etag.len() != 64 || !etag.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    let mut hasher = Sha256::new();
    let mut file = File::open(path).map_err(at(path))?;
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer).map_err(at(path))? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    let got: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if got.eq_ignore_ascii_case(etag) {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(at(path))?;
    Err(HubProblem::Corrupt { got, expected: etag.to_owned() })
}
