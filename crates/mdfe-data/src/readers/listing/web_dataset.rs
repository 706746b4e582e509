//! A tar as WebDataset writes it: files whose names agree up to the first dot are one sample.

use super::{Described, ListedImage, Listing};
use crate::{
    members::TarIndex,
    readers::formats::{self, Kind},
};
use std::{collections::HashMap, path::Path};

/// The files of one sample.
#[derive(Default)]
struct Sample<'t> {
    key: &'t str,
    /// Images with the rest of their names: `jpg`, `mask.png`.
    images: Vec<(&'t str, &'t str)>,
    not_decoded: Option<(&'t str, &'static str)>,
    class: Option<&'t str>,
    json: Option<&'t str>,
}

/// Adds the samples of `tar`, which lies at `path`; `file` is its path in the listing.
pub(super) fn list(path: &Path, file: &Path, tar: &TarIndex, listing: &mut Listing) {
    let mut samples: Vec<Sample<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for member in &tar.members {
        if formats::is_hidden(Path::new(member)) {
            continue;
        }
        let base = member.rfind('/').map_or(0, |slash| slash + 1);
        let Some(dot) = member[base..].find('.').map(|dot| base + dot) else { continue };
        let (key, ending) = (&member[..dot], &member[dot + 1..]);
        let place = *places.entry(key).or_insert_with(|| {
            samples.push(Sample { key, ..Sample::default() });
            samples.len() - 1
        });
        let sample = &mut samples[place];
        match (ending.to_ascii_lowercase().as_str(), formats::kind(Path::new(member))) {
            ("cls", _) => sample.class = Some(member),
            ("json", _) => sample.json = Some(member),
            (_, Kind::Image) => sample.images.push((ending, member)),
            (_, Kind::NotDecoded(format)) => sample.not_decoded = Some((member, format)),
            _ => {}
        }
    }
    for sample in &samples {
        // Of several images the one whose name has no other part: `a.jpg` rather than `a.mask.png`.
        let plain = sample.images.iter().find(|(ending, _)| !ending.contains('.'));
        match (plain.or(sample.images.first()), sample.not_decoded) {
            (Some((_, image)), _) => match described(path, tar, sample) {
                Ok((labels, domain)) => {
                    listing.images.push(ListedImage { path: file.join(image), labels, domain });
                }
                Err(reason) => listing.skip(&file.join(image), reason),
            },
            (None, Some((member, format))) => listing.skip(&file.join(member), formats::remedy(format)),
            (None, None) => listing.skip(&file.join(sample.key), "the sample has no image".to_owned()),
        }
    }
    for (name, reason) in &tar.refused {
        let name = name.trim_start_matches('/');
        listing.skip(&file.join(name), reason.clone());
    }
    if let Some(fault) = &tar.fault {
        tracing::warn!("skipped: {}: {fault}; the members before it are used", path.display());
        listing.skip(file, fault.clone());
    }
}

/// The classes and the domain of a sample.
fn described(
    path: &Path,
    tar: &TarIndex,
    sample: &Sample<'_>,
) -> Result<(Vec<String>, Option<String>), String> {
    let text = |member: &str| {
        let bytes = tar.read(path, member)?;
        String::from_utf8(bytes).map_err(|_| format!("its {member} is not UTF-8"))
    };
    let json: Described = match sample.json {
        Some(member) => serde_json::from_str(&text(member)?).map_err(|e| format!("its {member}: {e}"))?,
        None => Described::default(),
    };
    let mut labels = json.names();
    if let Some(member) = sample.class {
        let class = text(member)?.trim().to_owned();
        if class.is_empty() {
            return Err(format!("its {member} is empty"));
        }
        // The class file is the convention; what else the JSON says of classes is its own.
        labels = vec![class];
    }
    Ok((labels, json.domain))
}
