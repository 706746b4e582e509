//! What the caller of the decoder may choose.

use image::ImageFormat;

/// How a file becomes an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Whether the image is turned and mirrored as its EXIF orientation says, as Pillow's `ImageOps.exif_transpose` does
    /// (default: false, the way of timm and OpenCLIP). TIFF files are turned in any case, because Pillow turns them when
    /// it loads them.
    pub exif_orientation: bool,
    /// Memory that decoding one image may hold at once, in bytes, beside the file itself (default: 2^30). An image that
    /// would take more is refused before memory is taken for it.
    pub max_bytes: u64,
}

impl DecodeOptions {
    /// Whether the orientation of a file of this format is applied. Pillow turns a TIFF file when it loads it, whether it
    /// is asked to or not.
    pub(super) fn turns(self, format: ImageFormat) -> bool {
        self.exif_orientation || format == ImageFormat::Tiff
    }
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { exif_orientation: false, max_bytes: 1 << 30 }
    }
}
