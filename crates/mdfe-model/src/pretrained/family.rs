//! The backbone types that users of the method know.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Makes [`Family`] of its members, each a line with its key.
macro_rules! families {
    ($($(#[$doc:meta])* $member:ident = $key:literal,)*) => {
        /// A backbone family, by its key in experiment files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Family {
            $($(#[$doc])* #[serde(rename = $key)] $member,)*
        }

        impl Family {
            /// Every family, the method's eight first.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$member),*];

            /// The key in experiment files.
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$member => $key,)*
                }
            }
        }
    };
}

families! {
    /// OpenCLIP's ViTs and their timm twins, as OpenAI, LAION, DataComp and DFN trained them.
    Clip = "clip",
    /// OpenCLIP's ConvNeXt trunks.
    ClipConvNext = "clip_convnext",
    /// CLIPA v2.
    ClipaV2 = "clipav2",
    /// EVA and EVA02.
    Eva02 = "eva02",
    /// MetaCLIP and MetaCLIP 2.
    MetaClip = "meta-clip",
    /// SigLIP and SigLIP 2.
    SigLip = "siglip",
    /// DINOv2, with and without registers.
    DinoV2 = "dinov2",
    /// Segment Anything's image encoder.
    Sam = "sam",
    /// EfficientNet-Lite: the demo's backbone.
    EfficientNetLite = "efficientnet_lite",
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}
