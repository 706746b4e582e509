//! `train.csv`, `query.csv`, `index.csv`: the lists that mdfe's own `csv` reader reads.

use super::catalog::{Class, Split};
use anyhow::{Context, Result};
use mdfe_data::files::write_atomically;
use std::path::Path;

/// Writes the lists. The training classes train with every artist's image; of the unseen classes the first artist's images
/// are the queries and the others' are the index.
pub(super) fn write(root: &Path, classes: &[Class], artists: &[&str]) -> Result<()> {
    let Some((first, others)) = artists.split_first() else { return Ok(()) };
    let (train, test): (Vec<&Class>, Vec<&Class>) =
        classes.iter().partition(|class| class.split == Split::Train);
    list(&root.join("train.csv"), &train, artists)?;
    list(&root.join("query.csv"), &test, &[first])?;
    list(&root.join("index.csv"), &test, others)
}

fn list(path: &Path, classes: &[&Class], artists: &[&str]) -> Result<()> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["path", "label", "domain"])?;
    for class in classes {
        for artist in artists {
            // Slashes on every system, so that the list is the same bytes everywhere.
            let image = format!("images/{artist}/{}/{}.png", class.domain, class.code);
            out.write_record([image.as_str(), &class.code, &class.domain])?;
        }
    }
    let bytes = out.into_inner().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(write_atomically(path, &bytes)?)
}
