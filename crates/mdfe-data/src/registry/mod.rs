//! What `mdfe datasets` shows: the list of data sets, whether one lies on disk, and a data set in the terminal.

mod check;
mod list;
mod show;

pub use check::{MissingEntry, TreeCheck, check_tree, missing_images};
pub use list::{ListRow, list, list_text};
pub use show::{class_size_histogram, counts_line, jsonl_line};
