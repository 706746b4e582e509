//! What is worth knowing about an image that was decoded.

use std::fmt;

/// A loss on the way from file to image. The image is used all the same, because Pillow, through which backbones are
/// compared, loses the same; whoever counts images should count these too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Gray of 16 bits was cut off at 255, so that everything brighter is white.
    GrayCutOff {
        /// Pixels that were above 255.
        above: usize,
        /// Pixels of the image.
        pixels: usize,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GrayCutOff { above, pixels } => write!(
                f,
                "{above} of {pixels} pixels of 16-bit gray are above 255 and became white, as in Pillow; save the image with \
                 8 bits"
            ),
        }
    }
}
