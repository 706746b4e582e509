//! Validation: retrieval among classes that are not trained.

use super::{BestScore, Trainer, Watched};
use crate::{Error, Pass, Result, Scalar, checkpoint::Kind};
use mdfe_eval::{Evaluation, Exclude, Metric, Retrieval, Rows};
use std::collections::HashSet;

/// k of the score.
const NEIGHBOURS: usize = 5;
/// Equal scores are sums in different orders; what lies this close together is no progress.
const ROUNDING: f64 = 1e-12;
/// Images in one forward pass at most: the training's batch may be too large for a GPU without gradients to spare, never too small.
const BATCH: usize = 64;

impl Trainer<'_> {
    /// Whether validation has found nothing better for as long as the recipe's patience.
    pub(super) fn is_stale(&self) -> bool {
        let patience = self.recipe.valid.patience;
        self.validation.is_some() && patience > 0 && self.state.validation.since >= patience
    }

    /// Refuses samples that no score can be had of, before anything is trained.
    pub(crate) fn check_validation(&self) -> Result<()> {
        let Some(source) = self.validation else { return Ok(()) };
        let (found, expected) = (source.width(), self.source.width());
        if found != expected {
            return Err(Error::Data(format!(
                "samples to validate on have {found} values, those to train on {expected}: take both from one backbone and transform"
            )));
        }
        let mut seen = HashSet::new();
        if source.facts().labels.iter().all(|label| seen.insert(label)) {
            return Err(Error::Data(
                "nothing can be scored in the validation: no class has two samples; hold out more classes (valid.classes), or none"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Scores the embedder as it would be made now, averages included, and keeps the best checkpoint.
    pub(super) fn validate(&mut self, watched: &mut Watched<'_>) -> Result<()> {
        let Some(source) = self.validation else { return Ok(()) };
        let facts = source.facts();
        let order: Vec<u32> = (0..facts.len() as u32).collect();
        let projection = self.projection()?;
        let (mut embeddings, mut labels, mut features) = (Vec::new(), Vec::new(), Vec::new());
        let averaged = self.state.params[self.parts.backbone()].iter().any(|param| !param.average.is_empty());
        if averaged {
            self.load_final()?;
        }
        let encoder = &mut self.encoder;
        source.push(Pass { epoch: 0, seed: 0, order: &order, batch: BATCH }, &mut |samples| {
            encoder.encode(samples.rows.len(), &mut samples.values, &mut features)?;
            embeddings.extend(projection.embed(&features)?);
            labels.extend(samples.rows.iter().map(|&row| i64::from(facts.labels[row as usize])));
            Ok(true)
        })?;
        if averaged {
            self.reload()?;
        }
        let rows = Rows::new(&embeddings, projection.embed_dim())?;
        let side = Retrieval { embeddings: rows, labels: &labels, domains: None };
        let evaluation = Evaluation {
            metrics: vec![Metric::ModifiedPrecision(NEIGHBOURS)],
            exclude: Exclude::SameRow,
            ..Evaluation::default()
        };
        let report = evaluation.run(side, side)?;
        let mmp = report.overall.iter().next().and_then(|(_, score)| *score).unwrap_or_default();
        let step = self.state.step;
        let best = self.state.validation.best.is_none_or(|best| mmp > best.score + ROUNDING);
        if best {
            self.state.validation.best = Some(BestScore { step, score: mmp });
            self.state.validation.since = 0;
            if let Some(checkpoints) = watched.checkpoints {
                let experiment = self.fingerprint();
                let path = checkpoints.save(&mut self.state, &experiment, Kind::Best)?;
                watched.observer.checkpoint(&path)?;
            }
        } else {
            self.state.validation.since += 1;
        }
        // A scalar's step is the last one done, counted from 0.
        let name = format!("valid/mMP@{NEIGHBOURS}");
        watched.observer.scalar(&Scalar { step: step - 1, name, value: mmp })
    }
}
