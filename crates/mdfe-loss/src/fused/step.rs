//! The fused step, as users call it.

use super::{
    block::Pool,
    forward::{Forward, Others, log_density, running},
    gradient::Backward,
    plan::{Plan, Tuning},
    samples::Samples,
    sink::{Collect, Sink, Update},
};
use crate::{
    Batch, CenterShape, CenterUpdate, ClassSample, Error, Level, LossState, MarginLoss, Result,
    error::expect_len, kernel::Aligned,
};

/// A loss with both gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The mean loss of the batch.
    pub loss: f64,
    /// d loss / d embedding, `[B, D]`, by the embedding as passed (not normalised).
    pub embedding: Vec<f32>,
    /// d loss / d centers, `[C*K, D]`, by the centers as passed (not normalised).
    pub centers: Vec<f32>,
}

/// What a step with an optimizer leaves: the centers have been updated.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutput {
    /// The mean loss of the batch, before the update.
    pub loss: f64,
    /// d loss / d embedding, `[B, D]`, by the embedding as passed (not normalised).
    pub embedding: Vec<f32>,
}

/// The fused step of a loss on the CPU. It owns scratch memory that it uses again in every call: keep it.
///
/// Runs on the rayon pool it is called from. The same input gives the same bytes, whatever the number of threads. Never holds
/// a `[B, C*K]` matrix. On an error the centers and the state are as they were.
///
/// Rows are divided by max(norm, 1e-12), as `torch.nn.functional.normalize` does, so that everything stays finite.
#[derive(Debug)]
pub struct FusedStep {
    loss: MarginLoss,
    shape: CenterShape,
    sample: Option<ClassSample>,
    tuning: Tuning,
    pool: Pool,
    samples: Samples,
    partial: Vec<Aligned>,
}

impl FusedStep {
    /// A step for centers of this shape, whose number of classes must be the loss's.
    pub fn new(loss: MarginLoss, shape: CenterShape) -> Result<Self> {
        shape.check()?;
        expect_len("the centers' classes", "[C]", shape.num_classes, loss.num_classes())?;
        let tuning = Tuning { block_classes: None, level: Level::current() };
        let (pool, samples) = (Pool::default(), Samples::default());
        Ok(Self { loss, shape, sample: None, tuning, pool, samples, partial: Vec::new() })
    }

    /// The loss.
    pub fn margin_loss(&self) -> &MarginLoss {
        &self.loss
    }

    /// The shape of the centers.
    pub fn shape(&self) -> CenterShape {
        self.shape
    }

    /// Restricts the following calls to a sample of the classes (Partial FC), or lifts the restriction. Default: all classes.
    pub fn sample_classes(&mut self, sample: Option<ClassSample>) -> Result<()> {
        if let Some(sample) = &sample {
            let found = sample.num_classes();
            expect_len("the class sample", "[C]", found, self.shape.num_classes)?;
        }
        self.sample = sample;
        Ok(())
    }

    /// Whether the calls are restricted to a sample of the classes.
    pub fn is_sampled(&self) -> bool {
        self.sample.is_some()
    }

    /// Sets the number of classes that are handled at a time, at least 1. Default: as many as fit the cache.
    ///
    /// Changes results by rounding alone.
    pub fn set_block_classes(&mut self, classes: usize) -> Result<()> {
        if classes == 0 {
            return Err(Error::Size { what: "the block size", value: classes, limit: usize::MAX });
        }
        self.tuning.block_classes = Some(classes);
        Ok(())
    }

    /// Sets the instruction set of the kernels. Default: [`Level::current`], the CPU's best or what `MDFE_SIMD` names.
    ///
    /// Changes results by rounding alone.
    pub fn set_level(&mut self, level: Level) {
        self.tuning.level = level;
    }

    /// The mean loss of a batch in the present state, which it does not change. `centers` is `[C*K, D]`.
    pub fn loss(&mut self, batch: Batch, centers: &[f32], state: &LossState) -> Result<f64> {
        self.check(batch, centers, state)?;
        let plan = Plan::new(self.shape, self.sample.as_ref(), batch.len(), self.tuning);
        self.samples.prepare(batch, centers, &plan)?;
        let rule = self.loss.member().others(state);
        let bound = bounds(&self.loss, &self.samples);
        let (scale, totals) = (self.loss.member().scale(state), self.loss.label_smoothing() > 0.0);
        let others = Others { scale, rule: rule.as_deref(), bound: &bound, totals };
        let running = running(&plan, &self.samples, centers, &others, &self.pool)?;
        Ok(Forward::new(&self.loss, state, &self.samples, &running, plan.active()).loss)
    }

    /// The mean loss and its gradients by the embedding and by the centers, `[C*K, D]`; one training step of the state.
    ///
    /// With sampled classes the gradients of the others are zero.
    pub fn loss_and_grad(
        &mut self,
        batch: Batch,
        centers: &[f32],
        state: &mut LossState,
    ) -> Result<Gradients> {
        self.check(batch, centers, state)?;
        let mut gradient = vec![0.0; centers.len()];
        let sink = Collect { centers, gradient: &mut gradient, embed_dim: self.shape.embed_dim };
        let StepOutput { loss, embedding } = self.run(batch, sink, state)?;
        Ok(Gradients { loss, embedding, centers: gradient })
    }

    /// One training step with the centers' optimizer inside: `update` sees each block's gradient while the block is in cache.
    ///
    /// `centers` is `[C*K, D]`, `update` the part of the optimizer that belongs to all C*K rows.
    pub fn step<U: CenterUpdate>(
        &mut self,
        batch: Batch,
        centers: &mut [f32],
        state: &mut LossState,
        update: U,
    ) -> Result<StepOutput> {
        self.check(batch, centers, state)?;
        let embed_dim = self.shape.embed_dim;
        self.run(batch, Update { centers, update, embed_dim }, state)
    }

    fn check(&self, batch: Batch, centers: &[f32], state: &LossState) -> Result<()> {
        self.loss.check_state(state)?;
        expect_len("the centers", "[C*K, D]", centers.len(), self.shape.values())?;
        batch.check(&self.shape)
    }

    /// Both passes over checked input. The state changes only when the first pass has found nothing wrong.
    fn run<T: Sink>(&mut self, batch: Batch, sink: T, state: &mut LossState) -> Result<StepOutput> {
        let Self { loss, shape, sample, tuning, pool, samples, partial } = self;
        let (member, pool) = (loss.member(), &*pool);
        let plan = Plan::new(*shape, sample.as_ref(), batch.len(), *tuning);
        samples.prepare(batch, sink.centers(), &plan)?;
        let samples = &*samples;
        let bound = bounds(loss, samples);
        let mut next = state.clone();
        let mut density = f64::NEG_INFINITY;
        if let Some(scale) = member.density_scale(&next) {
            let others = Others { scale, rule: None, bound: &bound, totals: false };
            let running = running(&plan, samples, sink.centers(), &others, pool)?;
            density = log_density(&running, samples.count, scale);
        }
        member.observe(&mut next, &samples.samples, density);
        let rule = member.others(&next);
        let (scale, totals) = (member.scale(&next), loss.label_smoothing() > 0.0);
        let others = Others { scale, rule: rule.as_deref(), bound: &bound, totals };
        let running = running(&plan, samples, sink.centers(), &others, pool)?;
        let forward = Forward::new(loss, &next, samples, &running, plan.active());
        *state = next;
        let backward = Backward { plan: &plan, samples, forward: &forward, others: &others, pool };
        let embedding = backward.run(sink, partial)?;
        Ok(StepOutput { loss: forward.loss, embedding })
    }
}

/// Each sample's bound for the rule of the other classes, `[B padded]`.
fn bounds(loss: &MarginLoss, samples: &Samples) -> Vec<f32> {
    let bounds = samples.samples.iter().map(|&sample| loss.member().bound(sample) as f32);
    let mut bounds: Vec<f32> = bounds.collect();
    bounds.resize(samples.width, 0.0);
    bounds
}
