//! From features to embeddings: `embedding = projection(features) / |projection(features)|`.
//!
//! The projection is the small trained part of an embedder (`[B, D_in] -> [B, D]`), or adaptive average pooling where
//! nothing is trained.

use crate::{Error, Result, ops::dot};
use mdfe_data::identity::{Fingerprint, Fingerprinter};
use rayon::prelude::*;

/// An affine layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// `[out, in]`, row-major.
    pub weight: Vec<f32>,
    /// `[out]`.
    pub bias: Vec<f32>,
}

/// A projection on the CPU.
#[derive(Clone, Debug, PartialEq)]
pub enum Projection {
    /// `features · weightᵀ + bias`.
    Linear {
        /// `[D, D_in]`, row-major.
        weight: Vec<f32>,
        /// `[D]`.
        bias: Vec<f32>,
    },
    /// Two layers with ReLU between them.
    Mlp {
        /// From features to the width between.
        hidden: Layer,
        /// From there to the embedding.
        last: Layer,
    },
    /// `torch.nn.AdaptiveAvgPool1d`: output d is the mean of inputs `floor(d D_in / D) .. ceil((d + 1) D_in / D)`.
    AvgPool {
        /// Width of the features.
        feature_dim: usize,
        /// Width of the embedding.
        embed_dim: usize,
    },
    /// The features themselves, normalised.
    Identity {
        /// Width of the features and of the embedding.
        feature_dim: usize,
    },
}

impl Projection {
    /// Two layers with ReLU between them, their shapes checked against each other.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the lengths that do not fit.
    pub fn mlp(hidden: Layer, last: Layer) -> Result<Self> {
        let (h, d) = (hidden.bias.len(), last.bias.len());
        let fits = h > 0 && d > 0 && !hidden.weight.is_empty();
        if !fits || !hidden.weight.len().is_multiple_of(h) || last.weight.len() != h * d {
            return Err(Error::Invalid(format!(
                "layers of {} and {} weights do not fit biases of {h} and {d}",
                hidden.weight.len(),
                last.weight.len()
            )));
        }
        Ok(Self::Mlp { hidden, last })
    }

    /// A linear projection, its shapes checked against each other: `weight [D, D_in]`, `bias [D]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] names both lengths when they do not fit.
    pub fn linear(weight: Vec<f32>, bias: Vec<f32>) -> Result<Self> {
        if bias.is_empty() || weight.is_empty() || !weight.len().is_multiple_of(bias.len()) {
            return Err(Error::Invalid(format!(
                "a projection weight of {} values does not fit a bias of {}",
                weight.len(),
                bias.len()
            )));
        }
        Ok(Self::Linear { weight, bias })
    }

    /// Width of the features, D_in.
    pub fn feature_dim(&self) -> usize {
        match self {
            Self::Linear { weight, bias } => weight.len() / bias.len(),
            Self::Mlp { hidden, .. } => hidden.weight.len() / hidden.bias.len(),
            Self::AvgPool { feature_dim, .. } | Self::Identity { feature_dim } => *feature_dim,
        }
    }

    /// Width of the embedding, D.
    pub fn embed_dim(&self) -> usize {
        match self {
            Self::Linear { bias, .. } => bias.len(),
            Self::Mlp { last, .. } => last.bias.len(),
            Self::AvgPool { embed_dim, .. } => *embed_dim,
            Self::Identity { feature_dim } => *feature_dim,
        }
    }

    /// Width between the two layers of an MLP.
    pub fn hidden_dim(&self) -> Option<usize> {
        match self {
            Self::Mlp { hidden, .. } => Some(hidden.bias.len()),
            _ => None,
        }
    }

    /// Embeddings of unit length, `[N, D]`, of `features [N, D_in]`. A row of zeros stays zero.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the features are not rows of D_in values.
    pub fn embed(&self, features: &[f32]) -> Result<Vec<f32>> {
        let (din, d) = (self.feature_dim(), self.embed_dim());
        if !features.len().is_multiple_of(din) {
            let n = features.len();
            return Err(Error::Invalid(format!("{n} values are not rows of {din} features")));
        }
        let mut out = vec![0.0; features.len() / din * d];
        out.par_chunks_mut(d).zip(features.par_chunks(din)).for_each(|(out, row)| {
            self.project_row(row, out);
            normalize(out);
        });
        Ok(out)
    }

    /// The fingerprint of kind, widths and weights.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe projection");
        let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        all.json("widths", &[self.feature_dim(), self.embed_dim()]);
        match self {
            Self::Linear { weight, bias } => all.field("weight", &bytes(weight)).field("bias", &bytes(bias)),
            Self::Mlp { hidden, last } => all
                .field("hidden.weight", &bytes(&hidden.weight))
                .field("hidden.bias", &bytes(&hidden.bias))
                .field("weight", &bytes(&last.weight))
                .field("bias", &bytes(&last.bias)),
            Self::AvgPool { .. } => all.field("pool", b"average"),
            Self::Identity { .. } => all.field("pool", b"none"),
        };
        all.finish()
    }

    fn project_row(&self, row: &[f32], out: &mut [f32]) {
        match self {
            Self::Identity { .. } => out.copy_from_slice(row),
            Self::AvgPool { .. } => {
                let (din, d) = (row.len(), out.len());
                for (i, value) in out.iter_mut().enumerate() {
                    let part = &row[i * din / d..((i + 1) * din).div_ceil(d)];
                    *value = part.iter().sum::<f32>() / part.len() as f32;
                }
            }
            Self::Linear { weight, bias } => affine(weight, bias, row, out),
            Self::Mlp { hidden, last } => {
                let mut between = vec![0.0; hidden.bias.len()];
                affine(&hidden.weight, &hidden.bias, row, &mut between);
                between.iter_mut().for_each(|value| *value = value.max(0.0));
                affine(&last.weight, &last.bias, &between, out);
            }
        }
    }
}

/// `out = weight row + bias`.
fn affine(weight: &[f32], bias: &[f32], row: &[f32], out: &mut [f32]) {
    for ((value, w), b) in out.iter_mut().zip(weight.chunks_exact(row.len())).zip(bias) {
        // Eight partial sums: another count would be another rounding.
        *value = b + dot::<8, f32>(w, row);
    }
}

/// Divides an embedding by its length, as `torch.nn.functional.normalize` does: a length below 1e-12 counts as 1e-12.
pub fn normalize(embedding: &mut [f32]) {
    let norm = embedding.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt().max(1e-12);
    embedding.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
}

/// [`normalize`] for embeddings from elsewhere, which are compared by cosine: one of unit length, to 1e-4, stays as it is, to the bit.
pub fn to_unit(embedding: &mut [f32]) {
    let norm = embedding.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    if (norm - 1.0).abs() > 1e-4 {
        normalize(embedding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_pooling_follows_torch_when_the_widths_do_not_divide() {
        // torch.nn.AdaptiveAvgPool1d(3) of [1, 2, 3, 4, 5]: windows 0..2, 1..4, 3..5.
        let pool = Projection::AvgPool { feature_dim: 5, embed_dim: 3 };
        let mut out = [0.0; 3];
        pool.project_row(&[1., 2., 3., 4., 5.], &mut out);
        assert_eq!(out, [1.5, 3.0, 4.5]);
    }

    #[test]
    fn linear_embedding_is_the_normalised_product() {
        let p = Projection::linear(vec![1., 0., 0., 2.], vec![0., 1.]).unwrap();
        let out = p.embed(&[3., 1.5]).unwrap();
        assert!((out[0] - 0.6).abs() < 1e-7 && (out[1] - 0.8).abs() < 1e-7, "{out:?}");
    }

    #[test]
    fn zero_stays_zero_and_is_finite() {
        let p = Projection::Identity { feature_dim: 3 };
        assert_eq!(p.embed(&[0.0; 3]).unwrap(), [0.0; 3]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        assert!(Projection::linear(vec![0.0; 5], vec![0.0; 2]).is_err());
        let p = Projection::Identity { feature_dim: 3 };
        assert!(p.embed(&[0.0; 4]).unwrap_err().to_string().contains("rows of 3"));
    }
}
