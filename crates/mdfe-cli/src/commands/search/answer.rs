//! What is printed.

use crate::args::Search;
use anyhow::Result;
use serde::Serialize;

/// The answer to one query.
#[derive(Serialize)]
pub(super) struct Answer {
    pub(super) query: String,
    /// Whether anything was found that is near enough.
    #[serde(rename = "match")]
    pub(super) is_match: bool,
    pub(super) neighbours: Vec<Neighbour>,
}

/// A row that was found.
#[derive(Serialize)]
pub(super) struct Neighbour {
    pub(super) path: String,
    /// The score, where it is a cosine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cosine: Option<f32>,
    pub(super) score: f32,
    pub(super) row: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<String>,
    /// Paths of near duplicates, where they are folded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) folded: Vec<String>,
}

impl Answer {
    pub(super) fn new(query: String, neighbours: Vec<Neighbour>) -> Self {
        Self { query, is_match: !neighbours.is_empty(), neighbours }
    }
}

/// The path of a row, or what stands for it.
pub(super) fn path_or_row(path: Option<&str>, row: u32) -> String {
    path.map_or_else(|| format!("row {row}"), str::to_owned)
}

/// Prints the answers.
pub(super) fn print(args: &Search, answers: &[Answer]) -> Result<()> {
    let mut lines = Vec::new();
    for answer in answers {
        lines.push(answer.query.clone());
        if !answer.is_match {
            lines.push("  no match".to_owned());
        }
        for found in &answer.neighbours {
            let more = match found.folded.len() {
                0 => String::new(),
                1 => "  (and 1 near duplicate)".to_owned(),
                many => format!("  (and {many} near duplicates)"),
            };
            lines.push(format!("  {:.4}  {}{more}", found.score, found.path));
        }
    }
    args.results.print(&answers, &lines.join("\n"))
}
