//! The losses in candle's own operations, block by block over the classes: what runs on devices other than the CPU.

use crate::{
    CenterShape, LossState, MarginLoss, Result,
    fused::log_density_of,
    unfused::{Cosines, log_sum_exp_rows, logits, own_class, samples_of, shape_of, unit_rows},
};
use candle_core::{D, Tensor, Var};

/// The mean loss of a batch as a scalar tensor, without a `[B, C*K]` matrix, on any device and in f32 or f64; one training step of
/// the state. `backward()` returns gradients that were computed with the loss; differentiable once.
///
/// # Shapes
/// `embedding` `[B, D]`, not normalised; `labels` `[B]`; `centers` `[C*K, D]`, not normalised, of the embedding's type and device.
///
/// Agrees with [`unfused_loss`](crate::unfused_loss) but for rounding; see there for ties and short rows.
#[derive(Clone, Debug)]
pub struct BlockedLoss {
    /// The loss.
    pub loss: MarginLoss,
    /// Classes per block, at least 1. 8192 suits a GPU.
    pub block_classes: usize,
}

/// The centers of all classes.
#[derive(Clone, Copy)]
struct Centers<'a> {
    /// `[C*K, D]`.
    rows: &'a Tensor,
    shape: CenterShape,
}

/// The centers of some classes.
struct Block<'a> {
    /// `[n*K, D]`.
    rows: &'a Tensor,
    sub_centers: usize,
    /// The first class.
    start: usize,
}

impl BlockedLoss {
    /// See the type.
    pub fn forward(
        &self,
        embedding: &Tensor,
        labels: &[u32],
        centers: &Tensor,
        state: &mut LossState,
    ) -> Result<Tensor> {
        let shape = shape_of(&self.loss, embedding, labels, centers)?;
        self.loss.check_state(state)?;
        let batch = labels.len() as f64;
        let (x, w) = (embedding.detach(), centers.detach());
        let (unit, norms) = unit_rows(&x)?;
        let target = self.target(&unit, labels, &w, shape)?;
        let samples = samples_of(&target, &norms, labels)?;
        let all = Centers { rows: &w, shape };
        let (member, smoothing, mut next) = (self.loss.member(), self.loss.label_smoothing(), state.clone());
        let mut density = f64::NEG_INFINITY;
        if let Some(scale) = member.density_scale(&next) {
            let others = |seen: &Cosines| {
                let logits = (&seen.all * scale)?;
                seen.own.where_cond(&logits.ones_like()?.affine(0.0, -1e30)?, &logits)
            };
            density = log_density_of(self.log_sums(&unit, labels, all, others)?.into_iter());
        }
        member.observe(&mut next, &samples, density);
        let rule = |seen: &Cosines| logits(&self.loss, &next, &samples, seen);
        let log_sums = self.log_sums(&unit, labels, all, rule)?;
        let log_sum = crate::losses::angle::constants(&x, log_sums.iter().copied())?.unsqueeze(1)?;
        let (by_x, mut by_w) = (Var::from_tensor(&x)?, Vec::new());
        let mut gradient = x.zeros_like()?;
        let mut value = log_sum.mean_all()?;
        for start in (0..shape.num_classes).step_by(self.block_classes.max(1)) {
            // A graph of this block alone: its logits, weighed by their derivatives (p - wanted) / B.
            let block = Var::from_tensor(&self.rows(all, start)?)?;
            let classes = Block { rows: &block, sub_centers: shape.sub_centers, start };
            let seen = see(&unit_rows(&by_x)?.0, labels, classes)?;
            let scaled = rule(&seen)?;
            let own = seen.own.to_dtype(scaled.dtype())?;
            let fixed = scaled.detach();
            // The wanted probabilities: one for the own class, or less where a share is spread over all classes.
            let wanted = own.affine(1.0 - smoothing, smoothing / shape.num_classes as f64)?;
            value = (value - ((&fixed * &wanted)?.sum_all()? / batch)?)?;
            let weight = ((fixed.broadcast_sub(&log_sum)?.exp()? - wanted)? / batch)?;
            let gradients = (scaled * weight)?.sum_all()?.backward()?;
            if let Some(by_x) = gradients.get(&by_x) {
                gradient = (gradient + by_x)?;
            }
            by_w.push(gradients.get(&block).map_or_else(|| block.zeros_like(), |found| Ok(found.clone()))?);
        }
        *state = next;
        // A function with these gradients, moved to the loss's value.
        let sum = ((embedding * gradient)?.sum_all()? + (centers * Tensor::cat(&by_w, 0)?)?.sum_all()?)?;
        Ok(((&sum - sum.detach())? + value)?)
    }

    /// The cosine of each sample with its own class, `[B]`.
    fn target(&self, unit: &Tensor, labels: &[u32], centers: &Tensor, shape: CenterShape) -> Result<Tensor> {
        let k = shape.sub_centers as u32;
        let rows: Vec<u32> = labels.iter().flat_map(|label| label * k..(label + 1) * k).collect();
        let own = centers.index_select(&Tensor::new(rows, centers.device())?, 0)?;
        let own = unit_rows(&own)?.0.reshape((labels.len(), shape.sub_centers, shape.embed_dim))?;
        Ok(own.broadcast_mul(&unit.unsqueeze(1)?)?.sum(2)?.max(1)?.clamp(-1.0, 1.0)?)
    }

    /// The log-sum-exp of each sample's logits over all blocks.
    fn log_sums(
        &self,
        unit: &Tensor,
        labels: &[u32],
        centers: Centers,
        logits: impl Fn(&Cosines) -> candle_core::Result<Tensor>,
    ) -> Result<Vec<f64>> {
        let mut parts = vec![Vec::new(); labels.len()];
        for start in (0..centers.shape.num_classes).step_by(self.block_classes.max(1)) {
            let rows = &self.rows(centers, start)?;
            let seen = see(unit, labels, Block { rows, sub_centers: centers.shape.sub_centers, start })?;
            let sums = log_sum_exp_rows(&logits(&seen)?)?;
            parts.iter_mut().zip(sums).for_each(|(parts, sum)| parts.push(sum));
        }
        Ok(parts.iter().map(|parts| crate::unfused::log_sum_exp(parts)).collect())
    }

    fn rows(&self, centers: Centers, start: usize) -> candle_core::Result<Tensor> {
        let Centers { rows, shape } = centers;
        let count = self.block_classes.max(1).min(shape.num_classes - start);
        rows.narrow(0, start * shape.sub_centers, count * shape.sub_centers)?.contiguous()
    }
}

/// The cosines of unit embeddings `[B, D]` with a block of centers.
fn see(unit: &Tensor, labels: &[u32], block: Block) -> candle_core::Result<Cosines> {
    let Block { rows, sub_centers, start } = block;
    let (batch, classes) = (labels.len(), rows.dim(0)? / sub_centers);
    let all = unit.matmul(&unit_rows(rows)?.0.t()?)?.reshape((batch, classes, sub_centers))?;
    let all = all.max(D::Minus1)?.clamp(-1.0, 1.0)?;
    let inside = |label: u32| (label as usize).wrapping_sub(start).min(classes) as u32;
    let places: Vec<u32> = labels.iter().map(|&label| inside(label)).collect();
    let own = own_class(&places, classes, rows.device())?;
    let nearest: Vec<u32> = places.iter().map(|&place| place.min(classes as u32 - 1)).collect();
    let target = all.gather(&Tensor::new(nearest, rows.device())?.unsqueeze(1)?, 1)?.squeeze(1)?;
    Ok(Cosines { all, own, target })
}
