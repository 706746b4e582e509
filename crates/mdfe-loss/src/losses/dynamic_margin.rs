//! DynamicMargin (CLAM).

use super::{
    angle::{additive_angular, additive_angular_tensor},
    member::{Classes, ForClasses, Member, Point, Sample},
    options::{ANGLE, ANGLES, SCALE, loss_options},
};
use crate::{Error, LossState, Result, error::expect_len};
use candle_core::Tensor;
use std::{f64::consts::PI, sync::Arc};

loss_options! {
    /// ArcFace with a margin per class that falls with the class's size (CLAM, class-distribution-aware additive angular margin).
    ///
    /// The target's logit is s cos(theta + m_c) with
    /// m_c = m_min + (m_max - m_min)/2 (1 + cos(pi (n_c - n_min)/(n_max - n_min))), where n_c is the number of training samples of class c
    /// and n_min, n_max are the smallest and largest: the rarest class has m_max, the largest m_min. Equal counts give every class
    /// the mean of the two. Florek et al., "Efficient and Discriminative Image Feature Extraction for Universal Image Retrieval" (2409.13513);
    /// the idea of margins by class size is that of Ha et al. (2010.05350).
    ///
    /// Stateless. For long-tailed data.
    DynamicMargin {
        /// The scale s. Default 30.
        scale: f64 = 30.0, SCALE;
        /// The margin of the rarest class in radians, 0 to pi/2. Default 0.5.
        max_margin: f64 = 0.5, ANGLE;
        /// The margin of the largest class in radians, 0 to `max_margin`. Default 0.2.
        min_margin: f64 = 0.2, ANGLE;
        /// Margins by class id in radians, `[C]`, in place of the formula. Default none.
        #[serde(skip_serializing_if = "Option::is_none")]
        margins: Option<Vec<f64>> = None, ANGLES;
    }
}

impl DynamicMargin {
    /// The margin of each class in radians, `[C]`, from the number of training samples of each class, `[C]`, indexed by class id.
    pub fn margins_of(&self, class_counts: &[u64]) -> Vec<f64> {
        let least = class_counts.iter().copied().min().unwrap_or(0) as f64;
        let most = class_counts.iter().copied().max().unwrap_or(0) as f64;
        // Equal counts: the middle of the range, the limit of neither end.
        let place = |count: f64| if most > least { (count - least) / (most - least) } else { 0.5 };
        let half = 0.5 * (self.max_margin - self.min_margin);
        class_counts
            .iter()
            .map(|&count| self.min_margin + half * (1.0 + (PI * place(count as f64)).cos()))
            .collect()
    }
}

impl ForClasses for DynamicMargin {
    fn for_classes(&self, classes: Classes<'_>) -> Result<Arc<dyn Member>> {
        if self.min_margin > self.max_margin {
            let (loss, option, allowed) = ("DynamicMargin", "min_margin", "at most `max_margin`");
            return Err(Error::Option { loss, option, value: self.min_margin, allowed });
        }
        let margins = match (&self.margins, classes.counts) {
            (Some(margins), _) => {
                expect_len("margins", "[C]", margins.len(), classes.number)?;
                margins.clone()
            }
            (None, Some(counts)) => {
                expect_len("class_counts", "[C]", counts.len(), classes.number)?;
                self.margins_of(counts)
            }
            (None, None) => return Err(Error::NoClassCounts { num_classes: classes.number }),
        };
        Ok(Arc::new(ClassMargins { scale: self.scale, margins }))
    }
}

/// An angular margin of each class.
#[derive(Debug)]
pub(crate) struct ClassMargins {
    scale: f64,
    margins: Vec<f64>,
}

impl Member for ClassMargins {
    fn scale(&self, _: &LossState) -> f64 {
        self.scale
    }

    fn target(&self, _: &LossState, sample: Sample) -> Point {
        additive_angular(sample.cosine, self.margins[sample.label as usize])
    }

    fn target_tensor(
        &self,
        _: &LossState,
        samples: &[Sample],
        cosine: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let margins: Vec<f64> = samples.iter().map(|sample| self.margins[sample.label as usize]).collect();
        additive_angular_tensor(cosine, &margins)
    }
}
