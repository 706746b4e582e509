//! The list of data sets, for `mdfe datasets list`.

use super::check_tree;
use crate::{DatasetInfo, Expected, Origin, TreeEntry, datasets};
use std::path::Path;

/// One data set in the list.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ListRow {
    /// The key.
    pub key: &'static str,
    /// Other accepted spellings.
    pub aliases: &'static [&'static str],
    /// The domains of its samples.
    pub domains: &'static [&'static str],
    /// Terms, in short.
    pub licence: &'static str,
    /// The page to get it from.
    pub source: &'static str,
    /// Expected files and folders under the root, one line each.
    pub tree: Vec<String>,
    /// Counts of the real set.
    pub expected: Option<Expected>,
    /// `ready`, `to prepare`, `incomplete` or `absent`; nothing where no root was given.
    pub status: Option<&'static str>,
}

/// Every data set, and whether it lies under `root`.
pub fn list(root: Option<&Path>) -> Vec<ListRow> {
    datasets().iter().map(|info| row(info, root)).collect()
}

/// The list as text: a paragraph per data set.
pub fn list_text(rows: &[ListRow]) -> String {
    rows.iter().map(paragraph).collect::<Vec<_>>().join("\n")
}

fn row(info: &'static DatasetInfo, root: Option<&Path>) -> ListRow {
    let folder = info.folders.first().copied().unwrap_or_default();
    ListRow {
        key: info.key,
        aliases: info.aliases,
        domains: info.domains,
        licence: info.licence,
        source: info.source,
        tree: info.tree.iter().map(|entry| tree_line(folder, entry)).collect(),
        expected: info.expected,
        status: root.map(|root| status(info, root)),
    }
}

fn status(info: &'static DatasetInfo, root: &Path) -> &'static str {
    // `image_folder` and `csv` can be anything, so there is nothing to look for.
    if info.tree.is_empty() {
        return "any";
    }
    let check = check_tree(info, root);
    match (check.is_there(), check.is_ready(), check.is_downloaded()) {
        (false, ..) => "absent",
        (_, true, _) => "ready",
        (.., true) => "to prepare",
        _ => "incomplete",
    }
}

fn tree_line(folder: &str, entry: &TreeEntry) -> String {
    let names: Vec<String> =
        entry.paths.iter().map(|p| Path::new(folder).join(p).display().to_string()).collect();
    let note = match entry.origin {
        Origin::Downloaded => "",
        Origin::Optional => "  (optional)",
        Origin::Prepared => "  (made by prepare-data)",
    };
    format!("{}{note}", names.join(" or "))
}

fn paragraph(row: &ListRow) -> String {
    let mut text = row.key.to_owned();
    if !row.aliases.is_empty() {
        text += &format!(" (also {})", row.aliases.join(", "));
    }
    if let Some(status) = row.status {
        text += &format!(" [{status}]");
    }
    text += &format!(
        "\n  domain   {}\n  licence  {}\n  source   {}\n",
        row.domains.join(", "),
        row.licence,
        row.source
    );
    if let Some(e) = row.expected {
        text += &format!("  expected {}\n", e.sentence());
    }
    for line in &row.tree {
        text += &format!("  - {line}\n");
    }
    text
}

impl Expected {
    /// Such as `about 34,800 classes, 328,400 images`.
    pub fn sentence(&self) -> String {
        let about = if self.rounded { "about " } else { "" };
        let of = if self.of.is_empty() { String::new() } else { format!(" ({})", self.of) };
        format!("{about}{} classes, {} images{of}", thousands(self.classes), thousands(self.images))
    }
}

/// A number with commas between its thousands.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
