//! Sweeps: one experiment with every combination of some values, each with several seeds, and one table of what they are worth.
//!
//! [`Sweep::plan`] resolves all combinations before anything runs; [`run_parallel`] runs them; a [`Summary`] of their scores becomes
//! Markdown, CSV, JSON and a plot.

mod claim;
mod csv;
mod file;
mod grid;
mod markdown;
mod memory;
mod parallel;
mod plan;
mod plot;
mod summary;

pub use claim::{claim, hold_folder};
pub use file::SweepFile;
pub use grid::{Axis, Combination, Grid, Setting};
pub use memory::jobs_that_fit;
pub use parallel::run_parallel;
pub use plan::{Member, SkippedCombination, Sweep, SweepPlan};
pub use summary::{FailedRun, Row, Score, Summary, SummaryRun};
