//! What `mdfe export` writes: an embedder, one of a run's checkpoints, or a backbone alone.

use crate::{args::Export, commands::model, exit::usage};
use anyhow::{Context, Result};
use mdfe_data::files::{WriteOptions, write_with};
use mdfe_model::{
    BuildOptions, EmbedderFile, EmbedderParts, LoadOptions, pretrained, tune::FinishedBackbone, weight_files,
};
use mdfe_train::pipeline::RunFolder;
use std::path::{Path, PathBuf};

/// An embedder that was found.
pub(super) struct Source {
    pub(super) file: EmbedderFile,
    /// The backbone of a checkpoint that tuned it.
    tuned: Option<FinishedBackbone>,
    /// Where it lies, on this machine.
    pub(super) path: PathBuf,
    options: LoadOptions,
}

/// Everything that a program needs of what the user names.
#[cfg(feature = "full")]
pub(super) fn parts(args: &Export) -> Result<EmbedderParts> {
    if let Some(name) = &args.backbone.backbone {
        return Ok(EmbedderParts::of_backbone(name, &load_options(args))?);
    }
    let Source { file, tuned, path, options } = Source::find(args)?;
    Ok(match tuned {
        Some(tuned) => EmbedderParts::of_tuned(file, tuned.weights)?,
        None => EmbedderParts::of_file(file, &path, options)?,
    })
}

impl Source {
    /// The embedder that the user names.
    pub(super) fn find(args: &Export) -> Result<Self> {
        let Some(model) = &args.model else {
            usage!(
                "a backbone alone is no embedder that could be written; name one with --model, or add --format torchscript or onnx"
            );
        };
        let options = load_options(args);
        if let Some(which) = args.checkpoint {
            let (file, tuned) = RunFolder::checkpoint_embedder(model, which, &options)?;
            return Ok(Self { file, tuned, path: model.clone(), options });
        }
        let path = model::path(model, args.backbone.files.offline)?;
        Ok(Self { file: EmbedderFile::open(&path)?, tuned: None, path, options })
    }

    /// Where its backbone is to be in an embedder file. What is put in must be what it was trained with, which is asked here, before
    /// anything is written.
    pub(super) fn place(&self, standalone: bool) -> Result<Place> {
        let Self { file, tuned, path, options } = self;
        if tuned.is_some() || (file.standalone.is_some() && options.weights.is_none()) {
            return Ok(Place::Inside);
        }
        if !standalone {
            return Ok(Place::Apart);
        }
        let backbone = &file.meta.backbone;
        let revision = options.revision.clone().or_else(|| backbone.commit.clone());
        let options = LoadOptions { revision, ..options.clone() };
        let found = weight_files(pretrained(&backbone.name)?, &options);
        let (weights, _) = found.context("cannot find the backbone's weights")?;
        EmbedderParts::of_file(file.clone(), path, options)?;
        Ok(Place::Added(weights))
    }

    /// Writes it to `output` as an embedder file.
    pub(super) fn save(&self, output: &Path, place: &Place) -> Result<()> {
        let Self { file, tuned, .. } = self;
        match (place, tuned, &file.standalone) {
            (Place::Inside, Some(tuned), _) => file.save_tuned(output, &tuned.weights)?,
            (Place::Inside, None, Some(own)) => {
                let copy = |out: &mut (dyn std::io::Write + Send)| {
                    std::io::copy(&mut std::fs::File::open(own)?, out)
                };
                write_with(output, &WriteOptions::default(), copy)?;
            }
            (Place::Added(weights), ..) => file.save(output, weights)?,
            (Place::Inside | Place::Apart, ..) => file.save(output, &[])?,
        }
        Ok(())
    }
}

/// Where the backbone of an embedder file is.
pub(super) enum Place {
    /// In the file, as it was found.
    Inside,
    /// In the file, from these weight files.
    Added(Vec<PathBuf>),
    /// Elsewhere.
    Apart,
}

/// Where the backbone's weights are.
fn load_options(args: &Export) -> LoadOptions {
    let backbone = &args.backbone;
    LoadOptions {
        weights: backbone.files.weights.clone(),
        revision: backbone.revision.clone(),
        hub: model::hub(backbone.files.offline),
        build: BuildOptions { proj_layer: backbone.proj_layer, ..BuildOptions::default() },
        ..LoadOptions::default()
    }
}
