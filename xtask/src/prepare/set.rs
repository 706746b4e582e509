//! One data set: unpack, look, prepare, count.

use super::{progress::Bar, say::say, unpack};
use anyhow::{Result, bail};
use mdfe_data::{
    DatasetInfo, Origin, PrepareOptions, PrepareReport, ReadOptions, check_tree, counts_line, missing_images,
    needs_preparation, read,
};
use std::path::Path;

/// Names of missing images and skipped items that are printed; the rest is counted.
const SHOWN: usize = 10;

/// Whether the set, or an archive of it, is under `root`.
pub(super) fn is_there(info: &'static DatasetInfo, root: &Path) -> bool {
    check_tree(info, root).is_there() || unpack::has_archive(info, root)
}

/// Looks only: names everything that is missing, every image of the list included.
pub(super) fn check(info: &'static DatasetInfo, root: &Path) -> Result<()> {
    report_missing(info, root)?;
    if !check_tree(info, root).is_ready() {
        bail!("not ready; see what is missing above");
    }
    let reading = read(info.key, &ReadOptions::at(root))?;
    say_counts(info, &reading)?;
    let missing = missing_images(&reading.dataset);
    for &i in missing.iter().take(SHOWN) {
        say(format!("  {} is missing", root.join(&reading.dataset.samples[i].path).display()))?;
    }
    match missing.len() {
        0 => Ok(()),
        n => bail!(
            "{n} images of the list are missing (at most {SHOWN} are named above); get them from {}",
            info.source
        ),
    }
}

/// Unpacks, prepares and counts.
pub(super) fn prepare(info: &'static DatasetInfo, options: &PrepareOptions) -> Result<()> {
    let root = options.root.as_path();
    for line in unpack::unpack_all(info, root)? {
        say(format!("{}: {line}", info.key))?;
    }
    report_missing(info, root)?;
    if !check_tree(info, root).is_downloaded() {
        bail!("the download is not complete; see what is missing above");
    }
    if needs_preparation(info) {
        let bar = Bar::new();
        let report = mdfe_data::prepare(info.key, options, &bar);
        bar.finish();
        say_report(&report?, root)?;
    }
    say_counts(info, &read(info.key, &ReadOptions::at(root))?)
}

/// Prints what is missing of the download.
fn report_missing(info: &'static DatasetInfo, root: &Path) -> Result<()> {
    let check = check_tree(info, root);
    if !check.present {
        bail!("{} is missing; get `{}` from {}", check.folder.display(), info.key, info.source);
    }
    for entry in check.missing {
        let optional = if entry.origin == Origin::Optional { " (optional)" } else { "" };
        if entry.origin != Origin::Prepared {
            say(format!("{}: {}{optional}", info.key, entry.message))?;
        }
    }
    Ok(())
}

fn say_report(report: &PrepareReport, root: &Path) -> Result<()> {
    let key = report.key;
    for path in &report.written {
        let path = path.strip_prefix(root).unwrap_or(path).display();
        say(format!("{key}: {path}: {} classes, {} images", report.classes, report.images))?;
    }
    if report.crops_made + report.crops_kept > 0 {
        say(format!("{key}: {} files made, {} were there", report.crops_made, report.crops_kept))?;
    }
    for note in &report.notes {
        say(format!("{key}: {note}"))?;
    }
    for item in report.skipped.iter().take(SHOWN) {
        say(format!("{key}: skipped {}: {}", item.path, item.reason))?;
    }
    if report.skipped.len() > SHOWN {
        say(format!("{key}: {} skipped in all; prepare-skipped.csv lists them", report.skipped.len()))?;
    }
    Ok(())
}

/// The counts of the reader, and those of the real set.
fn say_counts(info: &DatasetInfo, reading: &mdfe_data::Reading) -> Result<()> {
    say(counts_line(reading))?;
    match info.expected {
        Some(expected) => say(format!("{}: expected {}", info.key, expected.sentence()))?,
        None => say(format!("{}: no published counts to compare with", info.key))?,
    }
    Ok(())
}
