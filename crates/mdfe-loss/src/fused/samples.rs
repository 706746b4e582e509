//! The batch, prepared for the passes: unit embeddings in two layouts, and each sample's own class in f64.

use super::plan::Plan;
use crate::{
    Batch, Error, Result,
    kernel::{Aligned, INVERSE_LIMIT, Pack, padded},
    losses::member::Sample,
};

/// A row and its normalisation in f64.
#[derive(Debug)]
pub(crate) struct UnitRow {
    pub(crate) unit: Vec<f64>,
    pub(crate) norm: f64,
    /// 1 / max(norm, 1e-12).
    pub(crate) inverse: f64,
}

impl UnitRow {
    pub(crate) fn new(row: &[f32]) -> Self {
        let norm = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        let inverse = 1.0 / norm.max(1.0 / f64::from(INVERSE_LIMIT));
        Self { unit: row.iter().map(|&value| f64::from(value) * inverse).collect(), norm, inverse }
    }

    /// Whether the divisor depends on the row, so that the gradient loses its part along the row.
    pub(crate) fn is_projected(&self) -> bool {
        self.inverse < f64::from(INVERSE_LIMIT)
    }

    pub(crate) fn dot(&self, other: &Self) -> f64 {
        self.unit.iter().zip(&other.unit).map(|(a, b)| a * b).sum()
    }
}

/// One sample's own class: its best sub-center and where to find it.
#[derive(Debug)]
pub(crate) struct Target {
    /// The class's place among those that take part.
    pub(crate) position: usize,
    /// The winning sub-center.
    pub(crate) sub_center: usize,
    pub(crate) center: UnitRow,
}

/// The batch in the layouts of the kernels. Padding samples and columns are zero.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// B.
    pub(crate) count: usize,
    /// B, padded.
    pub(crate) width: usize,
    pub(crate) embedding: Vec<UnitRow>,
    pub(crate) targets: Vec<Target>,
    pub(crate) samples: Vec<Sample>,
    /// Samples in the order of their target's position.
    pub(crate) by_position: Vec<usize>,
    /// Unit embeddings, `[B padded, D padded]`.
    pub(crate) rows: Aligned,
    /// Unit embeddings, `[D, B padded]`, packed for products with centers.
    pub(crate) columns: Aligned,
    /// `rows` packed for products with the gradients by the cosines; unused for K > 1.
    pub(crate) packed_rows: Aligned,
    /// What is being packed.
    unpacked: Aligned,
}

impl Samples {
    /// Prepares a checked batch.
    ///
    /// The target cosines are computed in f64: the margins amplify their rounding, and there are only B of them.
    pub(crate) fn prepare(&mut self, batch: Batch, centers: &[f32], plan: &Plan) -> Result<()> {
        let (dim, sub_centers) = (plan.shape.embed_dim, plan.shape.sub_centers);
        let depth = padded(dim);
        self.count = batch.len();
        self.width = padded(self.count);
        self.embedding = batch.embedding.chunks_exact(dim).map(UnitRow::new).collect();
        self.rows.resize(self.width * depth);
        self.unpacked.resize(dim * self.width);
        self.rows.fill(0.0);
        self.unpacked.fill(0.0);
        for (sample, row) in self.embedding.iter().enumerate() {
            for (d, &value) in row.unit.iter().enumerate() {
                self.rows[sample * depth + d] = value as f32;
                self.unpacked[d * self.width + sample] = value as f32;
            }
        }
        self.columns.resize(self.unpacked.len());
        plan.level.dispatch(Pack { matrix: &self.unpacked, width: self.width, packed: &mut self.columns });
        if sub_centers == 1 {
            self.packed_rows.resize(self.rows.len());
            plan.level.dispatch(Pack { matrix: &self.rows, width: depth, packed: &mut self.packed_rows });
        }
        self.targets.clear();
        self.samples.clear();
        for (sample, (&label, row)) in batch.labels.iter().zip(&self.embedding).enumerate() {
            let first = label as usize * sub_centers;
            let mut best: Option<(f64, usize, UnitRow)> = None;
            for k in 0..sub_centers {
                let center = UnitRow::new(&centers[(first + k) * dim..][..dim]);
                let cosine = center.dot(row);
                if !cosine.is_finite() {
                    return Err(Error::NotFinite { what: "centers", row: first + k });
                }
                if best.as_ref().is_none_or(|(highest, ..)| cosine > *highest) {
                    best = Some((cosine, k, center));
                }
            }
            let Some((cosine, sub_center, center)) = best else { continue };
            let position = plan.position(sample, label)?;
            self.targets.push(Target { position, sub_center, center });
            self.samples.push(Sample { cosine: cosine.clamp(-1.0, 1.0), norm: row.norm, label });
        }
        self.by_position = (0..self.count).collect();
        self.by_position.sort_by_key(|&sample| (self.targets[sample].position, sample));
        Ok(())
    }

    /// The samples whose class is among `positions`, in order of position.
    pub(crate) fn targets_in(&self, positions: std::ops::Range<usize>) -> &[usize] {
        let place =
            |end: usize| self.by_position.partition_point(|&sample| self.targets[sample].position < end);
        &self.by_position[place(positions.start)..place(positions.end)]
    }
}
