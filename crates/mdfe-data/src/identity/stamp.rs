//! What the file system says about a file without reading it.

use std::{
    fs::Metadata,
    time::{Duration, SystemTime},
};

/// A file younger than this may be written again within the resolution of its times: its fingerprint is not remembered.
const SETTLED: Duration = Duration::from_secs(2);

/// Size, times in nanoseconds and inode: while they stay, so do the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp([u8; Self::BYTES]);

impl Stamp {
    pub(super) const BYTES: usize = 56;

    /// The stamp of a file, on systems that tell enough.
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let parts = [
            metadata.size(),
            metadata.mtime() as u64,
            metadata.mtime_nsec() as u64,
            metadata.ctime() as u64,
            metadata.ctime_nsec() as u64,
            metadata.ino(),
            metadata.dev(),
        ];
        let mut bytes = [0; Self::BYTES];
        for (slot, part) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(parts) {
            *slot = part.to_le_bytes();
        }
        Some(Self(bytes))
    }

    /// Elsewhere a change of the bytes can hide behind the same times: files are always hashed.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// Whether the file was last changed long enough before `now` for the stamp to mean something.
    #[cfg(unix)]
    pub(super) fn is_settled(metadata: &Metadata, now: SystemTime) -> bool {
        use std::os::unix::fs::MetadataExt;
        let at = |seconds: i64, nanos: i64| {
            let since = Duration::new(u64::try_from(seconds).unwrap_or(0), nanos as u32);
            SystemTime::UNIX_EPOCH + since
        };
        let modified = at(metadata.mtime(), metadata.mtime_nsec());
        let changed = at(metadata.ctime(), metadata.ctime_nsec());
        // A time in the future says nothing either.
        now.duration_since(modified.max(changed)).is_ok_and(|age| age >= SETTLED)
    }

    #[cfg(not(unix))]
    pub(super) fn is_settled(_: &Metadata, _: SystemTime) -> bool {
        false
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// The stamp of the file at `path`, or of the one that holds the image; empty where there is none, or where the system does not tell enough.
pub(crate) fn stamp_bytes(path: &std::path::Path) -> Vec<u8> {
    let file = crate::container(path).unwrap_or(path);
    let stamp = std::fs::metadata(file).ok().and_then(|metadata| Stamp::of(&metadata));
    stamp.map_or_else(Vec::new, |stamp| stamp.as_bytes().to_vec())
}
