//! One training step: encoder, projection, heads, and the way back.

use super::{
    Trainer,
    gradients::Gradients,
    heads::{CenterStep, HeadBatch, HeadState},
    times::{StepTimes, timed},
};
use crate::{
    Error, OptimizerOptions, Param, Result, Samples, UpdateRule,
    projection::{Back, dropout},
};
use std::time::Instant;

/// Memory that every step uses again.
#[derive(Default)]
pub(super) struct Scratch {
    /// `[B, D_in]`, after dropout.
    features: Vec<f32>,
    /// `[B, D]`.
    embedding: Vec<f32>,
    /// `[B, D]`.
    d_embedding: Vec<f32>,
    /// `[B, D_in]`, where the encoder trains.
    d_features: Vec<f32>,
    /// `[B]`.
    labels: Vec<u32>,
    /// Of the pass at hand.
    gradients: Gradients,
    pub(super) times: StepTimes,
}

/// Which pass over the batches of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// The only one: batches may be consumed.
    Only,
    /// The first of two: what the second needs stays in the batches.
    First,
    /// The second, after a first.
    Second,
}

impl Trainer<'_> {
    /// Trains on the batches of one step at a share of the learning rates; the mean loss before the update.
    pub(super) fn train_step(&mut self, batches: &mut [Samples], factor: f64) -> Result<f64> {
        let rules = self.rules(factor);
        let aware = self.recipe.optimizer.name.is_sharpness_aware();
        let all_first = aware || batches.len() > 1 || self.recipe.train.clip_norm.is_some();
        let loss = match batches {
            [samples] if !all_first => {
                let draw = self.load(samples, 0, Round::Only)?;
                let loss = self.pass(draw, Some(&rules))?;
                let centers = self.parts.centers();
                self.update(&rules[..centers.start], None);
                loss
            }
            _ => {
                let (loss, mut gradients) = if aware {
                    self.sharpness_aware(batches)?
                } else {
                    self.gradients(batches, Round::Only)?
                };
                if let Some(limit) = self.recipe.train.clip_norm {
                    gradients.clip(limit);
                }
                self.update(&rules, Some(gradients));
                loss
            }
        };
        if !loss.is_finite() {
            return Err(Error::Loss(mdfe_loss::Error::NotFinite { what: "loss", row: 0 }));
        }
        self.average();
        self.reload()?;
        Ok(loss)
    }

    /// Mean loss and mean gradients of all batches of a step.
    pub(super) fn gradients(&mut self, batches: &mut [Samples], round: Round) -> Result<(f64, Gradients)> {
        let count: usize = batches.iter().map(|samples| samples.rows.len()).sum();
        let mut sum = Gradients::new(&self.state.params);
        sum.zero(&self.state.params);
        let mut loss = 0.0;
        for (i, samples) in batches.iter_mut().enumerate() {
            let weight = samples.rows.len() as f64 / count.max(1) as f64;
            let draw = self.load(samples, i, round)?;
            loss += weight * self.pass(draw, None)?;
            sum.add(&self.scratch.gradients, weight as f32);
        }
        Ok((loss, sum))
    }

    /// Features of a batch, after dropout, and its labels; returns what decides dropout and the draw of classes. A frozen encoder's features
    /// of the first round serve the second, too: they then take the place of the batch's values.
    fn load(&mut self, samples: &mut Samples, position: usize, round: Round) -> Result<usize> {
        let draw = self.state.step * self.recipe.train.accumulate + position;
        let Self { recipe, source, encoder, parts, scratch, .. } = self;
        let frozen = parts.backbone().is_empty();
        let rows = samples.rows.len();
        let Scratch { features, times, .. } = scratch;
        timed(&mut times.encoder, || {
            let pixels = (round == Round::First && !frozen).then(|| samples.values.clone());
            if round == Round::Second && frozen {
                std::mem::swap(&mut samples.values, features);
            } else {
                encoder.encode(rows, &mut samples.values, features)?;
            }
            if round == Round::First {
                samples.values = pixels.unwrap_or_else(|| features.clone());
            }
            dropout(features, recipe.projection.dropout, recipe.train.seed, draw);
            Ok::<_, Error>(())
        })?;
        let labels = &source.facts().labels;
        scratch.labels.clear();
        scratch.labels.extend(samples.rows.iter().map(|&row| labels[row as usize]));
        Ok(draw)
    }

    /// Loss and gradients of the loaded batch. With `rules`, the centers are updated on the way; without, their gradients are taken too.
    fn pass(&mut self, draw: usize, rules: Option<&[UpdateRule]>) -> Result<f64> {
        let Self { recipe, encoder, layers, heads, state, parts, scratch, .. } = self;
        let (own, rest) = state.params.split_at_mut(parts.projection().end);
        let projection = &own[parts.projection()];
        let times = &mut scratch.times;
        timed(&mut times.projection, || {
            layers.forward(projection, &scratch.features, &mut scratch.embedding);
        });
        scratch.gradients.0.resize_with(own.len() + rest.len(), Vec::new);
        scratch.gradients.zero(own);
        let (gradients, center_gradients) = scratch.gradients.0.split_at_mut(own.len());
        center_gradients.iter_mut().for_each(Vec::clear);
        let step = match rules {
            Some(rules) => CenterStep::Update(&rules[own.len()..]),
            None => CenterStep::Collect(center_gradients),
        };
        let learnt = HeadState { centers: rest, losses: &mut state.losses };
        let batch = HeadBatch { embedding: &scratch.embedding, labels: &scratch.labels, draw };
        let d_embedding = &mut scratch.d_embedding;
        let loss = timed(&mut times.head, || heads.step(batch, learnt, step, d_embedding))?;
        let back =
            Back { params: projection, features: &scratch.features, d_embedding: &scratch.d_embedding };
        let trains = !parts.backbone().is_empty();
        let d_features = trains.then_some(&mut scratch.d_features);
        timed(&mut times.projection, || {
            layers.backward(back, &mut gradients[parts.projection()], d_features);
        });
        if trains {
            timed(&mut times.encoder, || {
                // The same mask and the same scale as forward.
                dropout(&mut scratch.d_features, recipe.projection.dropout, recipe.train.seed, draw);
                encoder.backward(&scratch.d_features, &mut gradients[parts.backbone()])
            })?;
        }
        Ok(loss)
    }

    /// The optimizer's rule of each parameter in this step: its group's learning rate and weight decay, times its own share.
    fn rules(&self, factor: f64) -> Vec<UpdateRule> {
        let options = &self.recipe.optimizer;
        let rule = |param: &Param| {
            let group = options.group(param.group);
            let own = OptimizerOptions { weight_decay: group.weight_decay, ..options.clone() };
            UpdateRule::new(&own, group.lr * factor * param.lr_scale, self.state.step)
        };
        self.state.params.iter().map(rule).collect()
    }

    /// Updates the parameters for which there are rules with `gradients`, or with those of the last pass.
    fn update(&mut self, rules: &[UpdateRule], gradients: Option<Gradients>) {
        let started = Instant::now();
        let gradients = gradients.as_ref().unwrap_or(&self.scratch.gradients);
        for ((param, gradient), rule) in self.state.params.iter_mut().zip(&gradients.0).zip(rules) {
            if param.is_trained() {
                rule.apply(&mut param.data, gradient, &mut param.slots);
            }
        }
        self.scratch.times.update += started.elapsed();
    }

    /// Moves the averages: `average = d average + (1 - d) data` with d rising to `train.ema_decay` as (1 + t) / (10 + t), t the number
    /// of updates (the warm-up of TensorFlow's ExponentialMovingAverage).
    fn average(&mut self) {
        let t = (self.state.step + 1) as f64;
        let decay = self.recipe.train.ema_decay.min((1.0 + t) / (10.0 + t)) as f32;
        for param in &mut self.state.params {
            param.average.iter_mut().zip(&param.data).for_each(|(a, w)| *a = decay * *a + (1.0 - decay) * w);
        }
    }
}
