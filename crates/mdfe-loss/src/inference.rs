//! What trained centers are good for: classes of embeddings, dominant sub-centers, label noise.

use crate::{
    Batch, CenterShape, Error, Level, Result,
    error::expect_len,
    kernel::{LANES, Normalize, Pack, Products, padded},
};
use rayon::prelude::*;

/// Trained centers, normalised for inference. Knows no margin and touches no loss state.
#[derive(Clone, Debug)]
pub struct Centers {
    shape: CenterShape,
    /// Unit rows, `[C*K, D padded]`.
    units: Vec<f32>,
}

/// The center that is nearest to an embedding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CenterMatch {
    /// The class.
    pub class: u32,
    /// The sub-center of that class.
    pub sub_center: usize,
    /// The cosine.
    pub cosine: f32,
}

impl Centers {
    /// Normalises centers `[C*K, D]`.
    pub fn new(centers: &[f32], shape: CenterShape) -> Result<Self> {
        shape.check()?;
        expect_len("the centers", "[C*K, D]", centers.len(), shape.values())?;
        let depth = padded(shape.embed_dim);
        let (mut units, mut inverses) = (vec![0.0; shape.rows() * depth], vec![0.0; shape.rows()]);
        let bad = Level::current().dispatch(Normalize {
            rows: centers,
            depth: shape.embed_dim,
            units: &mut units,
            width: depth,
            inverses: &mut inverses,
        });
        match bad {
            Some(row) => Err(Error::NotFinite { what: "centers", row }),
            None => Ok(Self { shape, units }),
        }
    }

    /// The cosine of each embedding with each class, the maximum over its sub-centers: `[B, C]` from `embedding` `[B, D]`.
    pub fn cosine(&self, embedding: &[f32]) -> Result<Vec<f32>> {
        let classes = self.shape.num_classes;
        let samples = self.samples(embedding)?;
        let mut output = vec![0.0; samples * classes];
        self.visit(embedding, |sample, cosines| {
            let best = |class: &[f32]| class.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            (sample, cosines.chunks_exact(self.shape.sub_centers).map(best).collect::<Vec<f32>>())
        })?
        .into_iter()
        .for_each(|(sample, cosines)| output[sample * classes..][..classes].copy_from_slice(&cosines));
        Ok(output)
    }

    /// The nearest center of each embedding, `[B]` from `embedding` `[B, D]`; of equals the first.
    pub fn predict(&self, embedding: &[f32]) -> Result<Vec<CenterMatch>> {
        self.visit(embedding, |_, cosines| {
            let (row, cosine) = first_maximum(cosines);
            let sub_centers = self.shape.sub_centers;
            CenterMatch { class: (row / sub_centers) as u32, sub_center: row % sub_centers, cosine }
        })
    }

    /// Each sample's nearest sub-center of its own class, `[B]`.
    pub fn assign(&self, batch: Batch) -> Result<Vec<CenterMatch>> {
        batch.check(&self.shape)?;
        let sub_centers = self.shape.sub_centers;
        self.visit(batch.embedding, |sample, cosines| {
            let class = batch.labels[sample];
            let (sub_center, cosine) = first_maximum(&cosines[class as usize * sub_centers..][..sub_centers]);
            CenterMatch { class, sub_center, cosine }
        })
    }

    /// The sub-center of each class that most of its samples are nearest to, `[C]`; `None` for a class without samples; of equals the first.
    ///
    /// Clean samples gather at one sub-center and noise at the others ("Sub-center ArcFace", section 3.3). `assigned` is
    /// [`Centers::assign`]'s for the training samples, all batches together.
    pub fn dominant_sub_centers(&self, assigned: &[CenterMatch]) -> Vec<Option<usize>> {
        let sub_centers = self.shape.sub_centers;
        let mut counts = vec![0_usize; self.shape.rows()];
        for found in assigned {
            if let Some(count) = counts.get_mut(found.class as usize * sub_centers + found.sub_center) {
                *count += 1;
            }
        }
        let dominant = |class: &[usize]| {
            let most = class.iter().copied().max().filter(|&most| most > 0)?;
            class.iter().position(|&count| count == most)
        };
        counts.chunks_exact(sub_centers).map(dominant).collect()
    }

    /// How far each sample is from the dominant sub-center of its own class, `[B]`: the angle in radians, 0 to pi.
    ///
    /// "Sub-center ArcFace" drops training samples beyond 75 degrees (1.31) and trains once more. `dominant` is `[C]`, see
    /// [`Centers::dominant_sub_centers`]; a class without one is measured to its nearest sub-center.
    pub fn outlier_scores(&self, batch: Batch, dominant: &[Option<usize>]) -> Result<Vec<f32>> {
        batch.check(&self.shape)?;
        expect_len("the dominant sub-centers", "[C]", dominant.len(), self.shape.num_classes)?;
        let sub_centers = self.shape.sub_centers;
        self.visit(batch.embedding, |sample, cosines| {
            let class = batch.labels[sample] as usize;
            let own = &cosines[class * sub_centers..][..sub_centers];
            let cosine =
                dominant[class].and_then(|k| own.get(k).copied()).unwrap_or_else(|| first_maximum(own).1);
            cosine.clamp(-1.0, 1.0).acos()
        })
    }

    fn samples(&self, embedding: &[f32]) -> Result<usize> {
        let samples = embedding.len() / self.shape.embed_dim;
        expect_len("the embedding", "[B, D]", embedding.len(), samples * self.shape.embed_dim)?;
        Ok(samples)
    }

    /// Calls `read` with each sample and its cosines with all centers, `[C*K]`.
    fn visit<T: Send>(&self, embedding: &[f32], read: impl Fn(usize, &[f32]) -> T + Sync) -> Result<Vec<T>> {
        // As many samples at a time as make one vector: the centers are read once for them.
        const GROUP: usize = LANES;
        self.samples(embedding)?;
        let (dim, depth, rows) = (self.shape.embed_dim, padded(self.shape.embed_dim), self.shape.rows());
        let level = Level::current();
        let group = |(index, group): (usize, &[f32])| {
            let count = group.len() / dim;
            let (mut units, mut inverses) = (vec![0.0; count * depth], vec![0.0; count]);
            let bad = level.dispatch(Normalize {
                rows: group,
                depth: dim,
                units: &mut units,
                width: depth,
                inverses: &mut inverses,
            });
            if let Some(row) = bad {
                return Err(Error::NotFinite { what: "embedding", row: index * GROUP + row });
            }
            let mut columns = vec![0.0; dim * GROUP];
            for (sample, unit) in units.chunks_exact(depth).enumerate() {
                unit[..dim].iter().enumerate().for_each(|(d, &value)| columns[d * GROUP + sample] = value);
            }
            let mut packed = vec![0.0; columns.len()];
            level.dispatch(Pack { matrix: &columns, width: GROUP, packed: &mut packed });
            let mut cosines = vec![0.0; rows * GROUP];
            level.dispatch(Products {
                rows: &self.units,
                stride: depth,
                columns: &packed,
                width: GROUP,
                out: &mut cosines,
            });
            let mut own = vec![0.0; rows];
            let one = |sample: usize| {
                own.iter_mut().zip(cosines.chunks_exact(GROUP)).for_each(|(own, row)| *own = row[sample]);
                read(index * GROUP + sample, &own)
            };
            Ok((0..count).map(one).collect::<Vec<T>>())
        };
        let groups: Result<Vec<Vec<T>>> = embedding.par_chunks(GROUP * dim).enumerate().map(group).collect();
        Ok(groups?.into_iter().flatten().collect())
    }
}

/// The place and the value of the first of the largest.
fn first_maximum(values: &[f32]) -> (usize, f32) {
    let first = (0, f32::NEG_INFINITY);
    values
        .iter()
        .enumerate()
        .fold(first, |best, (at, &value)| if value > best.1 { (at, value) } else { best })
}
