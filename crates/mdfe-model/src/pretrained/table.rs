//! The rows of the table and how they are read.

use super::Family;
use crate::{Architecture, Error, Result, TextConfig};
use mdfe_data::PreprocessRecord;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::LazyLock};

/// One pretrained image tower.
#[derive(Clone, Debug, Serialize)]
pub struct Pretrained {
    /// The architecture's name, timm's or OpenCLIP's.
    pub name: String,
    /// Which weights.
    pub tag: String,
    /// The family.
    pub family: Family,
    /// Whose name it is.
    pub source: Source,
    /// The hub repository with the weights.
    pub repo: String,
    /// Their licence as timm or the repository states it, in the hub's spelling (`apache-2.0`); `None` where the table has none.
    pub license: Option<String>,
    /// Width of the features, D_in, without the tower's own output projection.
    pub feature_dim: usize,
    /// Width behind the tower's own output projection (SAM: its neck); `None` where it has none.
    pub projected_dim: Option<usize>,
    /// Parameters of the tower without the projection, classifier or neck.
    pub parameters: u64,
    /// Parameters with the projection (SAM: with the neck).
    pub projected_parameters: Option<u64>,
    /// The evaluation transform that belongs to the weights.
    pub preprocess: PreprocessRecord,
    /// The text tower in the same weight files; `None` where there is none that mdfe reads.
    pub text: Option<TextConfig>,
    /// The architecture's configuration, as [`Architecture`] reads it.
    #[serde(skip)]
    pub(super) tower: serde_json::Value,
}

/// The package that a row comes from; it decides the spelling of the full name and the file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// timm: `NAME.TAG`.
    Timm,
    /// OpenCLIP: `ARCH/TAG`.
    OpenClip,
}

impl Pretrained {
    /// The full name: timm's `NAME.TAG` or OpenCLIP's `ARCH/TAG`.
    pub fn full_name(&self) -> String {
        match self.source {
            Source::Timm => format!("{}.{}", self.name, self.tag),
            Source::OpenClip => format!("{}/{}", self.name, self.tag),
        }
    }

    /// The architecture as a value that can be built.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a row whose configuration no architecture reads; a test holds that there is none.
    pub fn architecture(&self) -> Result<Architecture> {
        Architecture::deserialize(&self.tower).map_err(|e| {
            Error::Invalid(format!("the table's configuration of {} cannot be read: {e}", self.full_name()))
        })
    }

    /// The weight files to look for in [`Pretrained::repo`], in the order in which the packages do.
    pub fn files(&self) -> [&'static str; 3] {
        match self.source {
            Source::Timm => ["model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"],
            Source::OpenClip => {
                ["open_clip_model.safetensors", "open_clip_pytorch_model.bin", "model.safetensors"]
            }
        }
    }
}

/// Every row, in the order of the file: timm by name with the default tag of each name first, then OpenCLIP.
pub(super) fn rows() -> &'static [Pretrained] {
    static ROWS: LazyLock<Vec<Pretrained>> = LazyLock::new(read);
    &ROWS
}

#[derive(Deserialize)]
struct File {
    preprocess: Vec<PreprocessRecord>,
    models: Vec<Model>,
    towers: HashMap<String, serde_json::Value>,
    texts: HashMap<String, TextConfig>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    tag: String,
    source: Source,
    family: Family,
    repo: String,
    license: Option<String>,
    tower: String,
    preprocess: usize,
    text: Option<String>,
}

/// What the table says about a tower beside its architecture's configuration.
#[derive(Deserialize)]
struct Tower {
    feature_dim: usize,
    projected_dim: Option<usize>,
    parameters: u64,
    projected_parameters: Option<u64>,
}

fn read() -> Vec<Pretrained> {
    // The file is part of the program and a test reads all of it, so that it cannot fail to parse in a release.
    #[allow(clippy::expect_used)]
    let file: File = serde_json::from_str(include_str!("table.json")).expect("the built-in table parses");
    let row = |model: Model| {
        let config = &file.towers[&model.tower];
        #[allow(clippy::expect_used)]
        let tower = Tower::deserialize(config).expect("the built-in table parses");
        Pretrained {
            name: model.name,
            tag: model.tag,
            family: model.family,
            source: model.source,
            repo: model.repo,
            license: model.license,
            feature_dim: tower.feature_dim,
            projected_dim: tower.projected_dim,
            parameters: tower.parameters,
            projected_parameters: tower.projected_parameters,
            preprocess: file.preprocess[model.preprocess].clone(),
            text: model.text.map(|key| file.texts[&key].clone()),
            tower: config.clone(),
        }
    };
    file.models.into_iter().map(row).collect()
}
