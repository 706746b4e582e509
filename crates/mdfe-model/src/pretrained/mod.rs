//! The table of pretrained image towers: every one of the eight families that timm 1.0.31 and OpenCLIP 3.3.0 list with
//! weights on the hub, and the demo's EfficientNet-Lite.
//!
//! `table.json` is written by `tests/reference/pretrained/table.py` from those two packages and read once, on first use.

mod family;
mod load;
mod lookup;
mod table;

pub use family::Family;
pub use load::{LoadOptions, LoadedBackbone, load_backbone, weight_files};
pub(crate) use load::{Opened, backbone_id, identify, open};
pub use lookup::{Filter, list, pretrained};
pub use table::{Pretrained, Source};

#[cfg(test)]
mod tests;
