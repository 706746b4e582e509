//! Features in memory.

use super::{Facts, Pass, Sink, Source, push_copies};
use crate::{Error, Result};
use mdfe_data::identity::Fingerprinter;

/// A matrix of features with a class for each row.
#[derive(Clone, Debug)]
pub struct MemoryFeatures {
    features: Vec<f32>,
    dim: usize,
    facts: Facts,
}

impl MemoryFeatures {
    /// `features [N, D_in]`, row-major, with a class of each row; classes run from 0 to the largest label, and all rows are of one
    /// domain.
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
        let mut all = Fingerprinter::new("mdfe features");
        all.json("dim", &dim)
            .json("num_classes", &num_classes)
            .field("labels", &labels.iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<u8>>())
            .field("features", &features.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        let facts = Facts { domains: vec![0; labels.len()], labels, num_classes, fingerprint: all.finish() };
        Ok(Self { features, dim, facts })
    }
}

impl Source for MemoryFeatures {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn width(&self) -> usize {
        self.dim
    }

    fn push(&self, pass: Pass<'_>, sink: &mut Sink<'_>) -> Result<()> {
        push_copies(pass, self.dim, sink, |rows, out| {
            for (&row, out) in rows.iter().zip(out.chunks_exact_mut(self.dim)) {
                out.copy_from_slice(&self.features[row as usize * self.dim..][..self.dim]);
            }
            Ok(())
        })
    }
}
