//! A line of JSON for each query: what became of it, to be drawn, counted or compared.

use anyhow::{Context, Result, bail};
use mdfe_data::files::{WriteOptions, write_with};
use mdfe_eval::Scores;
use mdfe_report::Described;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, io::Write, path::Path};

/// A neighbour of a query.
#[derive(Serialize, Deserialize)]
struct Neighbour {
    /// Row of the index, from 0.
    row: u32,
    path: String,
    label: Option<String>,
    score: f32,
    relevant: bool,
}

/// A query.
#[derive(Serialize, Deserialize)]
pub(super) struct QueryLine {
    /// Its path, or its row where there is none.
    pub(super) query: String,
    pub(super) label: Option<String>,
    pub(super) domain: Option<String>,
    /// n_q: how many index rows are relevant to it.
    relevant: usize,
    /// Its value of each metric; empty where nothing is relevant.
    pub(super) scores: BTreeMap<String, f64>,
    neighbours: Vec<Neighbour>,
}

impl QueryLine {
    /// The lines of all queries, in their order.
    pub(super) fn of(scores: &Scores, query: &[Described], index: Option<&[Described]>) -> Vec<Self> {
        let rows = index.unwrap_or(query);
        let line = |(query, found): (&Described, &mdfe_eval::QueryScores)| Self {
            query: query.path.clone(),
            label: query.label.clone(),
            domain: query.domain.clone(),
            relevant: found.relevant,
            scores: scores
                .metrics
                .iter()
                .map(ToString::to_string)
                .zip(found.values.iter().copied())
                .collect(),
            neighbours: (found.neighbours.iter())
                .map(|found| {
                    let Described { path, label, .. } = rows[found.id as usize].clone();
                    Neighbour { row: found.id, path, label, score: found.score, relevant: found.relevant }
                })
                .collect(),
        };
        query.iter().zip(&scores.queries).map(line).collect()
    }

    /// Writes the lines, beside their place first and then renamed into it.
    pub(super) fn write(lines: &[Self], path: &Path) -> Result<()> {
        let fill = |out: &mut (dyn Write + Send)| -> std::io::Result<()> {
            let mut out = std::io::BufWriter::new(out);
            for line in lines {
                serde_json::to_writer(&mut out, line)?;
                out.write_all(b"\n")?;
            }
            out.flush()
        };
        Ok(write_with(path, &WriteOptions::default(), fill)?)
    }

    /// Reads what [`QueryLine::write`] wrote.
    pub(super) fn read(path: &Path) -> Result<Vec<Self>> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let line = |(at, line): (usize, &str)| -> Result<Self> {
            serde_json::from_str(line).with_context(|| {
                format!(
                    "{} line {}: this is no query that `mdfe evaluate --per-query` wrote",
                    path.display(),
                    at + 1
                )
            })
        };
        let lines = text.lines().enumerate().map(line).collect::<Result<Vec<_>>>()?;
        if lines.is_empty() {
            bail!("{} holds no query; it is written by `mdfe evaluate --per-query`", path.display());
        }
        Ok(lines)
    }
}
