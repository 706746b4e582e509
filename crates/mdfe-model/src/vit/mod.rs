//! The vision transformer that every ViT family shares.
//!
//! ```text
//! pixels ─ patch embed ─ + positions, prefix tokens ─ (norm) ─ block × depth ─ (norm) ─ pool ─ (norm) ─ (head) ─ features
//! ```
//!
//! A family's [`TransformerParts`] say which parts there are and under which keys its weights lie. [`tower`] runs the parts as
//! tensors (any device, differentiable or not), [`fused`] runs them on the CPU over packed weights.

mod fused;
mod graph;
mod size;
mod tower;

pub use size::VitSize;
pub(crate) use tower::{Ending, Pool, Rotary, TransformerParts, Trunk};

use crate::{Result, Weights, ops::Element, tower::TowerConfig};

impl<P: TransformerParts> TowerConfig for P {
    type Tensors = tower::Tower;
    type Packed<E: Element> = fused::FusedTower<E>;

    fn feature_dim(&self, proj_layer: bool) -> usize {
        self.projected(proj_layer).unwrap_or(self.size().width)
    }

    fn tensors(&self, w: &Weights, proj_layer: bool) -> Result<tower::Tower> {
        tower::Tower::load(self, w, proj_layer)
    }

    fn packed<E: Element>(&self, w: &Weights, proj_layer: bool) -> Result<fused::FusedTower<E>> {
        fused::FusedTower::load(self, w, proj_layer)
    }
}
