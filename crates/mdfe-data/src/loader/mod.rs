//! Batches of pixels: which samples, in what order, loaded by worker threads.

mod batches;
mod cycle;
mod sampler;

pub use batches::{Batch, EpochReport, Images, Loader, LoaderOptions, LoaderPass, Noticed, Unreadable};
pub use sampler::{SampleFacts, Sampler, SamplerOptions, Sampling};
