//! The learning rate of each step.

mod constant;
mod cosine;
mod decay;
mod warmup;

pub use decay::ScheduleKind;
pub use warmup::Warmup;

use crate::config::{Range, Takes, section};
use decay::Ends;

section! {
    /// The learning-rate schedule, taken per step.
    pub struct Schedule {
        /// Form of the learning rate after the warm-up.
        name: ScheduleKind = ScheduleKind::Cosine, Takes::choice::<ScheduleKind>();
        /// Learning rate of the last step, for forms that fall.
        min_lr: f64 = 1e-3, Takes::Number(Range::to(0.0, 1e3));
        /// Form of the learning rate during the warm-up.
        warmup: Warmup = Warmup::Linear, Takes::choice::<Warmup>();
        /// Length of the warm-up in epochs, fractions allowed.
        warmup_epochs: f64 = 1.0, Takes::Number(Range::to(0.0, 1e6));
    }
}

/// The length of a training and of its warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Steps of the whole training.
    pub total: usize,
    /// Steps of the warm-up, at most `total`.
    pub warmup: usize,
}

impl Schedule {
    /// The course of a training of `total` steps.
    pub fn course(&self, steps_per_epoch: usize, total: usize) -> Course {
        let warmup = match self.warmup {
            Warmup::None => 0,
            _ => ((self.warmup_epochs * steps_per_epoch as f64).round() as usize).min(total),
        };
        Course { total, warmup }
    }

    /// The learning rate of a step (counted from 0), with `lr` at the top.
    ///
    /// Step `course.warmup - 1` has exactly `lr`; where the form falls, step `course.total - 1` has exactly `min_lr`. Where
    /// the warm-up takes the whole training, it is all there is.
    pub fn rate(&self, lr: f64, step: usize, course: Course) -> f64 {
        let Course { total, warmup } = course;
        if step < warmup {
            let rise = self.warmup.member();
            return lr * rise((step + 1) as f64 / warmup as f64);
        }
        let done = (step + 1 - warmup) as f64 / (total - warmup).max(1) as f64;
        self.name.member().rate(Ends { top: lr, bottom: self.min_lr }, done.min(1.0))
    }

    /// `Ok` if the schedule fits the optimizer's learning rate; the error is a sentence that names the keys.
    pub(crate) fn check(&self, lr: f64) -> Result<(), String> {
        let min_lr = self.min_lr;
        if self.name.member().falls() && min_lr > lr {
            return Err(format!(
                "`schedule.min_lr` is {min_lr}, above `optimizer.lr`, {lr}; lower it or set schedule.name to none"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lr 2, min_lr 1, 8 steps, 4 of them warm-up. By hand: 2 * (1..4)/4, then 1 + (1 + cos(pi k/4)) / 2.
    #[test]
    fn cosine_with_linear_warmup_has_the_values_computed_by_hand() {
        let schedule = Schedule { min_lr: 1.0, ..Schedule::default() };
        let expected = [0.5, 1.0, 1.5, 2.0, 1.853_553_390_593_274, 1.5, 1.146_446_609_406_726, 1.0];
        for (step, expected) in expected.into_iter().enumerate() {
            let found = schedule.rate(2.0, step, Course { total: 8, warmup: 4 });
            assert!((found - expected).abs() < 1e-12, "step {step}: {found}, not {expected}");
        }
    }

    #[test]
    fn every_form_keeps_to_its_ends() {
        for &name in ScheduleKind::ALL {
            let schedule = Schedule { name, min_lr: 1e-3, ..Schedule::default() };
            let last = if name.member().falls() { 1e-3 } else { 2e-2 };
            for total in [1, 2, 7, 25_660] {
                for warmup in [0, 1, total / 3] {
                    if warmup < total {
                        let course = Course { total, warmup };
                        assert_eq!(schedule.rate(2e-2, total - 1, course), last, "{name:?}, {course:?}");
                    }
                    if warmup > 0 {
                        assert_eq!(schedule.rate(2e-2, warmup - 1, Course { total, warmup }), 2e-2);
                    }
                }
            }
        }
    }

    #[test]
    fn every_warmup_ends_at_the_full_rate_and_never_falls() {
        for &warmup in Warmup::ALL {
            let schedule = Schedule { warmup, ..Schedule::default() };
            let rates: Vec<f64> =
                (0..10).map(|step| schedule.rate(2.0, step, Course { total: 20, warmup: 10 })).collect();
            assert_eq!(rates[9], 2.0, "{warmup:?}");
            assert!(rates.is_sorted() && rates[0] > 0.0, "{warmup:?}: {rates:?}");
        }
    }

    #[test]
    fn exponential_warmup_rises_fast() {
        let schedule = Schedule { warmup: Warmup::Exponential, ..Schedule::default() };
        // (1 - e^-2.5) / (1 - e^-5) = 0.917915 / 0.993262.
        let rate = schedule.rate(1.0, 4, Course { total: 20, warmup: 10 });
        assert!((rate - 0.924_141_819_978_757).abs() < 1e-12);
    }

    #[test]
    fn without_schedule_and_warmup_the_rate_stays() {
        let schedule = Schedule { name: ScheduleKind::None, warmup: Warmup::None, ..Schedule::default() };
        let course = schedule.course(10, 100);
        assert_eq!(course, Course { total: 100, warmup: 0 });
        assert!((0..100).all(|step| schedule.rate(0.1, step, course) == 0.1));
    }

    #[test]
    fn warmup_of_a_fraction_of_an_epoch_is_rounded_and_never_longer_than_the_training() {
        let schedule = |warmup_epochs| Schedule { warmup_epochs, ..Schedule::default() };
        assert_eq!(schedule(0.25).course(10, 100).warmup, 3);
        assert_eq!(schedule(20.0).course(10, 100).warmup, 100);
    }
}
