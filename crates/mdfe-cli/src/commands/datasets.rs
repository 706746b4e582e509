//! `mdfe datasets list | show | check`.

use crate::{
    args::{DatasetArgs, Datasets, Results},
    exit::Usage,
};
use anyhow::Result;
use mdfe_data::{ReadOptions, Reading, curate};
use serde::Serialize;
use std::{fmt::Write as _, io::Write as _, path::Path};

pub(crate) fn run(command: Datasets) -> Result<()> {
    match command {
        Datasets::List { root, results } => {
            let rows = mdfe_data::list(root.as_deref());
            results.print(&rows, mdfe_data::list_text(&rows).trim_end())
        }
        Datasets::Show { dataset, jsonl: true, .. } => show_samples(&read(&dataset)?),
        Datasets::Show { dataset, results, .. } => show(&read(&dataset)?, results),
        Datasets::Check { dataset, against, output, results } => {
            let train = read(&dataset)?;
            let test = against.map(|text| read(&other(&text, &dataset.root)?)).transpose()?;
            let report = check(&train, test.as_ref())?;
            results.print(&report, report.summary().trim_end())?;
            output.map_or(Ok(()), |path| write_exclusions(&report, &path))
        }
    }
}

/// Reads a data set with the options of `--set`.
fn read(args: &DatasetArgs) -> Result<Reading> {
    // Every option was typed, so that one which does not fit is wrong usage.
    let of_option = |error| match error {
        mdfe_data::Error::Invalid(_) => Usage::of(error),
        other => other.into(),
    };
    let mut options = ReadOptions::at(&args.root);
    for (key, value) in &args.set {
        options.set(key, value).map_err(of_option)?;
    }
    mdfe_data::read(&args.name, &options).map_err(of_option)
}

/// `KEY` or `KEY:option=value,...`.
fn other(text: &str, root: &Path) -> Result<DatasetArgs> {
    let (name, options) = text.split_once(':').unwrap_or((text, ""));
    let pair = |option: &str| match option.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(Usage(format!("--against {text}: `{option}` is not option=value"))),
    };
    let set = options.split(',').filter(|option| !option.is_empty()).map(pair).collect::<Result<_, _>>()?;
    Ok(DatasetArgs { name: name.to_owned(), root: root.to_path_buf(), set })
}

/// Looks for unreadable and duplicate images.
fn check(train: &Reading, test: Option<&Reading>) -> Result<curate::CheckReport> {
    let mut splits = vec![("train", &train.dataset)];
    splits.extend(test.map(|t| ("test", &t.dataset)));
    Ok(curate::check(&splits, &curate::CheckOptions::default(), &())?)
}

/// Writes the list of the images that training should leave out.
fn write_exclusions(report: &curate::CheckReport, path: &Path) -> Result<()> {
    let list = curate::exclusions(report, "train", curate::NearPolicy::default());
    mdfe_data::write_atomically(path, &mdfe_data::skipped_csv(&list)?)?;
    tracing::info!(
        "{}: {} images to leave out; give it to a data set as its option `exclude`",
        path.display(),
        list.len()
    );
    Ok(())
}

/// A JSON line per sample on stdout, the counts on stderr.
fn show_samples(reading: &Reading) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for sample in &reading.dataset.samples {
        writeln!(out, "{}", mdfe_data::jsonl_line(&reading.dataset, sample))?;
    }
    out.flush()?;
    eprintln!("{}", mdfe_data::counts_line(reading));
    Ok(())
}

/// What a data set holds.
#[derive(Serialize)]
struct Summary<'a> {
    name: &'a str,
    samples: usize,
    classes: usize,
    left_out: Vec<String>,
    domains: Vec<DomainCount<'a>>,
    /// Samples of each class, `[C]`.
    class_sizes: Vec<u64>,
}

#[derive(Serialize)]
struct DomainCount<'a> {
    name: &'a str,
    samples: usize,
}

fn show(reading: &Reading, results: Results) -> Result<()> {
    let dataset = &reading.dataset;
    let mut domains: Vec<DomainCount<'_>> = Vec::new();
    for name in dataset.samples.iter().map(|sample| sample.domain.as_str()) {
        match domains.iter_mut().find(|domain| domain.name == name) {
            Some(domain) => domain.samples += 1,
            None => domains.push(DomainCount { name, samples: 1 }),
        }
    }
    let class_sizes = dataset.class_counts();
    let mut text = mdfe_data::counts_line(reading);
    for domain in &domains {
        write!(text, "\n  {}: {} samples", domain.name, domain.samples)?;
    }
    write!(text, "\nclass sizes:\n{}", mdfe_data::class_size_histogram(&class_sizes).trim_end())?;
    let summary = Summary {
        name: &dataset.name,
        samples: dataset.samples.len(),
        classes: dataset.num_classes(),
        left_out: reading.left_out(),
        domains,
        class_sizes,
    };
    results.print(&summary, &text)
}
