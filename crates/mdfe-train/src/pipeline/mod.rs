//! From data sets and a backbone to scores: extract (or reuse), train, compare, save.

mod export;
mod observer;
mod prepare;
mod record;
mod retrieval;
mod run;
mod run_folder;
mod scores;
mod split;
mod stage;
mod table;
mod test_set;
mod training;
mod views;
mod warm_start;

pub use export::Which;
pub use observer::RunObserver;
pub use record::{Lineage, RunState};
pub use run::{BackboneSource, Run, RunOutcome};
pub use run_folder::{Claim, Claimed, RunFolder};
pub use scores::{MeanScores, Scores, SetScores};
pub use split::{hold_out, validation};
pub use stage::{Stage, store_dtype};
pub use table::{Widths, table};
pub use test_set::{Protocol, TestSet};
pub use warm_start::WarmStart;

pub(crate) use record::RunRecord;
