//! The parts of an experiment.

use crate::Recipe;
use mdfe_data::{ReadOptions, TransformKind};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// An experiment: data, backbone, and how the projection is trained on them.
///
/// Read one with [`Experiment::load`]; the default is the method's defaults without data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// Its name, which names the run folder. Default: the file's name.
    pub name: String,
    /// Data sets to train on and to evaluate with.
    pub data: DataConfig,
    /// The frozen model.
    pub backbone: BackboneConfig,
    /// From image to pixels.
    pub transform: TransformConfig,
    /// The evaluation.
    pub eval: EvalConfig,
    /// Projection, loss, optimizer, schedule and course of the training, as sections of their own.
    #[serde(flatten)]
    pub recipe: Recipe,
}

/// Data sets to train on and to evaluate with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataConfig {
    /// Folder that holds the data sets, relative to the working directory. Default `data`.
    pub root: PathBuf,
    /// Data sets to train on, their classes side by side: `[[data.train]]`.
    pub train: Vec<SetConfig>,
    /// Query and index sets to evaluate with: `[[data.eval]]`.
    pub eval: Vec<EvalSet>,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { root: "data".into(), train: Vec::new(), eval: Vec::new() }
    }
}

/// One data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetConfig {
    /// Which one: a key of `mdfe datasets list`, `image_folder` or `csv`.
    pub key: String,
    /// Its own root in place of `data.root`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// How it is read: `min_samples`, `max_samples`, `num_classes`, `seed`, `exclude`, `refined`, `domain`, `domains`, `file`, `split`.
    #[serde(flatten)]
    pub options: ReadOptions,
}

impl SetConfig {
    /// The options to read it with, its root filled in.
    pub fn read_options(&self, data: &DataConfig) -> ReadOptions {
        let root = self.root.clone().unwrap_or_else(|| data.root.clone());
        ReadOptions { root, ..self.options.clone() }
    }
}

/// A query set and its index set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvalSet {
    /// Its name in tables. Default: the query set's key.
    pub name: String,
    /// The queries.
    pub query: SetConfig,
    /// What they search. Default: the queries themselves, leave one out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<SetConfig>,
}

/// Number format that the backbone computes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 32 bits.
    #[default]
    F32,
    /// bfloat16.
    Bf16,
    /// Half precision.
    F16,
}

/// The frozen model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackboneConfig {
    /// Name as timm or OpenCLIP writes it. Default `vit_so400m_patch14_siglip_384`, the published recipe's.
    pub name: String,
    /// Weights file or folder. Default: the Hugging Face hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// Branch, tag or commit of the hub repository. Default: the pinned one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Side of the input in pixels. Default: the model's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_size: Option<usize>,
    /// Whether the model's own output projection is kept. Default false.
    pub proj_layer: bool,
    /// Number format. Default `f32`.
    pub dtype: Dtype,
    /// Images in one forward pass. Default 16.
    pub batch: usize,
    /// Images whose features are written together, which is what a stop can cost. Default 256.
    pub shard_rows: usize,
}

impl Default for BackboneConfig {
    fn default() -> Self {
        Self {
            name: "vit_so400m_patch14_siglip_384".into(),
            weights: None,
            revision: None,
            image_size: None,
            proj_layer: false,
            dtype: Dtype::F32,
            batch: 16,
            shard_rows: 256,
        }
    }
}

/// From image to pixels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TransformConfig {
    /// Which transform. Default `eval`.
    pub name: TransformKind,
}

/// The evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvalConfig {
    /// Neighbours that mMP@k looks at. Default 5.
    pub k: usize,
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self { k: 5 }
    }
}
