//! Where a trainer takes its samples from.

use crate::{Error, Result};
use mdfe_data::{
    identity::{Fingerprint, Fingerprinter},
    store::FeatureView,
};

/// Labelled features, gathered batch by batch.
///
/// Stored features and a matrix in memory give the same features in every epoch; a source that augments images may use the
/// epoch. The trainer makes no other difference between them.
pub trait FeatureSource {
    /// Class of each sample, `[N]`, in `0..num_classes`.
    fn labels(&self) -> &[u32];

    /// C, the number of classes.
    fn num_classes(&self) -> usize;

    /// Width of the features, D_in.
    fn dim(&self) -> usize;

    /// Copies the features of `rows` in an epoch (counted from 0) into `out [rows.len(), D_in]`.
    ///
    /// # Errors
    /// Whatever hinders it; the run stops and can be resumed.
    fn gather(&self, rows: &[usize], epoch: usize, out: &mut [f32]) -> Result<()>;

    /// What the samples are: features, classes and their order. A checkpoint goes on with the same alone.
    fn fingerprint(&self) -> Fingerprint;

    /// N, the number of samples.
    fn len(&self) -> usize {
        self.labels().len()
    }

    /// Whether there is no sample.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Features in memory.
#[derive(Clone, Debug)]
pub struct MemoryFeatures {
    features: Vec<f32>,
    dim: usize,
    labels: Vec<u32>,
    num_classes: usize,
}

impl MemoryFeatures {
    /// `features [N, D_in]`, row-major, with a class of each row; classes run from 0 to the largest label.
    ///
    /// # Errors
    /// [`Error::Data`] when the features are not one row for each label.
    pub fn new(features: Vec<f32>, dim: usize, labels: Vec<u32>) -> Result<Self> {
        if dim == 0 || features.len() != labels.len() * dim {
            return Err(Error::Data(format!(
                "{} feature values are not {} rows of {dim}: pass features [N, D_in] and labels [N]",
                features.len(),
                labels.len()
            )));
        }
        let num_classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
        Ok(Self { features, dim, labels, num_classes })
    }
}

impl FeatureSource for MemoryFeatures {
    fn labels(&self) -> &[u32] {
        &self.labels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn fingerprint(&self) -> Fingerprint {
        let bytes = |words: Vec<[u8; 4]>| words.concat();
        let mut all = Fingerprinter::new("mdfe features");
        all.json("dim", &self.dim)
            .json("num_classes", &self.num_classes)
            .field("labels", &bytes(self.labels.iter().map(|label| label.to_le_bytes()).collect()))
            .field("features", &bytes(self.features.iter().map(|value| value.to_le_bytes()).collect()));
        all.finish()
    }

    fn gather(&self, rows: &[usize], _epoch: usize, out: &mut [f32]) -> Result<()> {
        for (&row, out) in rows.iter().zip(out.chunks_exact_mut(self.dim)) {
            out.copy_from_slice(&self.features[row * self.dim..][..self.dim]);
        }
        Ok(())
    }
}

impl FeatureSource for FeatureView {
    fn labels(&self) -> &[u32] {
        self.view().labels()
    }

    fn num_classes(&self) -> usize {
        self.view().class_names().len()
    }

    fn dim(&self) -> usize {
        FeatureView::dim(self)
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe stored features");
        all.field("space", self.store().spec().fingerprint().as_bytes())
            .field("view", self.view().fingerprint().as_bytes());
        all.finish()
    }

    fn gather(&self, rows: &[usize], _epoch: usize, out: &mut [f32]) -> Result<()> {
        Ok(FeatureView::gather(self, rows, out)?)
    }
}

/// Several sources as one: their classes side by side, in the order given.
pub struct JoinedFeatures {
    parts: Vec<Box<dyn FeatureSource>>,
    labels: Vec<u32>,
    num_classes: usize,
    /// First row of each part.
    starts: Vec<usize>,
}

impl JoinedFeatures {
    /// Joins sources of the same width.
    ///
    /// # Errors
    /// [`Error::Data`] when there is none, or the widths differ.
    pub fn new(parts: Vec<Box<dyn FeatureSource>>) -> Result<Self> {
        let Some(dim) = parts.first().map(|part| part.dim()) else {
            return Err(Error::Data(
                "there is no training data: name at least one set under [[data.train]]".into(),
            ));
        };
        let (mut labels, mut starts, mut num_classes) = (Vec::new(), Vec::new(), 0);
        for part in &parts {
            if part.dim() != dim {
                let found = part.dim();
                return Err(Error::Data(format!(
                    "data sets with features of width {dim} and {found} can't be trained together: extract them with one backbone"
                )));
            }
            starts.push(labels.len());
            labels.extend(part.labels().iter().map(|label| label + num_classes as u32));
            num_classes += part.num_classes();
        }
        Ok(Self { parts, labels, num_classes, starts })
    }
}

impl FeatureSource for JoinedFeatures {
    fn labels(&self) -> &[u32] {
        &self.labels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    fn dim(&self) -> usize {
        self.parts[0].dim()
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe joined features");
        self.parts.iter().for_each(|part| {
            all.field("part", part.fingerprint().as_bytes());
        });
        all.finish()
    }

    fn gather(&self, rows: &[usize], epoch: usize, out: &mut [f32]) -> Result<()> {
        let dim = self.dim();
        for (&row, out) in rows.iter().zip(out.chunks_exact_mut(dim)) {
            let part = self.starts.partition_point(|&start| start <= row) - 1;
            self.parts[part].gather(&[row - self.starts[part]], epoch, out)?;
        }
        Ok(())
    }
}
