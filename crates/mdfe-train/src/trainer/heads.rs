//! The margin losses over the embedding: one, or one for each prefix of it.

use crate::{
    Error, Group, LossConfig, Param, Result, UpdateRule,
    random::{Purpose, stream},
    source::Facts,
};
use mdfe_loss::{Batch, CenterShape, ClassSample, FusedStep, LossState};

/// A margin loss over the first values of the embedding, with centers of its own.
pub(super) struct Head {
    fused: FusedStep,
}

/// All heads; the loss is the sum of theirs (Kusupati et al., Matryoshka Representation Learning, 2205.13147, eq. 1, all weights 1).
pub(super) struct Heads {
    all: Vec<Head>,
    sample_fraction: f64,
    seed: u64,
    embed_dim: usize,
    /// The prefix of a batch that a head sees.
    prefix: Vec<f32>,
}

/// What heads begin with.
pub(super) struct NewHeads {
    pub(super) heads: Heads,
    pub(super) centers: Vec<Param>,
    pub(super) losses: Vec<LossState>,
}

/// A batch as heads see it.
#[derive(Clone, Copy)]
pub(super) struct HeadBatch<'a> {
    /// `[B, D]`.
    pub(super) embedding: &'a [f32],
    /// `[B]`.
    pub(super) labels: &'a [u32],
    /// Which draw of classes this is.
    pub(super) draw: usize,
}

/// What the heads have learnt, each its own.
pub(super) struct HeadState<'a> {
    pub(super) centers: &'a mut [Param],
    pub(super) losses: &'a mut [LossState],
}

/// What becomes of the centers' gradients.
pub(super) enum CenterStep<'a> {
    /// The optimizer's rules for the centers of each head run inside the fused pass.
    Update(&'a [UpdateRule]),
    /// They are added to these.
    Collect(&'a mut [Vec<f32>]),
}

impl NewHeads {
    /// Heads over an embedding of `embed_dim` values: for each of `loss.nested_dims`, and for all of it.
    pub(super) fn new(loss: &LossConfig, facts: &Facts, embed_dim: usize, seed: u64) -> Result<Self> {
        let mut dims = loss.nested_dims.clone();
        dims.push(embed_dim);
        dims.sort_unstable();
        dims.dedup();
        if let Some(dim) = dims.iter().find(|dim| **dim > embed_dim || **dim == 0) {
            return Err(Error::Config {
                place: "the recipe".to_owned(),
                problem: format!(
                    "`loss.nested_dims` names {dim}; the embedding has {embed_dim} values, name numbers from 1 to that"
                ),
            });
        }
        let mut counts = vec![0u64; facts.num_classes];
        facts.labels.iter().for_each(|&label| counts[label as usize] += 1);
        let (mut all, mut centers, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        for dim in dims {
            let shape =
                CenterShape { num_classes: facts.num_classes, sub_centers: loss.sub_centers, embed_dim: dim };
            let margin = loss.margin_loss(facts.num_classes, &counts)?;
            losses.push(margin.initial_state());
            // The centers of the whole embedding have a position of their own, whatever prefixes there are.
            let (name, position) =
                if dim == embed_dim { ("centers".to_owned(), 0) } else { (format!("centers.{dim}"), dim) };
            let values = shape.xavier_uniform(&mut stream(seed, Purpose::Centers, position));
            centers.push(Param::trained(name, Group::Centers, values));
            all.push(Head { fused: FusedStep::new(margin, shape)? });
        }
        let heads = Heads { all, sample_fraction: loss.sample_fraction, seed, embed_dim, prefix: Vec::new() };
        Ok(Self { heads, centers, losses })
    }
}

impl Heads {
    /// The loss of a batch; its gradient by the embedding is written over `d_embedding [B, D]`.
    pub(super) fn step(
        &mut self,
        batch: HeadBatch<'_>,
        learnt: HeadState<'_>,
        mut step: CenterStep<'_>,
        d_embedding: &mut Vec<f32>,
    ) -> Result<f64> {
        let HeadState { centers, losses } = learnt;
        d_embedding.clear();
        d_embedding.resize(batch.embedding.len(), 0.0);
        let mut total = 0.0;
        for (i, head) in self.all.iter_mut().enumerate() {
            let dim = head.fused.shape().embed_dim;
            let embedding = if dim == self.embed_dim {
                batch.embedding
            } else {
                self.prefix.clear();
                batch.embedding.chunks_exact(self.embed_dim).for_each(|row| self.prefix.extend(&row[..dim]));
                &self.prefix[..]
            };
            if self.sample_fraction < 1.0 {
                let mut random = stream(self.seed, Purpose::Classes, batch.draw);
                let classes = head.fused.shape().num_classes;
                let sample = ClassSample::draw(batch.labels, classes, self.sample_fraction, &mut random)?;
                head.fused.sample_classes(Some(sample))?;
            }
            let found = Batch { embedding, labels: batch.labels };
            let (loss, gradient) = match &mut step {
                CenterStep::Update(rules) => {
                    let Param { data, slots, .. } = &mut centers[i];
                    let update = rules[i].for_centers(slots, dim);
                    let output = head.fused.step(found, data, &mut losses[i], update)?;
                    (output.loss, output.embedding)
                }
                CenterStep::Collect(gradients) => {
                    let output = head.fused.loss_and_grad(found, &centers[i].data, &mut losses[i])?;
                    gradients[i].resize(output.centers.len(), 0.0);
                    gradients[i].iter_mut().zip(&output.centers).for_each(|(sum, g)| *sum += g);
                    (output.loss, output.embedding)
                }
            };
            total += loss;
            for (sum, row) in d_embedding.chunks_exact_mut(self.embed_dim).zip(gradient.chunks_exact(dim)) {
                sum.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
            }
        }
        Ok(total)
    }
}
