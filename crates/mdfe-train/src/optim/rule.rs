//! The update of one step: an optimizer with its learning rate and bias corrections worked out.

use super::{Moments, OptimizerKind, OptimizerOptions};
use mdfe_loss::CenterUpdate;
use rayon::prelude::*;

/// Values that a thread updates at a time.
const CHUNK: usize = 1 << 14;

/// One step's update rule. `SAM_*` rules are their base optimizer's; the neighbourhood is the trainer's affair.
#[derive(Clone, Copy, Debug)]
pub struct UpdateRule {
    kind: OptimizerKind,
    /// Learning rate divided by the first moment's bias correction.
    rate: f32,
    /// Weight decay that is added to the gradient.
    coupled: f32,
    /// What decoupled weight decay leaves of the weight.
    keep: f32,
    beta1: f32,
    beta2: f32,
    /// 1 - beta, subtracted in f64 first, as torch does.
    fresh: [f32; 2],
    /// Square root of the second moment's bias correction.
    root: f32,
    eps: f32,
}

impl UpdateRule {
    /// The rule of a step, counted from 0, at a learning rate.
    pub fn new(options: &OptimizerOptions, lr: f64, step: usize) -> Self {
        let n = (step + 1) as f64;
        let [b1, b2] = options.betas;
        let sgd = options.name == OptimizerKind::SGD;
        let decoupled = matches!(options.name, OptimizerKind::AdamW | OptimizerKind::SamAdamW);
        let (beta1, fresh1) = if sgd { (options.momentum, 1.0) } else { (b1, 1.0 - b1) };
        Self {
            kind: options.name,
            rate: (if sgd { lr } else { lr / (1.0 - b1.powf(n)) }) as f32,
            coupled: if decoupled { 0.0 } else { options.weight_decay as f32 },
            keep: if decoupled { (1.0 - lr * options.weight_decay) as f32 } else { 1.0 },
            beta1: beta1 as f32,
            beta2: b2 as f32,
            fresh: [fresh1 as f32, (1.0 - b2) as f32],
            root: (1.0 - b2.powf(n)).sqrt() as f32,
            eps: options.eps as f32,
        }
    }

    /// Updates a parameter in place. All slices have the parameter's length. The same bytes on any number of threads.
    pub fn apply(&self, weight: &mut [f32], gradient: &[f32], moments: &mut Moments) {
        let Moments { first, second } = moments;
        let parts =
            weight.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(first.par_chunks_mut(CHUNK));
        if second.is_empty() {
            parts.for_each(|((w, g), m)| self.update(w, g, (m, &mut [])));
        } else {
            parts.zip(second.par_chunks_mut(CHUNK)).for_each(|(((w, g), m), v)| self.update(w, g, (m, v)));
        }
    }

    /// The centers' part of the step, for [`mdfe_loss::FusedStep::step`].
    pub fn for_centers<'a>(&self, moments: &'a mut Moments, embed_dim: usize) -> impl CenterUpdate + use<'a> {
        CenterPart { rule: *self, first: &mut moments.first, second: &mut moments.second, embed_dim }
    }

    fn update(&self, w: &mut [f32], g: &[f32], moments: (&mut [f32], &mut [f32])) {
        pulp::Arch::new().dispatch(Loop { rule: *self, w, g, m: moments.0, v: moments.1 });
    }
}

struct CenterPart<'a> {
    rule: UpdateRule,
    first: &'a mut [f32],
    second: &'a mut [f32],
    embed_dim: usize,
}

impl CenterUpdate for CenterPart<'_> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { rule, first, second, embed_dim } = self;
        let (m, more_m) = first.split_at_mut(rows * embed_dim);
        let cut = if second.is_empty() { 0 } else { rows * embed_dim };
        let (v, more_v) = second.split_at_mut(cut);
        (
            Self { rule, first: m, second: v, embed_dim },
            Self { rule, first: more_m, second: more_v, embed_dim },
        )
    }

    fn update(&mut self, first_row: usize, centers: &mut [f32], gradient: &[f32]) {
        let range = first_row * self.embed_dim..first_row * self.embed_dim + centers.len();
        let second = if self.second.is_empty() { &mut [][..] } else { &mut self.second[range.clone()] };
        self.rule.update(centers, gradient, (&mut self.first[range], second));
    }
}

struct Loop<'a> {
    rule: UpdateRule,
    w: &'a mut [f32],
    g: &'a [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
}

impl pulp::WithSimd for Loop<'_> {
    type Output = ();

    /// Plain loops: inlined into a function with the CPU's features enabled, the compiler vectorises them.
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { rule: r, w, g, m, v } = self;
        if r.kind == OptimizerKind::SGD {
            for ((w, &g), m) in w.iter_mut().zip(g).zip(m) {
                *m = r.beta1 * *m + (g + r.coupled * *w);
                *w -= r.rate * *m;
            }
            return;
        }
        for (((w, &g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
            let g = g + r.coupled * *w;
            *m = r.beta1 * *m + r.fresh[0] * g;
            *v = r.beta2 * *v + r.fresh[1] * g * g;
            *w = r.keep * *w - r.rate * *m / (v.sqrt() / r.root + r.eps);
        }
    }
}
