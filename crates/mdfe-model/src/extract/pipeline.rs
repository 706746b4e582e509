//! Decoding on all cores while the backbone computes, results in the order of the input.

use super::losses::Losses;
use crate::{Backbone, Error, Result};
use candle_core::{DType, Device, Tensor};
use mdfe_data::{
    ImageReader, Notice, OrderedOptions, PreprocessRecord, SampleKey, TransformKind, Transformer,
    identity::{Fingerprint, read_image},
    ordered_map,
    store::{BackboneId, Variant},
};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// A backbone with everything that decides its features.
#[derive(Clone)]
pub struct Extractor<'a> {
    /// The model.
    pub backbone: &'a dyn Backbone,
    /// Its identity: name and hash of the weights.
    pub id: BackboneId,
    /// The transform that makes its pixels.
    pub preprocess: PreprocessRecord,
    /// Where it runs.
    pub device: Device,
    /// Number format it computes in.
    pub dtype: DType,
    /// A random transform in place of the record's; `None` for none.
    pub variant: Option<Variant>,
}

impl Extractor<'_> {
    /// Features `[B, D_in]` of B images, `pixels [B, 3, H, W]` at the size of the preprocess record.
    ///
    /// # Errors
    /// [`Error::Invalid`] for pixels of another size, [`Error::Candle`] from the backbone.
    pub fn features(&self, images: usize, pixels: Vec<f32>) -> Result<Vec<f32>> {
        let [height, width] = self.preprocess.size;
        let pixels = Tensor::from_vec(pixels, (images, 3, height, width), &self.device)?;
        let features = self.backbone.features(&pixels)?;
        Ok(features.to_dtype(DType::F32)?.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?)
    }
}

/// How images are brought to the backbone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineOptions {
    /// Images in one forward pass, B (default 8; a GPU wants 64 and more).
    pub batch: usize,
    /// Threads that decode (default: all cores).
    pub threads: usize,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self { batch: 8, threads: OrderedOptions::default().threads }
    }
}

/// Where the time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineTimes {
    /// Waiting for decoded images.
    pub decode_wait: Duration,
    /// In the forward pass.
    pub compute: Duration,
}

/// The features `[D_in]` of one image, or why there are none.
pub type RowResult<'a> = std::result::Result<&'a [f32], String>;

/// An image to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    /// The file.
    pub path: PathBuf,
    /// The fingerprint that its bytes must have; `None` takes whatever is there.
    pub key: Option<Fingerprint>,
}

/// Computes the features of `files` and hands them to `sink` in order, one image at a time; an image that could not be read with
/// the reason. `sink` returns whether to go on.
///
/// On the CPU an image's features do not depend on the batch it sits in, so that it does not matter where an interrupted run starts
/// again.
///
/// # Errors
/// [`Error::Candle`] from the backbone, [`Error::Invalid`] for a batch of 0. An unreadable image is not an error here.
pub fn features_of(
    extractor: &Extractor<'_>,
    files: &[ImageFile],
    options: PipelineOptions,
    mut sink: impl FnMut(usize, RowResult<'_>) -> Result<bool>,
) -> Result<PipelineTimes> {
    if options.batch == 0 {
        return Err(Error::Invalid("the batch must hold at least one image".into()));
    }
    let [height, width] = extractor.preprocess.size;
    let pixels = 3 * height * width;
    let mut batch = Batch { pixels: Vec::with_capacity(options.batch * pixels), rows: Vec::new(), good: 0 };
    let (mut times, mut item, mut outcome) = (PipelineTimes::default(), 0, Ok(true));
    let ordered = OrderedOptions { threads: options.threads, ahead: 2 * options.batch + options.threads };
    let (losses, reader) = (Losses::default(), ImageReader::default());
    let decode = |worker: &mut Transformer, i: usize| {
        let mut out = vec![0.0; pixels];
        let file = &files[i];
        read_image(&reader, &file.path, file.key)
            .and_then(|bytes| load(worker, Read { file, bytes }, extractor.variant, &mut out))
            .map(|notice| {
                losses.note(&files[i].path, notice);
                out
            })
            .map_err(|e| e.to_string())
    };
    let transform = extractor.variant.map_or(TransformKind::Eval, |variant| variant.transform);
    let make = || Transformer::new(transform, &extractor.preprocess);
    times.decode_wait = ordered_map(files.len(), ordered, make, decode, |result| {
        batch.push(item, result);
        item += 1;
        if batch.good == options.batch || item == files.len() {
            let started = Instant::now();
            outcome = batch.flush(extractor, &mut sink);
            times.compute += started.elapsed();
        }
        matches!(outcome, Ok(true))
    });
    losses.tell();
    outcome.map(|_| times)
}

/// An image with its bytes.
struct Read<'a> {
    file: &'a ImageFile,
    bytes: Vec<u8>,
}

/// From the bytes of an image to pixels.
fn load(
    worker: &mut Transformer,
    Read { file, bytes }: Read<'_>,
    variant: Option<Variant>,
    out: &mut [f32],
) -> mdfe_data::Result<Option<Notice>> {
    let image = match (file.key, variant) {
        (Some(key), _) => key,
        // Nothing is random without a variant, and nobody else asks for the fingerprint.
        (None, None) => Fingerprint::from_bytes([0; Fingerprint::BYTES]),
        (None, Some(_)) => Fingerprint::of(&bytes),
    };
    let (seed, round) = variant.map_or((0, 0), |variant| (variant.seed, variant.number));
    worker.load_bytes(&file.path, &bytes, SampleKey { seed, round, image }, out)
}

/// Images that wait for their forward pass.
struct Batch {
    /// `[good, 3, H, W]`.
    pixels: Vec<f32>,
    /// Position of every image, and the reason where it could not be read.
    rows: Vec<(usize, Option<String>)>,
    good: usize,
}

impl Batch {
    fn push(&mut self, item: usize, result: std::result::Result<Vec<f32>, String>) {
        match result {
            Ok(pixels) => {
                self.pixels.extend(pixels);
                self.good += 1;
                self.rows.push((item, None));
            }
            Err(reason) => self.rows.push((item, Some(reason))),
        }
    }

    /// Computes the batch and hands every row over.
    fn flush(
        &mut self,
        extractor: &Extractor<'_>,
        sink: &mut impl FnMut(usize, RowResult<'_>) -> Result<bool>,
    ) -> Result<bool> {
        let dim = extractor.backbone.feature_dim();
        let features = if self.good == 0 {
            Vec::new()
        } else {
            extractor.features(self.good, std::mem::take(&mut self.pixels))?
        };
        self.good = 0;
        let mut features = features.chunks_exact(dim);
        for (item, reason) in self.rows.drain(..) {
            let row = match reason {
                Some(reason) => Err(reason),
                None => features.next().ok_or_else(|| "the backbone returned too few rows".to_owned()),
            };
            if let Ok(row) = row
                && let Some(bad) = row.iter().find(|v| !v.is_finite())
            {
                return Err(Error::Invalid(format!(
                    "{} gives the feature {bad} for image {item}; check the weights and the dtype",
                    extractor.id.name
                )));
            }
            if !sink(item, row)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
