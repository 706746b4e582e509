//! Principal components of the features: a projection that is fitted, not trained.

mod symmetric;

use super::affine::Affine;
use crate::{
    Error, Result, StoredFeatures,
    matmul::{Matrix, product},
};
use symmetric::eigenvectors;

/// Rows whose products are summed in f32 before they are added up in f64.
const ROWS: usize = 1024;

/// Mean and principal components of features, the first with the largest variance. Of each component the value that is largest in
/// magnitude is positive.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    /// `[D_in]`.
    mean: Vec<f64>,
    /// `[D_in, D_in]`, a component in each row.
    components: Vec<f64>,
}

impl Pca {
    /// The components of all samples of `features`, `[N, D_in]`, in their first variant: eigenvectors of the covariance.
    ///
    /// # Errors
    /// [`Error::Data`] for fewer than two samples; what hinders the reading.
    pub fn fit(features: &StoredFeatures) -> Result<Self> {
        use crate::Source;
        Self::of(features.facts().len(), features.width(), |sink| features.scan(ROWS, sink))
    }

    /// The components of `rows` samples of `dim` values, which `scan` hands over in pieces, twice.
    fn of(rows: usize, dim: usize, scan: impl Fn(&mut dyn FnMut(&[f32])) -> Result<()>) -> Result<Self> {
        if rows < 2 {
            return Err(Error::Data(format!(
                "principal components need at least two images, there are {rows}; choose another projection"
            )));
        }
        let mut mean = vec![0f64; dim];
        scan(&mut |values| {
            for row in values.chunks_exact(dim) {
                mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        })?;
        mean.iter_mut().for_each(|sum| *sum /= rows as f64);
        let mut covariance = vec![0f64; dim * dim];
        let mut part = vec![0f32; dim * dim];
        scan(&mut |values| {
            // Centered first: the mean is often larger than what varies.
            let centered: Vec<f32> =
                values.iter().zip(mean.iter().cycle()).map(|(x, m)| (f64::from(*x) - m) as f32).collect();
            let centered = Matrix::new(&centered, dim);
            product(centered.transposed(), centered, &mut part);
            covariance.iter_mut().zip(&part).for_each(|(sum, value)| *sum += f64::from(*value));
        })?;
        let mut components = eigenvectors(covariance, dim);
        for component in components.chunks_exact_mut(dim) {
            let largest = component.iter().copied().fold(0f64, |a, b| if b.abs() > a.abs() { b } else { a });
            if largest < 0.0 {
                component.iter_mut().for_each(|value| *value = -*value);
            }
        }
        Ok(Self { mean, components })
    }

    /// Width of the features that it was fitted on, D_in.
    pub(crate) fn feature_dim(&self) -> usize {
        self.mean.len()
    }

    /// The projection on the first `embed_dim` components: `weight (x - mean)`.
    pub(super) fn affine(&self, embed_dim: usize) -> Affine {
        let dim = self.mean.len();
        let rows = self.components.chunks_exact(dim).take(embed_dim);
        let bias =
            rows.clone().map(|row| -row.iter().zip(&self.mean).map(|(a, b)| a * b).sum::<f64>() as f32);
        let bias = bias.collect();
        Affine { weight: rows.flatten().map(|value| *value as f32).collect(), bias }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixture is numpy's `linalg.eigh` in f64, written by `tests/reference/train/pca.py`.
    #[test]
    fn components_are_those_of_numpy() {
        let case: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/pca.json")).unwrap();
        let numbers = |key: &str| -> Vec<f64> {
            case[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
        };
        let dim = case["dim"].as_u64().unwrap() as usize;
        let features: Vec<f32> = numbers("features").iter().map(|value| *value as f32).collect();
        let scan = |sink: &mut dyn FnMut(&[f32])| {
            features.chunks(5 * dim).for_each(sink);
            Ok(())
        };
        let pca = Pca::of(features.len() / dim, dim, scan).unwrap();
        let affine = pca.affine(4);
        // f32 values of components whose variances are apart by a tenth and more: 1e-5 leaves room for the f32 products.
        let same = |found: &[f32], expected: &[f64]| {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5)
        };
        assert!(same(&affine.weight, &numbers("weight")), "{:?}", affine.weight);
        assert!(same(&affine.bias, &numbers("bias")), "{:?}", affine.bias);
    }

    #[test]
    fn one_image_has_no_components() {
        let message = Pca::of(1, 3, |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("at least two images"), "{message}");
    }
}
