//! Faults of data sets are found, and the list of them is one that readers leave out.

mod faults;
mod phash;
