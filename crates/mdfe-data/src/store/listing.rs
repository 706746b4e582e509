//! The listing of a data set as bytes to hash: what makes two extractions the same.

use crate::Dataset;

/// Hash of every sample's path, file size, class and domain, and of the class names.
///
/// The size is read from the file system, so that a replaced image gives another store; a file that is missing
/// counts as size 0 and is reported by the extraction itself.
pub(super) fn listing_hash(dataset: &Dataset) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut text = |s: &str| {
        hasher.update(&(s.len() as u64).to_le_bytes());
        hasher.update(s.as_bytes());
    };
    for name in &dataset.class_names {
        text(name);
    }
    for sample in &dataset.samples {
        let size = std::fs::metadata(dataset.root.join(&sample.path)).map(|m| m.len()).unwrap_or(0);
        text(&sample.path.to_string_lossy());
        text(sample.domain.as_str());
        text(&format!("{} {size}", sample.class));
    }
    hasher.finalize().to_hex().to_string()
}
