//! Which files are images, by their names.

use std::path::Path;

/// Extensions of images that are decoded, in any case.
pub const IMAGE_EXTENSIONS: [&str; 10] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff"];

/// Extensions of images that are not, with the name of the format.
const NOT_DECODED: [(&str, &str); 9] = [
    ("heic", "HEIC"),
    ("heif", "HEIC"),
    ("hif", "HEIC"),
    ("avif", "AVIF"),
    ("avifs", "AVIF"),
    ("jxl", "JPEG XL"),
    ("jp2", "JPEG 2000"),
    ("j2k", "JPEG 2000"),
    ("jpx", "JPEG 2000"),
];

/// What a file is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An image that is decoded.
    Image,
    /// An image of this format, which is not.
    NotDecoded(&'static str),
    /// Anything else. Hidden files (`._name.jpg` of some archives) are.
    Other,
}

/// The kind of the file at `path`.
pub(crate) fn kind(path: &Path) -> Kind {
    let Some(extension) = path.extension().and_then(|e| e.to_str()).filter(|_| !is_hidden(path)) else {
        return Kind::Other;
    };
    if IMAGE_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) {
        return Kind::Image;
    }
    let format = NOT_DECODED.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    format.map_or(Kind::Other, |(_, format)| Kind::NotDecoded(format))
}

/// Whether the name begins with a dot.
pub(crate) fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// What to do about a format that is not decoded, as a sentence without its full stop.
pub(crate) fn remedy(format: &str) -> String {
    format!("{format} is not decoded; convert to JPEG or PNG")
}
