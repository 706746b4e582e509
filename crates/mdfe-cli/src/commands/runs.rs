//! `mdfe runs`: run folders, looked at afterwards.

use super::columns::columns;
use crate::args::{Runs, RunsDiff, RunsList, RunsShow};
use anyhow::Result;
use mdfe_train::{
    pipeline::RunState,
    runs::{self, Difference, RunInfo, RunList, date},
};
use serde_json::Value;
use std::path::Path;

pub(crate) fn run(command: &Runs) -> Result<()> {
    match command {
        Runs::List(args) => list(args),
        Runs::Show(args) => show(args),
        Runs::Diff(args) => diff(args),
    }
}

fn list(args: &RunsList) -> Result<()> {
    let dir = args.dir.as_deref().unwrap_or(Path::new("runs"));
    // Before the first run nobody has made the default's folder.
    let found = match args.dir.is_none() && !dir.exists() {
        true => RunList::default(),
        false => runs::list(dir)?,
    };
    let mut lines = Vec::new();
    if !found.runs.is_empty() {
        let k = found.runs[0].k;
        let head =
            ["run", "name", "state", "steps", "backbone", "loss", &format!("mMP@{k}"), "R@1", "date (UTC)"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(found.runs.iter().map(row));
        lines.extend(columns(&rows));
    }
    lines.extend(found.others.iter().map(|no| format!("{}: no run: {}", no.dir.display(), no.reason)));
    if found.runs.is_empty() {
        lines.push(format!("no runs in {}", dir.display()));
    }
    args.results.print(&found, &lines.join("\n"))
}

fn row(run: &RunInfo) -> Vec<String> {
    let score =
        |metric: &str| run.score(metric).map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    vec![
        run.dir.display().to_string(),
        run.name.clone(),
        state(run).to_owned(),
        steps(run),
        run.backbone.clone(),
        run.loss.clone(),
        score(&format!("mMP@{}", run.k)),
        score("R@1"),
        date(run.date),
    ]
}

fn state(run: &RunInfo) -> &'static str {
    match run.state {
        RunState::Running => "running",
        RunState::Finished => "finished",
    }
}

/// Steps done and in all.
fn steps(run: &RunInfo) -> String {
    run.total_steps.map_or_else(|| "0".to_owned(), |total| format!("{}/{total}", run.step))
}

fn show(args: &RunsShow) -> Result<()> {
    let run = runs::show(&args.run)?;
    let info = &run.info;
    let speed = info.samples_per_s.map_or_else(|| "-".to_owned(), |speed| format!("{speed:.0} samples/s"));
    let mut text = format!(
        "{}: {}, {} steps, {speed}, {} UTC\n",
        info.dir.display(),
        state(info),
        steps(info),
        date(info.date)
    );
    for name in ["scores.txt", "config.toml"] {
        let content = std::fs::read_to_string(args.run.join(name)).unwrap_or_default();
        if !content.is_empty() {
            text += &format!("\n{name}\n{}\n", indented(&content));
        }
    }
    if !run.lineage.is_null() {
        text += &format!("\nlineage\n{}\n", indented(&serde_json::to_string_pretty(&run.lineage)?));
    }
    let files: Vec<Vec<String>> =
        run.files.iter().map(|file| vec![file.path.display().to_string(), file.bytes.to_string()]).collect();
    text += &format!("\nfiles, in bytes\n{}", indented(&columns(&files).join("\n")));
    args.results.print(&run, &text)
}

fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("  {line}") };
    text.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn diff(args: &RunsDiff) -> Result<()> {
    let found = runs::diff(&args.a, &args.b)?;
    let mut rows = vec![vec![String::new(), args.a.display().to_string(), args.b.display().to_string()]];
    let mut add = |part: &[Difference], decimals: Option<usize>| {
        let row = |d: &Difference| vec![d.key.clone(), shown(&d.a, decimals), shown(&d.b, decimals)];
        rows.extend(part.iter().map(row));
    };
    add(&found.config, None);
    add(&found.data, None);
    add(&found.scores, Some(4));
    add(&found.speed, Some(0));
    let text =
        if found.is_empty() { "the two runs do not differ".to_owned() } else { columns(&rows).join("\n") };
    args.results.print(&found, &text)
}

/// A value in a column; a fraction with this many decimals where they are given.
fn shown(value: &Value, decimals: Option<usize>) -> String {
    match (value, decimals) {
        (Value::Null, _) => "-".to_owned(),
        (Value::String(text), _) => text.clone(),
        (Value::Number(number), Some(decimals)) if number.is_f64() => {
            format!("{:.decimals$}", number.as_f64().unwrap_or(f64::NAN))
        }
        (other, _) => other.to_string(),
    }
}
