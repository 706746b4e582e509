//! An embedder from any checkpoint of a run.

use super::{RunFolder, RunRecord};
use crate::{Error, Param, Result, checkpoint::saved_params};
use mdfe_model::{
    EmbedderFile, EmbedderMeta, Layer, LoadOptions, Projection,
    tune::{FinishedBackbone, overlaid},
};
use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

/// Which checkpoint of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The best by validation, the newest where there was none.
    Best,
    /// The newest.
    Last,
    /// The one after so many steps of its stage.
    Step(usize),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "best" => Ok(Self::Best),
            "last" => Ok(Self::Last),
            step => {
                step.parse().map(Self::Step).map_err(|_| "it is best, last or a number of steps".to_owned())
            }
        }
    }
}

impl RunFolder {
    /// The file of a checkpoint of the run in `dir`, of the last stage that has one.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] where there is none.
    pub fn checkpoint(dir: &Path, which: Which) -> Result<PathBuf> {
        let none = || Error::NoCheckpoint { path: dir.join("checkpoints") };
        for stage in Self::stage_checkpoints(dir).into_iter().rev() {
            let wanted = match which {
                Which::Best if stage.best().exists() => Some(stage.best()),
                Which::Best | Which::Last => stage.newest()?,
                Which::Step(step) => Some(stage.at(step)).filter(|path| path.exists()),
            };
            if let Some(path) = wanted {
                return Ok(path);
            }
        }
        Err(none())
    }

    /// Writes the embedder of a checkpoint of the run in `dir` to `output`. `weights` is where the backbone's own tensors are, for a run
    /// that tuned some of them.
    ///
    /// # Errors
    /// Those of [`RunFolder::checkpoint_embedder`], and a disk that is full or read-only.
    pub fn export(dir: &Path, which: Which, weights: &LoadOptions, output: &Path) -> Result<EmbedderFile> {
        let (file, tuned) = Self::checkpoint_embedder(dir, which, weights)?;
        match &tuned {
            None => file.save(output, &[])?,
            Some(tuned) => file.save_tuned(output, &tuned.weights)?,
        }
        Ok(file)
    }

    /// The embedder of a checkpoint of the run in `dir`, and its backbone where the run tuned it; `weights` is where the backbone's own
    /// tensors are.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`], [`Error::RunFolder`] for a folder without a run or of an earlier build, those of the backbone.
    pub fn checkpoint_embedder(
        dir: &Path,
        which: Which,
        weights: &LoadOptions,
    ) -> Result<(EmbedderFile, Option<FinishedBackbone>)> {
        let problem = |problem: String| Error::RunFolder { path: dir.to_path_buf(), problem };
        let shown = dir.display();
        let record = RunRecord::read(dir)?.ok_or_else(|| problem(format!("{shown} holds no run")))?;
        let (Some(backbone), Some(preprocess)) = (record.backbone, record.preprocess) else {
            return Err(problem(format!(
                "{shown} was begun by a build that did not record its backbone; train again"
            )));
        };
        let path = Self::checkpoint(dir, which)?;
        let params = saved_params(&path)?;
        let projection = projection_of(&record.experiment, &params, || {
            problem(format!("{} holds no projection", path.display()))
        })?;
        let tuned: Vec<(String, &[f32])> = params
            .iter()
            .filter_map(|param| Some((param.name.strip_prefix("backbone.")?.to_owned(), &param.data[..])))
            .collect();
        let finished = match tuned.is_empty() {
            true => None,
            false => Some(overlaid(&backbone, weights, &tuned)?),
        };
        let training = serde_json::json!({
            "experiment": record.experiment,
            "checkpoint": path.file_name().map(|name| name.to_string_lossy()),
        });
        let id = finished.as_ref().map_or(backbone, |finished| finished.id.clone());
        let meta = EmbedderMeta::new(id, preprocess, &projection, training);
        Ok((EmbedderFile { meta, projection, standalone: None }, finished))
    }
}

/// The projection that these parameters make.
fn projection_of(
    experiment: &serde_json::Value,
    params: &[Param],
    missing: impl Fn() -> Error,
) -> Result<Projection> {
    let find = |name: &str| params.iter().find(|param| param.name == name).map(|param| param.data.clone());
    let layer = |name: &str| {
        Some(Layer { weight: find(&format!("{name}.weight"))?, bias: find(&format!("{name}.bias"))? })
    };
    let last = layer("projection").ok_or_else(missing)?;
    let kind = experiment.pointer("/projection/kind").and_then(serde_json::Value::as_str);
    Ok(match layer("projection.hidden") {
        Some(hidden) => Projection::mlp(hidden, last)?,
        None if kind == Some("avgpool") => Projection::AvgPool {
            feature_dim: last.weight.len() / last.bias.len().max(1),
            embed_dim: last.bias.len(),
        },
        None => Projection::linear(last.weight, last.bias)?,
    })
}
