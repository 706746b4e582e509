//! Text files that hold lists: tables and JSON, read with the line of every fault, and written as CSV.

pub(crate) mod json;
mod quotes;
pub(crate) mod table;
mod write;

pub(crate) use write::csv_bytes;
