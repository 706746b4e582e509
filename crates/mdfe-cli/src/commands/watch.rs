//! Progress of extraction and training.

use crate::console::Progress;
use mdfe_model::extract::{ExtractProgress, ExtractStage, Extraction};
use mdfe_train::{Scalar, StepReport, pipeline::RunObserver};

/// Shows a bar for the work at hand, and a log line when it ends.
#[derive(Default)]
pub(crate) struct Watch {
    bar: Option<(String, Progress)>,
}

impl Watch {
    fn show(&mut self, name: &str, (done, total): (u64, u64), unit: &str) {
        if self.bar.as_ref().is_none_or(|(shown, _)| shown != name) {
            self.finish();
            self.bar = Some((name.to_owned(), Progress::new(name, total, unit)));
        }
        if let Some((_, bar)) = &self.bar {
            bar.update(done, total);
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish();
        }
    }

    /// Says what an extraction did.
    pub(crate) fn report(dataset: &str, extraction: &Extraction) {
        let dir = extraction.dir.display();
        if extraction.computed == 0 && extraction.missing == 0 {
            tracing::info!(
                "{dataset}: {} features are there already ({dir}); extraction skipped",
                extraction.reused
            );
            return;
        }
        let times = extraction.times;
        let (wait, compute) = (times.decode_wait.as_secs_f64(), times.compute.as_secs_f64());
        let all = (wait + compute).max(1e-9);
        tracing::info!(
            "{dataset}: {} features extracted, {:.1}/s ({:.0} % of the time waiting for decoding, {:.0} % in the backbone), {} \
             reused, in {dir}",
            extraction.computed,
            extraction.computed as f64 / all,
            100.0 * wait / all,
            100.0 * compute / all,
            extraction.reused
        );
        if extraction.missing > 0 {
            tracing::info!(
                "{dataset}: {} images have no features yet; run again to go on",
                extraction.missing
            );
        }
        for skipped in &extraction.skipped {
            tracing::warn!("skipped {}: {}", skipped.path, skipped.reason);
        }
    }
}

impl RunObserver for Watch {
    fn extracting(&mut self, dataset: &str, progress: ExtractProgress) {
        let what = match progress.stage {
            ExtractStage::Identify => "identifying",
            ExtractStage::Compute => "extracting",
        };
        self.show(&format!("{what} {dataset}"), (progress.done as u64, progress.total as u64), "images");
    }

    fn extracted(&mut self, dataset: &str, extraction: &Extraction) {
        self.finish();
        Self::report(dataset, extraction);
    }

    fn resumed(&mut self, step: usize, total: usize) {
        tracing::info!("resumed at step {step} of {total}");
    }

    fn scalar(&mut self, scalar: &Scalar) {
        tracing::info!("{} {:.4} after step {}", scalar.name, scalar.value, scalar.step + 1);
    }

    fn trained(&mut self, report: &StepReport) {
        let (done, total) = (report.step as u64 + 1, report.total_steps as u64);
        self.show("training", (done, total), "steps");
        if done == total {
            self.finish();
            let (loss, rate) = (report.loss, report.samples_per_s);
            tracing::info!("trained {total} steps, {rate:.0} samples/s, loss of the last batch {loss:.3}");
        }
    }
}
