//! The backbone of an experiment.

use super::model;
use crate::{args::Settings, device};
use anyhow::Result;
use mdfe_data::PreprocessRecord;
use mdfe_model::{
    BuildOptions, LoadOptions, LoadedBackbone,
    extract::{ExtractOptions, Extractor, PipelineOptions},
    load_backbone,
};
use mdfe_train::{
    Experiment,
    pipeline::{BackboneSource, store_dtype},
};

/// A loaded backbone and how it is run.
pub(crate) struct Ready {
    loaded: LoadedBackbone,
    record: PreprocessRecord,
    build: BuildOptions,
    source: BackboneSource,
    pipeline: PipelineOptions,
}

impl Ready {
    /// Loads the backbone that the experiment names.
    pub(crate) fn load(experiment: &Experiment, args: &Settings) -> Result<Self> {
        let compute = &args.compute;
        device::set_threads(compute)?;
        let config = &experiment.backbone;
        let build = BuildOptions {
            device: compute.device.open()?,
            dtype: device::candle_dtype(config.dtype),
            proj_layer: config.proj_layer,
            ..BuildOptions::default()
        };
        let options = LoadOptions {
            weights: config.weights.clone(),
            revision: config.revision.clone(),
            hub: model::hub(args.backbone.files.offline),
            build: build.clone(),
            img_size: config.image_size,
        };
        let loaded = load_backbone(&config.name, &options)?;
        let source = BackboneSource { name: config.name.clone(), options };
        let transform = &experiment.transform;
        let record = PreprocessRecord {
            exif_orientation: transform.exif_orientation,
            ..transform.name.record(&loaded.record)
        };
        let threads = compute.threads.unwrap_or(PipelineOptions::default().threads);
        Ok(Self { loaded, record, build, source, pipeline: PipelineOptions { batch: config.batch, threads } })
    }

    /// Where its features are stored, and how they are extracted.
    pub(crate) fn extract_options(&self, experiment: &Experiment, args: &Settings) -> ExtractOptions {
        ExtractOptions {
            dtype: store_dtype(experiment.backbone.store_dtype),
            pipeline: self.pipeline,
            shard_rows: experiment.backbone.shard_rows,
            max_bad: args.compute.max_bad / 100.0,
            verify: args.verify,
            ..ExtractOptions::at(args.features_dir.clone())
        }
    }

    /// Where the backbone comes from.
    pub(crate) fn source(&self) -> BackboneSource {
        self.source.clone()
    }

    /// The backbone with everything that decides its features.
    pub(crate) fn extractor(&self) -> Extractor<'_> {
        Extractor {
            backbone: self.loaded.backbone.as_ref(),
            id: self.loaded.id.clone(),
            preprocess: self.record.clone(),
            device: self.build.device.clone(),
            dtype: self.build.dtype,
            variant: None,
        }
    }
}
