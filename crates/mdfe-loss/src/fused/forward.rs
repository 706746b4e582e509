//! The first pass: the log-sum-exp of every sample, and the loss.

use super::{block::Pool, plan::Plan, samples::Samples, sink::CenterRows};
use crate::{
    LossState, MarginLoss, Result,
    kernel::{AddBlock, AddLogits, Running},
    losses::member::{OtherRule, Point},
};
use rayon::prelude::*;

/// What the second pass needs from the first.
#[derive(Debug)]
pub(crate) struct Forward {
    /// The mean loss of the batch.
    pub(crate) loss: f64,
    /// The largest logit before scaling among the other classes, `[B padded]`.
    pub(crate) shift: Vec<f32>,
    /// s / B exp(s shift) / sum_c exp(logit_c): the weight of exp(s (value - shift)) in the gradient, `[B padded]`, 0 for padding.
    pub(crate) factor: Vec<f32>,
    /// d loss / d target cosine, `[B]`.
    pub(crate) target_slope: Vec<f64>,
    /// What label smoothing takes from d loss / d logit before scaling of every other class.
    pub(crate) spread: f32,
}

/// The rule of the other classes with its bounds by sample.
pub(crate) struct Others<'a> {
    pub(crate) scale: f64,
    pub(crate) rule: Option<&'a dyn OtherRule>,
    /// `[B padded]`.
    pub(crate) bound: &'a [f32],
    /// Whether the sum of the logits is wanted, too.
    pub(crate) totals: bool,
}

/// The log-sum-exp over all classes but the sample's own.
pub(crate) fn running(
    plan: &Plan,
    samples: &Samples,
    centers: &[f32],
    others: &Others,
    pool: &Pool,
) -> Result<Running> {
    let (scale, centers) = (others.scale as f32, CenterRows { values: centers, first_row: 0 });
    let chunk = |chunk| {
        pool.with(|block| {
            let mut running = Running::new(samples.width);
            for positions in plan.blocks(chunk) {
                block.load(plan, samples, positions.clone(), centers)?;
                block.apply(plan, samples, positions, others);
                plan.level.dispatch(AddBlock { running: &mut running, values: block.values(), scale });
                if others.totals {
                    let (total, values) = (&mut running.total[..], block.values());
                    plan.level.dispatch(AddLogits { total, values });
                }
            }
            Ok(running)
        })
    };
    let parts: Vec<Result<Running>> = plan.chunks().into_par_iter().map(chunk).collect();
    merge(parts.into_iter().collect::<Result<Vec<_>>>()?, samples.width, others.scale)
}

/// Puts the chunks' sums together, in their order and in f64.
fn merge(parts: Vec<Running>, width: usize, scale: f64) -> Result<Running> {
    let mut whole = Running::new(width);
    for sample in 0..width {
        let highest = parts.iter().map(|part| part.maximum[sample]).fold(whole.maximum[sample], f32::max);
        let share = |part: &Running| {
            (scale * f64::from(part.maximum[sample] - highest)).exp() * f64::from(part.sum[sample])
        };
        whole.maximum[sample] = highest;
        whole.sum[sample] = parts.iter().map(share).sum::<f64>() as f32;
        whole.total[sample] = parts.iter().map(|part| f64::from(part.total[sample])).sum::<f64>() as f32;
    }
    Ok(whole)
}

/// ln(1/B sum_i sum_{c != y_i} exp(scale cos_ic)), what [`Member::observe`] is told.
pub(crate) fn log_density(running: &Running, samples: usize, scale: f64) -> f64 {
    log_density_of((0..samples).map(|sample| running.log_sum(sample, scale)))
}

/// The logarithm of the mean of values whose logarithms are given; minus infinity if all of them are zero.
pub(crate) fn log_density_of(logs: impl Iterator<Item = f64>) -> f64 {
    let logs: Vec<f64> = logs.collect();
    let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    highest + logs.iter().map(|log| (log - highest).exp()).sum::<f64>().ln() - (logs.len() as f64).ln()
}

impl Forward {
    /// Puts the targets to the other classes' log-sum-exp; `classes` is the number of those that take part.
    pub(crate) fn new(
        loss: &MarginLoss,
        state: &LossState,
        samples: &Samples,
        running: &Running,
        classes: usize,
    ) -> Self {
        let (member, smoothing) = (loss.member(), loss.label_smoothing());
        let (scale, count, share) = (member.scale(state), samples.count as f64, smoothing / classes as f64);
        let mut forward = Self {
            loss: 0.0,
            shift: running.maximum.clone(),
            factor: vec![0.0; samples.width],
            target_slope: Vec::with_capacity(samples.count),
            spread: (share * scale / count) as f32,
        };
        for (index, &sample) in samples.samples.iter().enumerate() {
            let Point { value, slope } = member.target(state, sample);
            // The loss is ln(1 + e^d), d the log-sum-exp of the others over the target's logit.
            let others = running.log_sum(index, scale);
            let d = others - scale * value;
            let loss = if d > 0.0 { d + (-d).exp().ln_1p() } else { d.exp().ln_1p() };
            let log_sum = scale * value + loss;
            // Smoothing moves a share of the wanted probability from the target to the mean of all logits, the target's among them.
            let moved = (smoothing - share) * value - share * f64::from(running.total[index]);
            forward.loss += (loss + scale * moved) / count;
            let shift = scale * f64::from(running.maximum[index]);
            forward.factor[index] = ((shift - log_sum).exp() * scale / count) as f32;
            // 1 - p of the target, without cancellation.
            let missing = if d > 0.0 { 1.0 / (1.0 + (-d).exp()) } else { d.exp() / (1.0 + d.exp()) };
            forward.target_slope.push((smoothing - share - missing) * scale / count * slope);
        }
        forward
    }
}
