//! Every reader on a miniature tree in the data set's real layout; the expected samples are written by hand.

mod any;
mod tree;
