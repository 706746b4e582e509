//! The learning rate of a training at a glance: what a dry run shows of it.

use super::{Course, Schedule, ScheduleKind, Warmup};
use serde::Serialize;
use std::{collections::BTreeSet, fmt};

/// Steps that a curve shows, besides the end of the warm-up.
const POINTS: usize = 9;
/// Characters of the longest bar.
const WIDTH: f64 = 40.0;

/// A step and its learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The step, counted from 0.
    pub step: usize,
    /// Its learning rate.
    pub lr: f64,
}

/// The learning rates of a training: about ten steps, the first, the last and the end of the warm-up among them. `Display` is a
/// table with bars.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearningRates {
    /// Form of the schedule.
    pub schedule: &'static str,
    /// Form of the warm-up.
    pub warmup: &'static str,
    /// Steps of the warm-up.
    pub warmup_steps: usize,
    /// The steps, in order.
    pub points: Vec<CurvePoint>,
}

impl LearningRates {
    /// The rates of a schedule with `lr` before it.
    pub fn new(schedule: &Schedule, lr: f64, course: Course) -> Self {
        let last = course.total.saturating_sub(1);
        let mut steps: BTreeSet<usize> = (0..POINTS).map(|i| last * i / (POINTS - 1)).collect();
        steps.extend(course.warmup.checked_sub(1).filter(|&end| end < last));
        let point = |step| CurvePoint { step, lr: schedule.rate(lr, step, course) };
        Self {
            schedule: schedule.name.name(),
            warmup: schedule.warmup.name(),
            warmup_steps: course.warmup,
            points: steps.into_iter().map(point).collect(),
        }
    }
}

impl fmt::Display for LearningRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schedule =
            if self.schedule == ScheduleKind::None.name() { "the same in every step" } else { self.schedule };
        write!(f, "learning rate: {schedule}")?;
        if self.warmup != Warmup::None.name() {
            write!(f, ", {} warm-up of {} steps", self.warmup, self.warmup_steps)?;
        }
        write!(f, "\n{:>10}  {:>9}", "step", "rate")?;
        let top = self.points.iter().fold(0.0, |top: f64, point| top.max(point.lr));
        for CurvePoint { step, lr } in &self.points {
            let bar = if top > 0.0 { (lr / top * WIDTH).round() as usize } else { 0 };
            write!(f, "\n{}", format!("{step:>10}  {lr:>9.3e}  {}", "#".repeat(bar)).trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_shows_the_ends_and_the_warmup() {
        let schedule = Schedule::default();
        let course = Course { total: 25_660, warmup: 2566 };
        let rates = LearningRates::new(&schedule, 2e-2, course);
        let steps: Vec<usize> = rates.points.iter().map(|point| point.step).collect();
        assert_eq!(steps, [0, 2565, 3207, 6414, 9622, 12829, 16036, 19244, 22451, 25_659]);
        for point in &rates.points {
            assert_eq!(point.lr, schedule.rate(2e-2, point.step, course));
        }
        let text = rates.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "learning rate: cosine, linear warm-up of 2566 steps");
        assert_eq!(lines.len(), 12);
        assert!(lines[3].contains("1.954e-2") && lines[3].ends_with(&"#".repeat(40)), "{text}");
        assert!(lines[11].trim_start().starts_with("25659   1.000e-3  ##"), "{text}");
    }

    #[test]
    fn short_trainings_show_each_step_once() {
        let rates = |total, warmup| LearningRates::new(&Schedule::default(), 1.0, Course { total, warmup });
        for (total, warmup) in [(1, 0), (1, 9), (3, 2), (9, 9), (0, 0)] {
            let steps: Vec<usize> = rates(total, warmup).points.iter().map(|point| point.step).collect();
            assert_eq!(steps, (0..total.max(1)).collect::<Vec<_>>(), "{total} {warmup}");
        }
    }
}
