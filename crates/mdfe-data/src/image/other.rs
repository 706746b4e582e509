//! Formats that the `image` crate decodes: PNG, WebP, GIF, BMP and TIFF.

use super::{
    DecodeOptions,
    decode::Decoded,
    limits::{self, Demand},
    to_rgb::to_rgb,
    webp,
};
use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    metadata::Orientation,
};
use std::io::Cursor;

/// Decodes a file to RGB; the orientation is told, not applied.
pub(super) fn decode(
    bytes: &[u8],
    format: ImageFormat,
    options: DecodeOptions,
) -> Result<(Decoded, Orientation), String> {
    let fault = |error| match error {
        ImageError::Limits(_) => limits::exceeded(options.max_bytes),
        other => other.to_string(),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(with_memory(options.max_bytes));
    let mut decoder = reader.into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (u64::from(width), u64::from(height));
    let (rgb, output) = (Demand::rgb(width, height), decoder.total_bytes());
    // What follows the decoder is the conversion to RGB.
    let converted = if decoder.color_type() == ColorType::Rgb8 { output } else { output.saturating_add(rgb) };
    let scratch = output.saturating_add(scratch(bytes, format, width * height, output));
    let demand = Demand { width, height, bytes: scratch.max(converted) };
    let demand = if options.turns(format) { demand.and_turned() } else { demand };
    demand.check(options.max_bytes)?;
    // What the header does not tell, like frames that lie outside the image, the decoder holds to the rest.
    decoder.set_limits(with_memory(options.max_bytes - output)).map_err(fault)?;
    let orientation = match format {
        _ if !options.turns(format) => Orientation::NoTransforms,
        ImageFormat::WebP => webp::orientation(bytes),
        _ => decoder.orientation().map_err(fault)?,
    };
    let image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    Ok((to_rgb(image), orientation))
}

fn with_memory(bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(bytes);
    limits
}

/// Bytes that a decoder holds beside its `output`, by reading its source.
///
/// Not counted is what a broken file makes a decoder reserve and then not use, because the file ends: at most 34 MB for WebP
/// (partitions of a frame, whose length has 24 bits) and 0.27 GB for TIFF (values of the header, which are read before a limit
/// can be set).
fn scratch(bytes: &[u8], format: ImageFormat, pixels: u64, output: u64) -> u64 {
    match format {
        // `image-webp`: a frame and the canvas of an animation, 4 bytes a pixel each, or all of a still image. The planes of
        // a frame are there before its size is compared with the image's.
        ImageFormat::WebP => pixels.saturating_mul(8).max(webp::planes(bytes)),
        // `tiff` decodes to memory of its own, which is copied.
        ImageFormat::Tiff => output,
        // The others write to the output, row by row.
        _ => 0,
    }
}
