//! From data sets and a backbone to scores: extract (or reuse), train, compare, save.

mod observer;
mod record;
mod retrieval;
mod run;
mod run_folder;
mod scores;
mod split;
mod table;
mod test_set;
mod views;

pub use observer::RunObserver;
pub use record::RunState;
pub use run::{Run, RunOutcome};
pub use run_folder::{Claim, Claimed, RunFolder};
pub use scores::{MeanScores, Scores, SetScores};
pub use split::hold_out;
pub use table::{Widths, table};
pub use test_set::{Protocol, TestSet};

pub(crate) use record::RunRecord;
