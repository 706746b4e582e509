//! The backbone types that users of the method know.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A backbone family, by its key in experiment files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Family {
    /// OpenCLIP's ViTs and their timm twins, as OpenAI, LAION, DataComp and DFN trained them.
    #[serde(rename = "clip")]
    Clip,
    /// OpenCLIP's ConvNeXt trunks.
    #[serde(rename = "clip_convnext")]
    ClipConvNext,
    /// CLIPA v2.
    #[serde(rename = "clipav2")]
    ClipaV2,
    /// EVA and EVA02.
    #[serde(rename = "eva02")]
    Eva02,
    /// MetaCLIP and MetaCLIP 2.
    #[serde(rename = "meta-clip")]
    MetaClip,
    /// SigLIP and SigLIP 2.
    #[serde(rename = "siglip")]
    SigLip,
    /// DINOv2, with and without registers.
    #[serde(rename = "dinov2")]
    DinoV2,
    /// Segment Anything's image encoder.
    #[serde(rename = "sam")]
    Sam,
    /// EfficientNet-Lite: the demo's backbone.
    #[serde(rename = "efficientnet_lite")]
    EfficientNetLite,
}

impl Family {
    /// Every family, the method's eight first.
    pub const ALL: [Self; 9] = [
        Self::Clip,
        Self::ClipConvNext,
        Self::ClipaV2,
        Self::Eva02,
        Self::MetaClip,
        Self::SigLip,
        Self::DinoV2,
        Self::Sam,
        Self::EfficientNetLite,
    ];

    /// The key in experiment files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::ClipConvNext => "clip_convnext",
            Self::ClipaV2 => "clipav2",
            Self::Eva02 => "eva02",
            Self::MetaClip => "meta-clip",
            Self::SigLip => "siglip",
            Self::DinoV2 => "dinov2",
            Self::Sam => "sam",
            Self::EfficientNetLite => "efficientnet_lite",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}
