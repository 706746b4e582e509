//! `train.upload`: copies of a run folder beside its training.

use super::stores;
use crate::exit::Usage;
use anyhow::{Context, Result};
use mdfe_model::extract::{ExtractProgress, Extraction};
use mdfe_remote::{Destination, Left, Location, Uploader};
use mdfe_train::{Experiment, StepReport, pipeline::RunObserver};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long the end of a run waits for its upload, in seconds, where `MDFE_UPLOAD_WAIT` does not say.
const WAIT: f64 = 300.0;
/// The same for a run that was stopped: who stops it wants the prompt back.
const WAIT_AT_STOP: f64 = 10.0;
/// Files that are named in a message.
const NAMED: usize = 3;

/// Copies of one run folder.
pub(in crate::commands) struct Copies {
    uploader: Option<(Uploader, String)>,
    run: PathBuf,
    /// Seconds.
    wait: f64,
}

impl Copies {
    /// Refuses an experiment whose copies cannot go where it says, before anything is done.
    pub(in crate::commands) fn check(experiment: &Experiment) -> Result<()> {
        let Some(dest) = &experiment.recipe.train.upload else { return Ok(()) };
        wait()?;
        destination(Path::new("run"), dest).map(drop).context("`train.upload`")
    }

    /// Starts to copy what there is, and what comes.
    pub(in crate::commands) fn start(experiment: &Experiment, run: &Path) -> Result<Self> {
        let (run, wait) = (run.to_path_buf(), wait()?);
        let Some(dest) = &experiment.recipe.train.upload else {
            return Ok(Self { uploader: None, run, wait });
        };
        let location = Location::parse(dest).map_err(Usage::of)?;
        let uploader = Uploader::start(stores()?, &run, &location)?;
        Ok(Self { uploader: Some((uploader, location.to_string())), run, wait })
    }

    /// Says that there is something to copy.
    fn tell(&self) {
        if let Some((uploader, _)) = &self.uploader {
            uploader.checkpoint();
        }
    }

    /// Waits for the rest, not for ever, and says what is left. A run that was stopped waits less.
    pub(in crate::commands) fn finish(self, stopped: bool) {
        let Some((uploader, dest)) = self.uploader else { return };
        let seconds = if stopped { self.wait.min(WAIT_AT_STOP) } else { self.wait };
        let Some(Left { files, reason }) = uploader.finish(Duration::from_secs_f64(seconds)) else { return };
        let (run, more) = (self.run.display(), files.len().saturating_sub(NAMED));
        let mut named = files.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        if more > 0 {
            named = format!("{named} and {more} more files");
        }
        if files.is_empty() {
            "its files".clone_into(&mut named);
        }
        tracing::warn!(
            "{named} of {run} were not uploaded ({reason}); `mdfe upload {run} {dest}` finishes it"
        );
    }
}

/// The place of a run folder in a store.
pub(in crate::commands) fn destination(run: &Path, dest: &str) -> Result<Destination> {
    let location = Location::parse(dest).map_err(Usage::of)?;
    Ok(Destination::new(stores()?, run, &location)?)
}

fn wait() -> Result<f64> {
    let Ok(text) = std::env::var("MDFE_UPLOAD_WAIT") else { return Ok(WAIT) };
    let seconds = text.trim().parse().ok().filter(|s: &f64| (0.0..=1e6).contains(s));
    let refused = || Usage(format!("MDFE_UPLOAD_WAIT is `{text}`; it takes a number of seconds"));
    Ok(seconds.ok_or_else(refused)?)
}

impl RunObserver for Copies {
    fn extracting(&mut self, _: &str, _: ExtractProgress) {}
    fn extracted(&mut self, _: &str, _: &Extraction) {}
    fn trained(&mut self, _: &StepReport) {}

    fn resumed(&mut self, _: usize, _: usize) {
        // What the run had written before it was killed.
        self.tell();
    }

    fn checkpoint(&mut self, _: &Path) {
        self.tell();
    }
}
