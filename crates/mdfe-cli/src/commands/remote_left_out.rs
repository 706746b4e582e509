//! Stores, in a build without them: addresses and `train.upload` are refused in one sentence, and the rest is files of this machine.

use crate::exit::usage;
use anyhow::Result;
use mdfe_data::{InputRow, Inputs};
use mdfe_train::{Experiment, pipeline::RunObserver};
use std::path::{Path, PathBuf};

#[path = "remote/local_part.rs"]
mod local_part;
pub(super) use local_part::LocalPart;

/// What brings stores.
const FULL: &str = "build with `--features full`: `cargo run --release -p mdfe-cli --features full -- ...`";

/// Refuses an address.
pub(super) fn add(_: &mut Inputs, url: &str, _: Option<&str>) -> Result<()> {
    address(Path::new(url)).map(drop)
}

/// Refuses an address in a list.
pub(super) fn address(url: &Path) -> Result<PathBuf> {
    // What stands behind the scheme may hold a secret.
    let shown =
        url.to_str().and_then(|text| text.split_once("://")).map_or("an address", |(scheme, _)| scheme);
    usage!("{shown}:// addresses are not in this build; {FULL}")
}

/// The files as they are.
pub(super) fn parts(rows: &[&InputRow]) -> Result<impl Iterator<Item = Result<LocalPart>>> {
    Ok(std::iter::once(Ok(LocalPart::of(rows))))
}

/// No copies of a run folder.
pub(super) struct Copies;

impl Copies {
    /// Refuses an experiment that wants copies.
    pub(super) fn check(experiment: &Experiment) -> Result<()> {
        if experiment.recipe.train.upload.is_some() {
            usage!("`train.upload` is not in this build; leave it out, or {FULL}");
        }
        Ok(())
    }

    /// Nothing to start.
    pub(super) fn start(_: &Experiment, _: &Path) -> Result<Self> {
        Ok(Self)
    }

    /// Nothing to wait for.
    pub(super) fn finish(self, _: bool) {}
}

impl RunObserver for Copies {
    fn extracting(&mut self, _: &str, _: mdfe_model::extract::ExtractProgress) {}
    fn extracted(&mut self, _: &str, _: &mdfe_model::extract::Extraction) {}
    fn resumed(&mut self, _: usize, _: usize) {}
    fn trained(&mut self, _: &mdfe_train::StepReport) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_build_that_has_it_and_is_not_repeated() {
        let message = add(&mut Inputs::default(), "s3://key:hunter2@bucket/x", None).unwrap_err().to_string();
        assert!(message.contains("s3:// addresses") && message.contains("--features full"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        let mut experiment = Experiment::default();
        Copies::check(&experiment).unwrap();
        experiment.recipe.train.upload = Some("s3://bucket/x".to_owned());
        let message = Copies::check(&experiment).unwrap_err().to_string();
        assert!(message.contains("`train.upload`") && message.contains("--features full"), "{message}");
    }
}
