//! `GET /thumb/{row}`: a small JPEG of an indexed image.

use super::{Refusal, body, reply::ErrorBody};
use crate::app::App;
use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use image::{codecs::jpeg::JpegEncoder, imageops};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Longer side without `size`, in pixels.
const DEFAULT_SIZE: u32 = 320;
/// Longest side, in pixels.
const MAX_SIZE: u32 = 1024;
/// JPEG quality, 1 to 100.
const QUALITY: u8 = 84;

/// How large it is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ThumbQuery {
    /// Longer side in pixels, 16 to 1024 (default 320).
    size: Option<u32>,
}

/// A small JPEG of the image of a row. Only files that are in the index are read.
#[utoipa::path(
    get,
    path = "/thumb/{row}",
    params(("row" = usize, Path, description = "row of the index, counted from 0"), ThumbQuery),
    responses(
        (status = 200, content_type = "image/jpeg", body = Vec<u8>),
        (status = 404, body = ErrorBody, description = "no such row, or its file is not there")
    ),
    security((), ("token" = []))
)]
pub(super) async fn thumb(
    State(app): State<Arc<App>>,
    row: Result<Path<usize>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Path(row) =
        row.map_err(|error| Refusal::input(format!("a row is a whole number: {}", error.body_text())))?;
    let query: ThumbQuery = body::query(&request)?;
    let size = query.size.unwrap_or(DEFAULT_SIZE);
    if !(16..=MAX_SIZE).contains(&size) {
        return Err(Refusal::input(format!("`size` is {size}; it takes 16 to {MAX_SIZE}")).param("size"));
    }
    let path = app.index()?.path(row).ok_or_else(|| {
        Refusal::not_found(&format!("the index has no row {row}, or no path for it")).param("row")
    })?;
    let path = app.options.root.join(path);
    let gone =
        || Refusal::not_found(&format!("the image of row {row} is not where the index says; see --root"));
    if !path.is_file() {
        return Err(gone());
    }
    let decoders = app.decoders.clone();
    let jpeg = app.decoders.blocking(move || {
        let bytes = std::fs::read(&path)
            .map_err(|error| format!("the image of row {row} cannot be read: {error}"))?;
        encode(&decoders.upright(&bytes)?, size)
    });
    let (jpeg, _) = jpeg.await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600")),
    ];
    Ok((headers, jpeg).into_response())
}

/// The image with its longer side at most `size`; a smaller one stays as it is.
fn encode(image: &image::RgbImage, size: u32) -> Result<Vec<u8>, String> {
    let (width, height) = image.dimensions();
    let scale = (f64::from(size) / f64::from(width.max(height))).min(1.0);
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let small = if scale < 1.0 {
        imageops::resize(image, scaled(width), scaled(height), imageops::FilterType::Triangle)
    } else {
        image.clone()
    };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode_image(&small)
        .map_err(|error| error.to_string())?;
    Ok(jpeg)
}
