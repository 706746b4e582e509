//! UnED, the public benchmark of universal embeddings (Ypsilantis et al., ICCV 2023, arXiv 2309.01858).
//!
//! Eight domains, each with the splits `train`, `val` and `test`; some have an `index`. [`read_split`] gives a split
//! with all classes of each image, [`protocol`] says which split is searched with which.

use super::prelude::*;
use crate::{Domain, Error, readers::ReadOptions};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The eight domains, in the order of the paper's tables.
pub const DOMAINS: [&str; 8] = ["cars", "sop", "inshop", "inat", "met", "gldv2", "food2k", "rp2k"];

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "uned",
        domains: &DOMAINS,
        licence: "that of its parts; see the page",
        source: "https://cmp.felk.cvut.cz/univ_emb",
        tree: &[downloaded(&["info_files/"]), downloaded(&["images/"])],
        expected: Some(Expected { classes: 316_446, images: 2_831_222, rounded: false, of: "" }),
        multi_label: true,
        options: &["domains"],
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// One image of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnedImage {
    /// The image's file, relative to the data folder.
    pub path: PathBuf,
    /// The classes it shows, at least one. Ids of different domains have nothing to do with each other.
    pub classes: Vec<i64>,
}

/// Which images are looked for in which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The split with the queries.
    pub query: &'static str,
    /// The split that is searched.
    pub index: &'static str,
    /// Whether both are the same split, so that a query must not find itself.
    pub excludes_query: bool,
}

/// The protocol of `domain` for testing, or for validation.
///
/// # Errors
/// [`Error::Unknown`] lists the domains.
pub fn protocol(domain: &str, validation: bool) -> Result<Protocol> {
    known(domain)?;
    let (query, index) = match (domain, validation) {
        ("met", true) => ("val", "small_index"),
        ("inshop" | "met" | "gldv2", false) => ("test", "index"),
        // The `index` of inshop and gldv2 holds the test classes; their validation classes are in `val` alone.
        (_, true) => ("val", "val"),
        (_, false) => ("test", "test"),
    };
    Ok(Protocol { query, index, excludes_query: query == index })
}

/// Reads `info_files/{domain}/{split}.json` under `root`.
///
/// A name that is not plain ASCII is looked for on disk: where the plain name is missing and the escaped one
/// (`#U4e00`, as some unpacking tools write it) is there, the path is the escaped one.
///
/// # Errors
/// [`Error::Unknown`] for the domain, [`Error::Missing`] for the split, [`Error::Malformed`] with the line.
pub fn read_split(root: &Path, domain: &str, split: &str) -> Result<Vec<UnedImage>> {
    known(domain)?;
    let options = ReadOptions::at(root);
    let source = Source::new(&SET.info, &options);
    let list = source.load(&[&format!("info_files/{domain}/{split}.json")])?;
    let entries: Vec<Entry> = list.json()?;
    let empty = entries.iter().find(|e| e.class_id.is_empty());
    if let Some(entry) = empty {
        let reason = format!("`{}` has an empty list as `class_id`; it needs at least one class", entry.path);
        return Err(Error::Malformed { path: list.path, line: None, reason });
    }
    Ok(entries
        .into_iter()
        .map(|e| UnedImage { path: on_disk(&source, &e.path), classes: e.class_id })
        .collect())
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(deserialize_with = "one_or_many")]
    class_id: Vec<i64>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "`class_id` must be a whole number or a list of them")]
    enum ClassIds {
        One(i64),
        Many(Vec<i64>),
    }
    Ok(match ClassIds::deserialize(deserializer)? {
        ClassIds::One(id) => vec![id],
        ClassIds::Many(ids) => ids,
    })
}

/// The training splits of the wanted domains, one after the other. An image that shows several classes is a sample
/// of each of them, so no label is lost.
fn read(source: &Source<'_>) -> Result<Rows> {
    let wanted: Vec<&str> = match &source.options.domains {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => DOMAINS.to_vec(),
    };
    wanted.iter().try_for_each(|name| known(name))?;
    let mut rows = Rows::default();
    for name in wanted {
        let domain = Domain::new(name);
        rows.begin_part();
        for image in read_split(&source.options.root, name, "train")? {
            for class in image.classes {
                rows.push_number(image.path.clone(), class, &domain);
            }
        }
    }
    Ok(rows)
}

fn known(domain: &str) -> Result<()> {
    if DOMAINS.contains(&domain) { Ok(()) } else { Err(Error::unknown("UnED domain", domain, DOMAINS)) }
}

fn on_disk(source: &Source<'_>, path: &str) -> PathBuf {
    let plain = source.sample("images", path);
    if path.is_ascii() || source.options.root.join(&plain).exists() {
        return plain;
    }
    let escaped = source.sample("images", &escape(path));
    if source.options.root.join(&escaped).exists() { escaped } else { plain }
}

/// Info-ZIP's spelling of characters outside ASCII: `#U` and four hexadecimal digits, or `#L` and six.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match u32::from(c) {
            0..0x80 => escaped.push(c),
            code @ 0x80..0x1_0000 => escaped += &format!("#U{code:04x}"),
            code => escaped += &format!("#L{code:06x}"),
        }
    }
    escaped
}
