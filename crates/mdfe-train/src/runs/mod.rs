//! Run folders as people look at them afterwards: listed, shown and compared.

mod date;
mod diff;
mod info;
mod list;
mod show;

pub use date::date;
pub use diff::{Difference, RunDiff, diff};
pub use info::RunInfo;
pub use list::{NoRun, RunList, list};
pub use show::{RunFile, RunShow, show};
