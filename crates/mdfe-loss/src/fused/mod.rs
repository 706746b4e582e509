//! The fused step on the CPU: cosines, margins, cross entropy and both gradients, block by block.
//!
//! Two passes over the classes. The first leaves each sample's log-sum-exp, the second computes the cosines of a block again, turns them
//! into probabilities and adds up both gradients while the block is in cache; with an optimizer it updates the block's centers
//! before it moves on. Computing the cosines twice is cheaper than keeping `[B, C*K]` of them.

mod block;
mod forward;
mod gradient;
mod plan;
mod samples;
mod sink;
mod step;

pub(crate) use forward::log_density_of;
pub use step::{FusedStep, Gradients, StepOutput};
