//! The learning rate of each step.

use serde::{Deserialize, Serialize};

/// How the learning rate falls after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// It stays.
    None,
    /// Half a cosine from `lr` to `min_lr` (Loshchilov and Hutter, 1608.03983, eq. 5, without restarts).
    #[default]
    Cosine,
}

/// How the learning rate rises at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Warmup {
    /// It does not: the first step has the full rate.
    None,
    /// In equal parts.
    #[default]
    Linear,
    /// Fast first: (1 - exp(-5 x)) / (1 - exp(-5)) of the full rate, x the share of the warm-up that is over.
    Exponential,
}

/// The learning-rate schedule, taken per step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Its form after the warm-up. Default `cosine`.
    pub name: ScheduleKind,
    /// Learning rate of the last step (`cosine`). Default 1e-3.
    pub min_lr: f64,
    /// Its form during the warm-up. Default `linear`.
    pub warmup: Warmup,
    /// Length of the warm-up in epochs, fractions allowed. Default 1.
    pub warmup_epochs: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { name: ScheduleKind::Cosine, min_lr: 1e-3, warmup: Warmup::Linear, warmup_epochs: 1.0 }
    }
}

impl Schedule {
    /// The learning rate of a step (counted from 0) of `total`, with `warmup` steps of warm-up and `lr` at the top.
    ///
    /// Step `warmup - 1` has exactly `lr`; with `cosine`, step `total - 1` has exactly `min_lr`. Where the warm-up takes
    /// the whole training, it is all there is.
    pub fn rate(&self, lr: f64, step: usize, (total, warmup): (usize, usize)) -> f64 {
        if step < warmup {
            let x = (step + 1) as f64 / warmup as f64;
            return lr
                * match self.warmup {
                    Warmup::None => 1.0,
                    Warmup::Linear => x,
                    Warmup::Exponential => (-5.0 * x).exp_m1() / (-5.0f64).exp_m1(),
                };
        }
        match self.name {
            ScheduleKind::None => lr,
            ScheduleKind::Cosine => {
                let x = (step + 1 - warmup) as f64 / (total - warmup).max(1) as f64;
                let share = 0.5 * (1.0 + (std::f64::consts::PI * x.min(1.0)).cos());
                self.min_lr + (lr - self.min_lr) * share
            }
        }
    }

    /// The number of warm-up steps, at most `total`.
    pub fn warmup_steps(&self, steps_per_epoch: usize, total: usize) -> usize {
        match self.warmup {
            Warmup::None => 0,
            _ => ((self.warmup_epochs * steps_per_epoch as f64).round() as usize).min(total),
        }
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
            let found = schedule.rate(2.0, step, (8, 4));
            assert!((found - expected).abs() < 1e-12, "step {step}: {found}, not {expected}");
        }
    }

    #[test]
    fn last_step_reaches_min_lr_exactly() {
        for total in [1, 2, 7, 25_660] {
            for warmup in [0, 1, total / 3] {
                let schedule = Schedule { min_lr: 1e-3, ..Schedule::default() };
                if warmup < total {
                    assert_eq!(schedule.rate(2e-2, total - 1, (total, warmup)), 1e-3);
                }
            }
        }
    }

    #[test]
    fn exponential_warmup_rises_fast_and_ends_at_the_full_rate() {
        let schedule = Schedule { warmup: Warmup::Exponential, ..Schedule::default() };
        assert_eq!(schedule.rate(2.0, 9, (20, 10)), 2.0);
        // (1 - e^-2.5) / (1 - e^-5) = 0.917915 / 0.993262.
        assert!((schedule.rate(1.0, 4, (20, 10)) - 0.924_141_819_978_757).abs() < 1e-12);
    }

    #[test]
    fn without_schedule_and_warmup_the_rate_stays() {
        let schedule = Schedule { name: ScheduleKind::None, warmup: Warmup::None, ..Schedule::default() };
        assert_eq!(schedule.warmup_steps(10, 100), 0);
        assert!((0..9).all(|step| schedule.rate(0.1, step, (9, 0)) == 0.1));
    }
}
