//! Where a trainer takes its samples from: facts about all of them, and epochs that push batches.
//!
//! A source is a file: [`MemoryFeatures`] and [`StoredFeatures`] push features, [`ImageSource`] pixels.

mod images;
mod joined;
mod memory;
mod stored;

pub use images::{ImageSet, ImageSource};
pub use memory::MemoryFeatures;
pub use stored::StoredFeatures;

use crate::{Error, Result};
use mdfe_data::identity::Fingerprint;

/// What is known of all samples before any is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Class of each sample, `[N]`, in `0..num_classes`.
    pub labels: Vec<u32>,
    /// Domain of each sample, `[N]`.
    pub domains: Vec<u32>,
    /// C, the number of classes.
    pub num_classes: usize,
    /// What the samples are: contents, classes and their order. A checkpoint goes on with the same alone.
    pub fingerprint: Fingerprint,
}

impl Facts {
    /// N, the number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// The batches that are wanted: all of an epoch, or those from where a run was stopped.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Seed of everything random about the samples.
    pub seed: u64,
    /// The samples, batch after batch.
    pub order: &'a [u32],
    /// Samples of a batch, B; the last may have fewer.
    pub batch: usize,
}

/// Some samples with their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// Which ones, `[B]`. An image that cannot be read any more is left out.
    pub rows: Vec<u32>,
    /// Their values, `[B, ...]`: features `[B, D_in]` or pixels `[B, 3, H, W]`.
    pub values: Vec<f32>,
}

/// Takes a batch, which it may consume, and says whether to go on.
pub type Sink<'s> = dyn FnMut(&mut Samples) -> Result<bool> + 's;

/// Labelled samples. The trainer makes no difference between sources; what their values are is the [encoder](crate::Encoder)'s affair.
pub trait Source {
    /// What is known of all samples.
    fn facts(&self) -> &Facts;

    /// Values of one sample: D_in of features, 3 H W of pixels.
    fn width(&self) -> usize;

    /// Pushes the batches of a pass to `sink` in order, until it says to stop.
    ///
    /// Equal passes push equal values, whatever was pushed before and on any number of threads.
    ///
    /// # Errors
    /// Whatever hinders it, and what `sink` returns; the run stops and can be resumed.
    fn push(&self, pass: Pass<'_>, sink: &mut Sink<'_>) -> Result<()>;
}

/// Pushes batches that are copied from somewhere.
fn push_copies(
    pass: Pass<'_>,
    width: usize,
    sink: &mut Sink<'_>,
    mut gather: impl FnMut(&[u32], &mut [f32]) -> Result<()>,
) -> Result<()> {
    // One piece of memory for all batches: fresh pages for each would cost more than the copying.
    let mut samples = Samples::default();
    for rows in pass.order.chunks(pass.batch.max(1)) {
        samples.rows.clear();
        samples.rows.extend_from_slice(rows);
        samples.values.resize(rows.len() * width, 0.0);
        gather(rows, &mut samples.values)?;
        if !sink(&mut samples)? {
            break;
        }
    }
    Ok(())
}

/// Refuses samples of which one has a class beyond the last.
pub(crate) fn check_labels(facts: &Facts) -> Result<()> {
    if facts.is_empty() {
        return Err(Error::Data("there is nothing to train: the data has no samples".to_owned()));
    }
    match facts.labels.iter().find(|label| **label as usize >= facts.num_classes) {
        None => Ok(()),
        Some(label) => Err(Error::Data(format!(
            "label {label} is out of range: there are {} classes",
            facts.num_classes
        ))),
    }
}
