//! The search: open every image once, group by content, compare what is left.

use super::{
    CheckOptions, CheckReport, Content, NearPair, Unreadable, Use,
    fingerprint::{Fingerprint, fingerprint},
    near::{Pair, near_pairs},
};
use crate::{ClassId, Dataset, Domain, Error, ImageReader, Progress, Result, Sample, Skipped};
use rayon::prelude::*;
use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

/// Looks for faults in data sets, each given with the name of its split (`train`, `test`). Uses all cores; memory
/// follows the number of images, of which each core holds one at a time.
///
/// # Errors
/// [`Error::Invalid`] where `max_distance` is above 8: bands would be too short to search by.
pub fn check(
    splits: &[(&str, &Dataset)],
    options: &CheckOptions,
    progress: &dyn Progress,
) -> Result<CheckReport> {
    if options.max_distance > 8 {
        let distance = options.max_distance;
        return Err(Error::Invalid(format!(
            "max_distance = {distance} is too far for a 64-bit hash; use 0 to 8"
        )));
    }
    let files = files(splits);
    progress.begin("images", files.len() as u64);
    let reader = ImageReader::default();
    let opened: Vec<std::result::Result<Fingerprint, String>> = files
        .par_iter()
        .map(|file| {
            let opened = fingerprint(&reader, &file.path);
            progress.advance();
            opened
        })
        .collect();

    let mut report = CheckReport { images: files.len(), ..CheckReport::default() };
    let mut seen: Vec<Seen> = Vec::new();
    let mut positions: HashMap<blake3::Hash, usize> = HashMap::new();
    for (ImageFile { uses, .. }, opened) in files.into_iter().zip(opened) {
        match opened {
            Err(reason) => {
                let image = Skipped::at(&uses[0].path, reason);
                report.unreadable.push(Unreadable { image, uses });
            }
            Ok(Fingerprint { content, perceptual }) => {
                let position = *positions.entry(content).or_insert(seen.len());
                match seen.get_mut(position) {
                    Some(known) => known.content.uses.extend(uses),
                    None => seen.push(Seen { content: Content { uses }, perceptual }),
                }
            }
        }
    }
    report.plain = seen.iter().filter(|s| s.perceptual.is_none()).count();

    let (hashes, owners): (Vec<u64>, Vec<usize>) =
        seen.iter().enumerate().filter_map(|(i, s)| s.perceptual.map(|hash| (hash, i))).unzip();
    let near = near_pairs(&hashes, options.max_distance, options.max_pairs);
    report.near_truncated = near.truncated;
    let content = |i: usize| seen[owners[i]].content.clone();
    let pair =
        |p: Pair| NearPair { first: content(p.first), second: content(p.second), distance: p.distance };
    report.near = near.pairs.into_iter().map(pair).collect();
    report.exact = seen.into_iter().map(|s| s.content).filter(is_repeated).collect();
    Ok(report)
}

/// A file with the rows that name it, at least one.
struct ImageFile {
    path: PathBuf,
    uses: Vec<Use>,
}

/// A content with its perceptual hash, unless it is plain.
struct Seen {
    content: Content,
    perceptual: Option<u64>,
}

/// Whether a content has several files, several splits or several classes. Rows that merely repeat a file are two
/// samples by intent.
fn is_repeated(content: &Content) -> bool {
    let first = &content.uses[0].path;
    content.uses.iter().any(|u| u.path != *first) || content.crosses_classes() || content.crosses_splits()
}

/// Every file once, on disk, in the order of the rows.
fn files(splits: &[(&str, &Dataset)]) -> Vec<ImageFile> {
    let mut files: Vec<ImageFile> = Vec::new();
    let mut positions: HashMap<PathBuf, usize> = HashMap::new();
    for (split, dataset) in splits {
        let classes = classes_of_images(dataset);
        for sample in &dataset.samples {
            let on_disk = dataset.root.join(&sample.path);
            let name = || dataset.class_names.get(sample.class as usize).cloned().unwrap_or_default();
            let class = classes.get(&of_image(sample)).cloned().unwrap_or_else(name);
            let domain = sample.domain.as_str().to_owned();
            let usage = Use { split: (*split).to_owned(), path: sample.path.clone(), domain, class };
            match positions.get(&on_disk) {
                // The further classes of an image are in the use that it has already.
                Some(&i) if !classes.is_empty() && files[i].uses.contains(&usage) => {}
                Some(&i) => files[i].uses.push(usage),
                None => {
                    positions.insert(on_disk.clone(), files.len());
                    files.push(ImageFile { path: on_disk, uses: vec![usage] });
                }
            }
        }
    }
    files
}

/// What the classes of an image belong to: classes of different domains have nothing to do with each other.
fn of_image(sample: &Sample) -> (&Path, &Domain) {
    (&sample.path, &sample.domain)
}

/// All classes of each image, where the data set has images with several; else empty.
fn classes_of_images(dataset: &Dataset) -> HashMap<(&Path, &Domain), String> {
    if !dataset.multi_label {
        return HashMap::new();
    }
    let mut classes: HashMap<_, BTreeSet<ClassId>> = HashMap::new();
    for sample in &dataset.samples {
        classes.entry(of_image(sample)).or_default().insert(sample.class);
    }
    let name = |class: &ClassId| dataset.class_names.get(*class as usize).map_or("", String::as_str);
    let join = |classes: BTreeSet<ClassId>| classes.iter().map(name).collect::<Vec<_>>().join(", ");
    classes.into_iter().map(|(image, classes)| (image, join(classes))).collect()
}
