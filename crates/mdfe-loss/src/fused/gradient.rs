//! The second pass: both gradients, block by block.

use super::{
    block::{Block, Pool},
    forward::{Forward, Others},
    plan::Plan,
    samples::Samples,
    sink::{Part, Sink},
};
use crate::{
    Result,
    kernel::{
        Accumulate, AccumulateMembers, AccumulateWinners, Aligned, Probabilities, Products, Project, padded,
    },
};
use rayon::prelude::*;
use std::ops::Range;

/// What the second pass reads.
pub(crate) struct Backward<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) samples: &'a Samples,
    pub(crate) forward: &'a Forward,
    pub(crate) others: &'a Others<'a>,
    pub(crate) pool: &'a Pool,
}

impl Backward<'_> {
    /// Gives every center its gradient and returns the embedding's, `[B, D]`.
    ///
    /// `partial` is scratch memory: each chunk's share of the gradient by the unit embeddings.
    pub(crate) fn run<T: Sink>(&self, sink: T, partial: &mut Vec<Aligned>) -> Result<Vec<f32>> {
        let (plan, sub_centers) = (self.plan, self.plan.shape.sub_centers);
        let chunks = plan.chunks();
        if partial.len() < chunks.len() {
            partial.resize_with(chunks.len(), Aligned::default);
        }
        // Each chunk owns the rows from its first class to the next chunk's first class.
        let (mut jobs, mut rest, mut first_row) = (Vec::with_capacity(chunks.len()), sink, 0);
        for (index, chunk) in chunks.iter().enumerate() {
            let next = chunks.get(index + 1).map_or(plan.shape.num_classes, |next| plan.class(next.start));
            let (sink, more) = rest.split_at(next * sub_centers - first_row);
            jobs.push((chunk.clone(), Part { sink, first_row }));
            (rest, first_row) = (more, next * sub_centers);
        }
        let jobs = jobs.into_par_iter().zip(partial.par_iter_mut());
        jobs.try_for_each(|((chunk, part), sum)| self.chunk(chunk, part, sum))?;
        Ok(self.embedding_gradient(&partial[..chunks.len()]))
    }

    fn chunk<T: Sink>(&self, chunk: Range<usize>, mut part: Part<T>, sum: &mut Aligned) -> Result<()> {
        let (plan, samples) = (self.plan, self.samples);
        sum.resize(samples.width * padded(plan.shape.embed_dim));
        sum.fill(0.0);
        self.pool.with(|block| {
            for positions in plan.blocks(chunk) {
                block.load(plan, samples, positions.clone(), part.centers())?;
                if plan.shape.sub_centers > 1 {
                    block.find_winners(plan, samples);
                }
                block.apply(plan, samples, positions.clone(), self.others);
                self.weigh(block, positions.clone());
                self.accumulate(block, sum);
                self.finish_rows(block, positions.clone());
                self.give(block, positions, &mut part);
            }
            Ok(())
        })
    }

    /// Turns logits into the derivatives by the cosines: probabilities less the wanted ones, times the rule's slopes. Those of the samples'
    /// own classes are zero; they are added at the end, in f64.
    fn weigh(&self, block: &mut Block, positions: Range<usize>) {
        let Forward { shift, factor, spread, .. } = self.forward;
        let values = if block.best.is_empty() { &mut block.cosines } else { &mut block.best };
        self.plan.level.dispatch(Probabilities {
            values: &mut *values,
            slope: self.others.rule.map(|_| &block.slope[..]),
            scale: self.others.scale as f32,
            shift,
            factor,
            spread: *spread,
        });
        if *spread > 0.0 {
            for &sample in self.samples.targets_in(positions.clone()) {
                let class = self.samples.targets[sample].position - positions.start;
                values[class * self.samples.width + sample] = 0.0;
            }
        }
    }

    /// The sums that the derivatives weigh: of centers into `sum`, of embeddings into the block's gradients.
    fn accumulate(&self, block: &mut Block, sum: &mut Aligned) {
        let (samples, level) = (self.samples, self.plan.level);
        let (depth, sub_centers) = (padded(self.plan.shape.embed_dim), self.plan.shape.sub_centers);
        let width = samples.width;
        block.gradients.resize(block.units.len());
        if sub_centers == 1 {
            let (factors, out) = (&block.cosines[..], &mut block.gradients[..]);
            level.dispatch(Accumulate { factors, centers: &block.units, out: sum, width: depth });
            let columns = &samples.packed_rows[..];
            level.dispatch(Products { rows: factors, stride: width, columns, width: depth, out });
        } else {
            let (factors, out) = (&block.best[..], &mut block.gradients[..]);
            let (winners, members) = (&block.winners[..], &block.members[..]);
            let centers = &block.units[..];
            level.dispatch(AccumulateWinners {
                factors,
                winners,
                centers,
                sub_centers,
                out: sum,
                width: depth,
            });
            level.dispatch(AccumulateMembers { factors, members, rows: &samples.rows, out, width: depth });
        }
    }

    /// Takes the gradient through the normalisation and adds the targets' part, which is kept in f64 to its end: it is a small difference
    /// times a large slope where an embedding nearly meets its center.
    fn finish_rows(&self, block: &mut Block, positions: Range<usize>) {
        let shape = self.plan.shape;
        let depth = padded(shape.embed_dim);
        block.projected.resize(block.inverses.len() * shape.embed_dim);
        self.plan.level.dispatch(Project {
            gradients: &block.gradients,
            units: &block.units,
            width: depth,
            inverses: &block.inverses,
            out: &mut block.projected,
            depth: shape.embed_dim,
        });
        for &sample in self.samples.targets_in(positions.clone()) {
            let (target, embedding) = (&self.samples.targets[sample], &self.samples.embedding[sample]);
            let row = (target.position - positions.start) * shape.sub_centers + target.sub_center;
            let weight = self.forward.target_slope[sample] * target.center.inverse;
            let along = if target.center.is_projected() { self.samples.samples[sample].cosine } else { 0.0 };
            let out = &mut block.projected[row * shape.embed_dim..][..shape.embed_dim];
            for ((out, e), w) in out.iter_mut().zip(&embedding.unit).zip(&target.center.unit) {
                *out += (weight * (e - along * w)) as f32;
            }
        }
    }

    fn give<T: Sink>(&self, block: &Block, positions: Range<usize>, part: &mut Part<T>) {
        let (plan, sub_centers) = (self.plan, self.plan.shape.sub_centers);
        let Part { sink, first_row } = part;
        let row = |position: usize| plan.class(position) * sub_centers - *first_row;
        if plan.is_dense() {
            return sink.give(row(positions.start), &block.projected);
        }
        let gradients = block.projected.chunks_exact(sub_centers * plan.shape.embed_dim);
        for (position, gradient) in positions.zip(gradients) {
            sink.give(row(position), gradient);
        }
    }

    /// Adds up the chunks in their order and takes the sum through the normalisation.
    fn embedding_gradient(&self, partial: &[Aligned]) -> Vec<f32> {
        let (samples, dim) = (self.samples, self.plan.shape.embed_dim);
        let depth = padded(dim);
        let mut output = vec![0.0; samples.count * dim];
        output.par_chunks_exact_mut(dim).enumerate().for_each(|(sample, out)| {
            let mut sum = vec![0.0_f64; dim];
            for part in partial {
                let row = &part[sample * depth..][..dim];
                sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
            }
            let (embedding, target) = (&samples.embedding[sample], &samples.targets[sample]);
            let (dot, cosine) = if embedding.is_projected() {
                let dot = sum.iter().zip(&embedding.unit).map(|(g, e)| g * e).sum::<f64>();
                (dot, samples.samples[sample].cosine)
            } else {
                (0.0, 0.0)
            };
            let weight = self.forward.target_slope[sample];
            let terms = sum.iter().zip(&embedding.unit).zip(&target.center.unit);
            for (out, ((g, e), w)) in out.iter_mut().zip(terms) {
                *out = ((g - dot * e + weight * (w - cosine * e)) * embedding.inverse) as f32;
            }
        });
        output
    }
}
