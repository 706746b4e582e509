//! From a name to a backbone that is ready to run.

use super::{Pretrained, pretrained};
use crate::{
    Architecture, Backbone, BuildOptions, Error, Hub, HubOptions, Result, Weights, weights::sharded,
};
use mdfe_data::{PreprocessRecord, identity::Fingerprinter, store::BackboneId};
use std::path::{Path, PathBuf};

/// Where weights come from and how the backbone computes.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// A weights file, the index of a sharded one, or a folder with either. Default: `None`, the hub.
    pub weights: Option<PathBuf>,
    /// Branch, tag or commit on the hub. Default: `None`, its main branch.
    pub revision: Option<String>,
    /// The hub and its cache; `offline` is here. Default: no token, no variables (programs take [`HubOptions::from_env`]).
    pub hub: HubOptions,
    /// Device, dtype, output projection, purpose. Default: f32 on the CPU, without the projection, for inference.
    pub build: BuildOptions,
    /// Side of the input in pixels, in place of the record's. Default: `None`.
    pub img_size: Option<usize>,
}

/// A backbone with everything that must travel with its features.
pub struct LoadedBackbone {
    /// The model.
    pub backbone: Box<dyn Backbone>,
    /// Its row in the table.
    pub pretrained: &'static Pretrained,
    /// The transform, at the size that was asked for.
    pub record: PreprocessRecord,
    /// What it is: the fingerprints of architecture and tensors, and where they came from.
    pub id: BackboneId,
}

/// Loads the backbone `name` (see [`pretrained`] for the names).
///
/// # Errors
/// [`Error::UnknownBackbone`] lists near names, [`Error::Hub`] says why weights cannot be fetched, [`Error::Weights`] what in
/// them does not fit, [`Error::Invalid`] an option that cannot be met.
pub fn load_backbone(name: &str, options: &LoadOptions) -> Result<LoadedBackbone> {
    let Opened { row, architecture, record, weights, commit } = open(name, options)?;
    let backbone = architecture.build(&row.full_name(), &weights, &options.build)?;
    let id = backbone_id(row, &weights, options.build.proj_layer)?;
    Ok(LoadedBackbone { backbone, pretrained: row, record, id: BackboneId { commit, ..id } })
}

/// A row of the table with its weights, before anything is built.
pub(crate) struct Opened {
    pub(crate) row: &'static Pretrained,
    pub(crate) architecture: Architecture,
    /// The transform, at the size that was asked for.
    pub(crate) record: PreprocessRecord,
    pub(crate) weights: Weights,
    /// The hub's commit.
    pub(crate) commit: Option<String>,
}

/// Finds the row of `name` and opens its weights.
///
/// # Errors
/// Those of [`load_backbone`] but for weights that do not fit, which show when it is built.
pub(crate) fn open(name: &str, options: &LoadOptions) -> Result<Opened> {
    let row = pretrained(name)?;
    let architecture = row.architecture()?;
    if options.build.proj_layer && row.projected_dim.is_none() {
        let full = row.full_name();
        return Err(Error::Invalid(format!("{full} has no output projection; leave `proj_layer` out")));
    }
    let mut record = row.preprocess.clone();
    if let Some(side) = options.img_size {
        record.size = [side, side];
    }
    let (files, commit) = weight_files(row, options)?;
    Ok(Opened { row, architecture, record, weights: Weights::open(&files)?, commit })
}

/// What the model of a row is with these weights: read from the tensors that it uses, in whatever file they lie.
///
/// # Errors
/// [`Error::Weights`] when a tensor cannot be read.
pub(crate) fn backbone_id(row: &Pretrained, weights: &Weights, proj_layer: bool) -> Result<BackboneId> {
    identify(row.full_name(), &row.architecture()?, weights, proj_layer)
}

/// [`backbone_id`] of a model that need not be in the table.
///
/// # Errors
/// Those of [`backbone_id`].
pub(crate) fn identify(
    name: String,
    architecture: &Architecture,
    weights: &Weights,
    proj_layer: bool,
) -> Result<BackboneId> {
    let mut record = Fingerprinter::new("mdfe architecture");
    record.json("architecture", architecture);
    let shapes = architecture.parameter_shapes(proj_layer)?;
    let weights = weights.fingerprint(shapes.iter().map(|(key, _)| key.as_str()))?;
    Ok(BackboneId { name, architecture: record.finish(), weights, commit: None, proj_layer })
}

/// The weight files of a row, from where `options` say, and the hub's commit; downloads what is not there.
///
/// # Errors
/// As [`load_backbone`].
pub fn weight_files(row: &Pretrained, options: &LoadOptions) -> Result<(Vec<PathBuf>, Option<String>)> {
    match &options.weights {
        Some(path) => Ok((local(path, row)?, None)),
        None => remote(row, options).map(|(files, commit)| (files, Some(commit))),
    }
}

/// The files behind what the user pointed to.
fn local(path: &Path, row: &Pretrained) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return sharded::files(path);
    }
    let known = row.files().map(|name| path.join(name));
    if let Some(found) = known.iter().find(|file| file.exists()) {
        return sharded::files(found);
    }
    let io = Error::io("read", path);
    let mut single = Vec::new();
    for entry in std::fs::read_dir(path).map_err(&io)? {
        let file = entry.map_err(&io)?.path();
        if file.extension().is_some_and(|e| e == "safetensors") {
            single.push(file);
        }
    }
    if single.len() == 1 {
        return Ok(single);
    }
    let names = row.files().join("`, `");
    Err(Error::Invalid(format!(
        "the folder {} holds {} safetensors files and none of `{names}`; name the weights file itself",
        path.display(),
        single.len(),
    )))
}

/// The files on the hub, all of one commit.
fn remote(row: &Pretrained, options: &LoadOptions) -> Result<(Vec<PathBuf>, String)> {
    let hub = Hub::new(options.hub.clone());
    let first = hub.fetch_first(&row.repo, &row.files(), options.revision.as_deref())?;
    let Some(names) = sharded::shard_names(&first.path)? else { return Ok((vec![first.path], first.commit)) };
    let mut files = Vec::new();
    for name in names {
        files.push(hub.fetch(&row.repo, &name, Some(&first.commit))?.path);
    }
    Ok((files, first.commit))
}
