//! The learning rate of each step.
//!
//! `rate(t) = (min_lr + (lr - min_lr) left(t / T)) rise((t + 1) / W)`: the form falls over all T steps of the training, and the warm-up of W steps is a
//! factor on top of it. With the cosine and the linear warm-up that is `CosineAnnealingLR` under `LinearWarmup`, which the published
//! training (arXiv 2409.13513) takes; its rate never quite reaches `lr` or `min_lr`.

mod constant;
mod cosine;
mod course;
mod curve;
mod decay;
mod warmup;

pub use course::Course;
pub use curve::{CurvePoint, LearningRates};
pub use decay::ScheduleKind;
pub use warmup::Warmup;

use crate::config::{Range, Takes, section};

section! {
    /// The learning-rate schedule, taken per step.
    pub struct Schedule {
        /// Form of the learning rate over the training.
        name: ScheduleKind = ScheduleKind::Cosine, Takes::choice::<ScheduleKind>();
        /// Learning rate that falling forms go towards; without, a twentieth of `optimizer.lr`.
        #[serde(skip_serializing_if = "Option::is_none")]
        min_lr: Option<f64> = None, Takes::Number(Range::to(0.0, 1e3));
        /// Form of the warm-up, a factor on top of the schedule.
        warmup: Warmup = Warmup::Linear, Takes::choice::<Warmup>();
        /// Length of the warm-up in epochs, fractions allowed.
        warmup_epochs: f64 = 1.0, Takes::Number(Range::to(0.0, 1e6));
        /// Length of the warm-up in steps, in place of `schedule.warmup_epochs`.
        #[serde(skip_serializing_if = "Option::is_none")]
        warmup_steps: Option<usize> = None, Takes::Count(0);
    }
}

/// How many times `min_lr` goes into `lr` where nobody gives it: the published training's 1e-3 of 2e-2.
const FALL: f64 = 20.0;

impl Schedule {
    /// The factor of a step (counted from 0), above 0 and at most 1: what the learning rate `lr` is multiplied with in it.
    ///
    /// The schedule is this one factor, so that every group of parameters has its own rate and the same course; `lr` is the rate that
    /// [`Schedule::min_lr`] is read against.
    pub fn factor(&self, lr: f64, step: usize, course: Course) -> f64 {
        let decay = self.name.member();
        let over = step as f64 / course.total.max(1) as f64;
        let fallen = (1.0 - self.min_share(lr)) * (1.0 - decay.left(over.min(1.0)));
        let rise = match course.warmup {
            0 => 1.0,
            warmup => self.warmup.member()((step + 1) as f64 / warmup as f64),
        };
        (1.0 - fallen) * rise
    }

    /// The learning rate of a step (counted from 0): `lr` times its [`Schedule::factor`].
    pub fn rate(&self, lr: f64, step: usize, course: Course) -> f64 {
        lr * self.factor(lr, step, course)
    }

    /// The learning rate that falling forms go towards: `min_lr`, or a twentieth of `lr`.
    pub fn lowest(&self, lr: f64) -> f64 {
        self.min_lr.unwrap_or(lr / FALL)
    }

    fn min_share(&self, lr: f64) -> f64 {
        if lr > 0.0 { self.lowest(lr) / lr } else { 1.0 }
    }

    /// `Ok` if the schedule fits the optimizer's learning rate; the error is a sentence that names the keys.
    pub(crate) fn check(&self, lr: f64) -> Result<(), String> {
        match self.min_lr {
            Some(min_lr) if self.name.member().falls() && min_lr > lr => Err(format!(
                "`schedule.min_lr` is {min_lr}, above `optimizer.lr`, {lr}; lower it or set schedule.name to none"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lr 2, min_lr 1, T 4, W 2. By hand: (1 + (1 + cos(pi t/4)) / 2) min(1, (t + 1)/2).
    #[test]
    fn cosine_with_linear_warmup_has_the_values_computed_by_hand() {
        let schedule = Schedule { min_lr: Some(1.0), ..Schedule::default() };
        for (step, expected) in
            [1.0, 1.853_553_390_593_274, 1.5, 1.146_446_609_406_726].into_iter().enumerate()
        {
            let found = schedule.rate(2.0, step, Course { total: 4, warmup: 2 });
            assert!((found - expected).abs() < 1e-12, "step {step}: {found}, not {expected}");
        }
    }

    #[test]
    fn every_form_stays_between_min_lr_and_lr_and_falls_or_stays() {
        for &name in ScheduleKind::ALL {
            let schedule = Schedule { name, min_lr: Some(1e-3), warmup: Warmup::None, ..Schedule::default() };
            for total in [1, 2, 7, 25_660] {
                let course = Course { total, warmup: 0 };
                let rates: Vec<f64> = (0..total).map(|step| schedule.rate(2e-2, step, course)).collect();
                assert_eq!(rates[0], 2e-2, "{name:?} of {total} steps");
                assert!(rates.is_sorted_by(|a, b| a >= b), "{name:?}");
                let end = if name.member().falls() { 1e-3 } else { 2e-2 };
                assert!((schedule.rate(2e-2, total, course) - end).abs() < 1e-15, "{name:?}");
                assert!(rates.iter().all(|&rate| rate == 2e-2 || rate > end), "{name:?}");
            }
        }
    }

    #[test]
    fn without_min_lr_the_end_is_a_twentieth_of_each_rate() {
        let schedule = Schedule::default();
        let course = Course { total: 100, warmup: 0 };
        assert_eq!((schedule.lowest(2e-2), schedule.lowest(0.4)), (1e-3, 0.02));
        let given = Schedule { min_lr: Some(0.02), ..Schedule::default() };
        for step in 0..100 {
            let (own, given) = (schedule.rate(0.4, step, course), given.rate(0.4, step, course));
            assert!((own - given).abs() < 1e-15, "step {step}");
        }
    }

    #[test]
    fn a_rate_of_nothing_stays_nothing() {
        let schedule = Schedule { min_lr: Some(0.0), ..Schedule::default() };
        assert!((0..9).all(|step| schedule.rate(0.0, step, Course { total: 9, warmup: 3 }) == 0.0));
    }

    #[test]
    fn without_schedule_and_warmup_the_rate_stays() {
        let schedule = Schedule { name: ScheduleKind::None, warmup: Warmup::None, ..Schedule::default() };
        let course = schedule.course(10, 100);
        assert_eq!(course, Course { total: 100, warmup: 0 });
        assert!((0..100).all(|step| schedule.rate(0.1, step, course) == 0.1));
    }
}
