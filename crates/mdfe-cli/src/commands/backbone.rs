//! The backbone of an experiment.

use super::model;
use crate::{
    args::{BackboneArgs, Compute},
    device,
};
use anyhow::{Result, bail};
use candle_core::DType;
use mdfe_data::PreprocessRecord;
use mdfe_model::{
    BuildOptions, LoadOptions, LoadedBackbone,
    extract::{Extractor, PipelineOptions},
    load_backbone,
};
use mdfe_train::{Dtype, Experiment};

/// A loaded backbone and how it is run.
pub(crate) struct Ready {
    loaded: LoadedBackbone,
    record: PreprocessRecord,
    build: BuildOptions,
    /// Batch and threads.
    pub(crate) pipeline: PipelineOptions,
}

impl Ready {
    /// Loads the backbone that the experiment names.
    pub(crate) fn load(experiment: &Experiment, args: &BackboneArgs, compute: &Compute) -> Result<Self> {
        device::set_threads(compute)?;
        let config = &experiment.backbone;
        if experiment.transform.name.is_random() {
            bail!(
                "transform.name is random, and this build trains on features that are extracted once; use `eval` or `openai-clip`"
            );
        }
        let build = BuildOptions {
            device: device::device(&compute.device)?,
            dtype: match config.dtype {
                Dtype::F32 => DType::F32,
                Dtype::Bf16 => DType::BF16,
                Dtype::F16 => DType::F16,
            },
            proj_layer: config.proj_layer,
            ..BuildOptions::default()
        };
        let options = LoadOptions {
            weights: config.weights.clone(),
            revision: config.revision.clone(),
            hub: model::hub(args.offline),
            build: build.clone(),
            img_size: config.image_size,
        };
        let loaded = load_backbone(&config.name, &options)?;
        let record = experiment.transform.name.record(&loaded.record);
        let threads = compute.threads.unwrap_or(PipelineOptions::default().threads);
        Ok(Self { loaded, record, build, pipeline: PipelineOptions { batch: config.batch, threads } })
    }

    /// The backbone with everything that decides its features.
    pub(crate) fn extractor(&self) -> Extractor<'_> {
        Extractor {
            backbone: self.loaded.backbone.as_ref(),
            id: self.loaded.id(self.build.proj_layer),
            preprocess: self.record.clone(),
            device: self.build.device.clone(),
            dtype: self.build.dtype,
        }
    }
}
