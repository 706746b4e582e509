//! The stages of an experiment: trainings one after the other.

use super::{Experiment, Field, keys::top, load::finish, merge::merge};
use crate::{Error, Result};
use toml::Table;

/// The keys of an experiment that its stages share and cannot have of their own.
const SHARED: [&str; 5] = ["name", "base", "data", "eval", "stages"];

/// The sections that a stage may have of its own.
pub(super) fn keys() -> Vec<Field> {
    top().into_iter().filter(|field| !SHARED.contains(&field.name)).collect()
}

impl Experiment {
    /// The trainings of this experiment in order, each as an experiment without stages: itself, then each of its stages over it.
    ///
    /// # Errors
    /// [`Error::Config`] for a stage that does not fit.
    pub fn trainings(&self) -> Result<Vec<Self>> {
        let first = Self { stages: Vec::new(), ..self.clone() };
        let bad = |problem: String| Error::Config { place: "[[stages]]".to_owned(), problem };
        let under: Table =
            first.resolved()?.parse().map_err(|e: toml::de::Error| bad(e.message().to_owned()))?;
        let mut all = vec![first];
        for (i, stage) in self.stages.iter().enumerate() {
            if stage.get("train").and_then(|train| train.get("upload")).is_some() {
                return Err(bad(format!(
                    "stage {}: `train.upload` is the run's; set it in [train] alone",
                    i + 1
                )));
            }
            let mut table = under.clone();
            merge(&mut table, stage.clone());
            all.push(finish(table, &[], &format!("stage {} of [[stages]]", i + 1), &self.name)?);
        }
        Ok(all)
    }
}
