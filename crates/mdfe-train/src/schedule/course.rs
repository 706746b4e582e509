//! How long a training and its warm-up are.

use super::{Schedule, Warmup};

/// The length of a training and of its warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// T, steps of the whole training.
    pub total: usize,
    /// W, steps of the warm-up; 0 for none. It may be longer than the training.
    pub warmup: usize,
}

impl Schedule {
    /// The course of a training of `total` steps. A warm-up in epochs is rounded to whole steps.
    pub fn course(&self, steps_per_epoch: usize, total: usize) -> Course {
        let warmup = match (self.warmup, self.warmup_steps) {
            (Warmup::None, _) => 0,
            (_, Some(steps)) => steps,
            (_, None) => (self.warmup_epochs * steps_per_epoch as f64).round() as usize,
        };
        Course { total, warmup }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warmup_is_counted_in_epochs_or_in_steps() {
        let epochs = |warmup_epochs| Schedule { warmup_epochs, ..Schedule::default() };
        assert_eq!(epochs(0.25).course(10, 100).warmup, 3);
        assert_eq!(epochs(20.0).course(10, 100).warmup, 200);
        let steps = Schedule { warmup_steps: Some(7), ..epochs(0.25) };
        assert_eq!(steps.course(10, 100), Course { total: 100, warmup: 7 });
        assert_eq!(Schedule { warmup: Warmup::None, ..steps }.course(10, 100).warmup, 0);
    }
}
