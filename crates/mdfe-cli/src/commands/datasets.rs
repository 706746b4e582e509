//! `mdfe datasets list | show | check`.

use crate::{
    args::Datasets,
    console::{print_json, print_line},
};
use anyhow::{Result, bail};
use mdfe_data::{ReadOptions, Reading, curate};
use std::{io::Write, path::Path};

pub(crate) fn run(command: Datasets) -> Result<()> {
    match command {
        Datasets::List { root, json } => {
            let rows = mdfe_data::list(root.as_deref());
            if json { print_json(&rows) } else { print_line(mdfe_data::list_text(&rows).trim_end()) }
        }
        Datasets::Show { name, root, set, jsonl } => show(&read(&name, &root, &set)?, jsonl),
        Datasets::Check { name, root, set, against, output, json } => {
            let train = read(&name, &root, &set)?;
            let test = against.map(|other| read_other(&other, &root)).transpose()?;
            check((&train, test.as_ref()), output.as_deref(), json)
        }
    }
}

/// Reads a data set with the options of `--set`.
fn read(name: &str, root: &Path, set: &[String]) -> Result<Reading> {
    let mut options = ReadOptions::at(root);
    for pair in set {
        let Some((key, value)) = pair.split_once('=') else {
            bail!("--set {pair} is not KEY=VALUE");
        };
        options.set(key.trim(), value.trim())?;
    }
    Ok(mdfe_data::read(name, &options)?)
}

/// Reads `KEY` or `KEY:option=value,...`.
fn read_other(text: &str, root: &Path) -> Result<Reading> {
    let (key, options) = text.split_once(':').unwrap_or((text, ""));
    let set: Vec<String> = options.split(',').filter(|o| !o.is_empty()).map(str::to_owned).collect();
    read(key, root, &set)
}

/// Looks for unreadable and duplicate images, and writes the list of those that training should leave out.
fn check((train, test): (&Reading, Option<&Reading>), output: Option<&Path>, json: bool) -> Result<()> {
    let mut splits = vec![("train", &train.dataset)];
    splits.extend(test.map(|t| ("test", &t.dataset)));
    let report = curate::check(&splits, &curate::CheckOptions::default(), &())?;
    if json {
        print_json(&report)?;
    } else {
        print_line(report.summary().trim_end())?;
    }
    if let Some(path) = output {
        let list = curate::exclusions(&report, "train", curate::NearPolicy::default());
        mdfe_data::write_atomically(path, &mdfe_data::skipped_csv(&list)?)?;
        tracing::info!(
            "{}: {} images to leave out; give it to a data set as its option `exclude`",
            path.display(),
            list.len()
        );
    }
    Ok(())
}

fn show(reading: &Reading, jsonl: bool) -> Result<()> {
    let dataset = &reading.dataset;
    if jsonl {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for sample in &dataset.samples {
            writeln!(out, "{}", mdfe_data::jsonl_line(dataset, sample))?;
        }
        out.flush()?;
        eprintln!("{}", mdfe_data::counts_line(reading));
        return Ok(());
    }
    print_line(&mdfe_data::counts_line(reading))?;
    let mut domains: Vec<(&str, usize)> = Vec::new();
    for sample in &dataset.samples {
        match domains.iter_mut().find(|(name, _)| *name == sample.domain.as_str()) {
            Some((_, count)) => *count += 1,
            None => domains.push((sample.domain.as_str(), 1)),
        }
    }
    for (name, count) in domains {
        print_line(&format!("  {name}: {count} samples"))?;
    }
    print_line("class sizes:")?;
    print_line(mdfe_data::class_size_histogram(&dataset.class_counts()).trim_end())
}
