//! The search: open every image once, group by content, compare what is left.

use super::{
    CheckOptions, CheckReport, Content, NearPair, Unreadable, Use,
    image::{Fingerprint, fingerprint},
    near::near_pairs,
};
use crate::{Dataset, Error, Progress, Result};
use rayon::prelude::*;
use std::{collections::HashMap, path::PathBuf};

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
    let images = images(splits);
    progress.begin("images", images.len() as u64);
    let opened: Vec<std::result::Result<Fingerprint, String>> = images
        .par_iter()
        .map(|(path, _)| {
            let opened = fingerprint(path);
            progress.advance();
            opened
        })
        .collect();

    let mut report = CheckReport { images: images.len(), ..CheckReport::default() };
    let mut contents: Vec<(Content, Option<u64>)> = Vec::new();
    let mut positions: HashMap<blake3::Hash, usize> = HashMap::new();
    for ((_, uses), opened) in images.into_iter().zip(opened) {
        match opened {
            Err(reason) => report.unreadable.push(Unreadable { uses, reason }),
            Ok(print) => {
                let position = *positions.entry(print.content).or_insert(contents.len());
                match contents.get_mut(position) {
                    Some((content, _)) => content.uses.extend(uses),
                    None => contents.push((Content { uses }, print.perceptual)),
                }
            }
        }
    }
    report.plain = contents.iter().filter(|(_, hash)| hash.is_none()).count();

    let (hashes, owners): (Vec<u64>, Vec<usize>) =
        contents.iter().enumerate().filter_map(|(i, (_, hash))| hash.map(|h| (h, i))).unzip();
    let (pairs, truncated) = near_pairs(&hashes, options.max_distance, options.max_pairs);
    report.near_truncated = truncated;
    let content = |i: usize| contents[owners[i]].0.clone();
    report.near = pairs
        .into_iter()
        .map(|(a, b, distance)| NearPair { first: content(a), second: content(b), distance })
        .collect();
    report.exact = contents.into_iter().map(|(content, _)| content).filter(is_repeated).collect();
    Ok(report)
}

/// Whether a content has several files, several splits or several classes. Rows that merely repeat a file are two
/// samples by intent.
fn is_repeated(content: &Content) -> bool {
    let first = &content.uses[0].path;
    content.uses.iter().any(|u| u.path != *first) || content.crosses_classes() || content.crosses_splits()
}

/// Every file once, on disk, with the rows that name it, in the order of the rows.
fn images(splits: &[(&str, &Dataset)]) -> Vec<(PathBuf, Vec<Use>)> {
    let mut images: Vec<(PathBuf, Vec<Use>)> = Vec::new();
    let mut positions: HashMap<PathBuf, usize> = HashMap::new();
    for (split, dataset) in splits {
        for sample in &dataset.samples {
            let on_disk = dataset.root.join(&sample.path);
            let class = dataset.class_names.get(sample.class as usize).cloned().unwrap_or_default();
            let domain = sample.domain.as_str().to_owned();
            let usage = Use { split: (*split).to_owned(), path: sample.path.clone(), domain, class };
            match positions.get(&on_disk) {
                Some(&i) => images[i].1.push(usage),
                None => {
                    positions.insert(on_disk.clone(), images.len());
                    images.push((on_disk, vec![usage]));
                }
            }
        }
    }
    images
}
