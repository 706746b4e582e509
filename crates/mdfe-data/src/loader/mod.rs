//! Batches of pixels: which samples, in what order, loaded by worker threads.

mod batches;
mod cycle;
mod sampler;

pub use batches::{Batch, EpochReport, Loader, LoaderOptions, Noticed, Unreadable};
pub use sampler::{Sampler, SamplerOptions, Sampling};
