//! `metadata.jsonl`, which describes the images of its folder as the image folders of Hugging Face do.

use super::{Described, ListedImage, Listing};
use crate::{Error, Result, files::inside};
use serde::Deserialize;
use std::path::Path;

/// The name of the file.
pub(in crate::readers) const METADATA: &str = "metadata.jsonl";

/// One line.
#[derive(Deserialize)]
struct Line {
    file_name: String,
    #[serde(flatten)]
    described: Described,
}

/// Adds the image of every line of `file`, a path relative to `folder`; an image that no line names is not in the data set.
pub(super) fn list(folder: &Path, file: &Path, listing: &mut Listing) -> Result<()> {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let beside = file.parent().unwrap_or(Path::new(""));
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let fault = |reason| Error::Malformed { path: path.clone(), line: Some(number), reason };
        let line: Line = serde_json::from_str(line).map_err(|e| fault(e.to_string()))?;
        let Some(name) = inside(Path::new(&line.file_name)) else {
            return Err(fault(format!(
                "`file_name` is `{}`, which is no file below this folder",
                line.file_name
            )));
        };
        let Line { described, .. } = line;
        let labels = described.names();
        listing.images.push(ListedImage { path: beside.join(name), labels, domain: described.domain });
    }
    Ok(())
}
