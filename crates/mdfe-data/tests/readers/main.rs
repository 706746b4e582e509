//! Every reader on a miniature tree in the data set's real layout; the expected samples are written by hand.

mod any;
mod apparel;
mod cars;
mod combined;
mod food;
mod goods;
mod registry;
mod show;
mod tree;
mod uned;
