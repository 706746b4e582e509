//! The views of a run: written when it begins, and what a resume goes on with.

use crate::{Error, Result};
use mdfe_data::{Skipped, store::View};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

/// A data set as it is now, and the images of it that cannot be read now.
#[derive(Clone, Copy)]
pub(super) struct Present<'a> {
    pub(super) view: &'a View,
    pub(super) skipped: &'a [Skipped],
}

/// The file of set `i` of a kind (`train`, `query`, `index`) in the run folder `dir`.
pub(super) fn file(dir: &Path, kind: &str, i: usize) -> PathBuf {
    dir.join("views").join(format!("{kind}-{i}.safetensors"))
}

/// The view that a resume goes on with: the stored one, if what the data set holds now is the same.
///
/// An image that could not be read when the run began (`was_skipped`) and can be now stays out; one that cannot be read now is still in the
/// space. Everything else that differs is another data set.
///
/// # Errors
/// [`Error::Data`] names the first image that differs.
pub(super) fn reconcile(stored: View, present: Present<'_>, was_skipped: &HashSet<String>) -> Result<View> {
    if stored.fingerprint() == present.view.fingerprint() {
        return Ok(stored);
    }
    let differs = |path: &str, how: &str| {
        Error::Data(format!(
            "the data is not that of the run: {path} {how}; put it back, begin again with --overwrite, or give another --run-dir"
        ))
    };
    let facts = |view: &View, row: usize| {
        let class = view.class_names()[view.labels()[row] as usize].clone();
        (view.key(row), class, view.domains()[view.domain_ids()[row] as usize].clone())
    };
    let path = |view: &View, row: usize| view.path(row).unwrap_or_default().to_owned();
    // A path may stand in a list more than once, with several classes.
    let mut now: HashMap<String, Vec<_>> = HashMap::new();
    for row in 0..present.view.len() {
        now.entry(path(present.view, row)).or_default().push(facts(present.view, row));
    }
    let unreadable: HashSet<&str> = present.skipped.iter().map(|s| s.path.as_str()).collect();
    let mut seen = HashSet::new();
    for row in 0..stored.len() {
        let name = path(&stored, row);
        match now.get(&name) {
            Some(all) if all.contains(&facts(&stored, row)) => {}
            Some(_) => return Err(differs(&name, "has other bytes, another class or another domain")),
            None if unreadable.contains(name.as_str()) => {}
            None => return Err(differs(&name, "is gone")),
        }
        seen.insert(name);
    }
    match now.keys().find(|name| !seen.contains(*name) && !was_skipped.contains(*name)) {
        Some(name) => Err(differs(name, "is new")),
        None => Ok(stored),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_data::{Dataset, Domain, Sample, identity::Fingerprint};

    fn view(rows: &[(&str, u32, &str)]) -> View {
        let sample = |&(path, class, _): &(&str, u32, &str)| Sample {
            path: path.into(),
            class,
            domain: Domain::new("images"),
        };
        let dataset = Dataset {
            name: "toy".into(),
            root: "/".into(),
            samples: rows.iter().map(sample).collect(),
            class_names: vec!["a".into(), "b".into()],
            ..Dataset::default()
        };
        let keys: Vec<_> = rows.iter().map(|(_, _, bytes)| Some(Fingerprint::of(bytes.as_bytes()))).collect();
        View::new(&dataset, &keys)
    }

    #[test]
    fn a_resume_goes_on_with_its_own_images_and_refuses_others() {
        let stored = || view(&[("1", 0, "x"), ("2", 1, "y")]);
        let none = HashSet::new();
        let with = |now: &View, skipped: &[Skipped], was: &HashSet<String>| {
            reconcile(stored(), Present { view: now, skipped }, was).map_err(|e| e.to_string())
        };
        assert_eq!(with(&stored(), &[], &none), Ok(stored()));
        // Unreadable then, readable now: it stays out. Readable then, unreadable now: it stays in.
        let more = view(&[("0", 0, "w"), ("1", 0, "x"), ("2", 1, "y")]);
        assert_eq!(with(&more, &[], &HashSet::from(["0".to_owned()])), Ok(stored()));
        let less = view(&[("1", 0, "x")]);
        assert_eq!(with(&less, &[Skipped::new("2", "an outage")], &none), Ok(stored()));
        for (now, reason) in [
            (more, "0 is new"),
            (less, "2 is gone"),
            (view(&[("1", 0, "x"), ("2", 1, "z")]), "2 has other bytes"),
            (view(&[("1", 0, "x"), ("2", 0, "y")]), "another class"),
        ] {
            let message = with(&now, &[], &none).unwrap_err();
            assert!(message.contains(reason) && message.contains("--overwrite"), "{message}");
        }
    }
}
