//! `POST /embed`: images as they are.

use super::{
    Refusal,
    body::{self, Kind},
    reply::ErrorBody,
};
use crate::{app::App, decoders::Source};
use axum::{
    Json,
    extract::{FromRequest, Multipart, Request, State, multipart::MultipartError},
    http::StatusCode,
};
use futures_util::future::try_join_all;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The embeddings in the order of the images.
#[derive(Serialize, ToSchema)]
pub(super) struct EmbedResponse {
    /// The model's name.
    model: String,
    /// Width of the embeddings, D.
    dim: usize,
    /// `[N, D]`.
    embeddings: Vec<Vec<f32>>,
}

/// Embeds one image (the body) or several (a form with one image in each field).
#[utoipa::path(
    post,
    path = "/embed",
    request_body(
        content((Vec<u8> = "image/*"), (Vec<u8> = "multipart/form-data")),
        description = "the bytes of an image, or a form with one image in each field"
    ),
    responses(
        (status = 200, body = EmbedResponse),
        (status = 400, body = ErrorBody, description = "an image that cannot be decoded"),
        (status = 413, body = ErrorBody, description = "a body that is too large"),
        (status = 429, body = ErrorBody, description = "as many requests as are taken at once are at work")
    ),
    security((), ("token" = []))
)]
pub(super) async fn embed(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<EmbedResponse>, Refusal> {
    body::no_query(&request)?;
    let images = match body::kind(&request) {
        (Kind::Image, _) => vec![Source::Bytes(body::bytes(&app, request).await?)],
        (Kind::Multipart, _) => form(&app, request).await?,
        (_, given) => {
            return Err(Refusal::content_type("image/*, such as image/jpeg, or multipart/form-data", &given));
        }
    };
    let several = images.len() > 1;
    let each = images.into_iter().enumerate().map(|(at, image)| {
        let app = &app;
        async move {
            let embedding = app.embed_image(image).await;
            embedding.map_err(|refusal| if several { refusal.param(format!("field {at}")) } else { refusal })
        }
    });
    let embeddings = try_join_all(each).await?;
    Ok(Json(EmbedResponse { model: app.model.name.clone(), dim: app.model.dim, embeddings }))
}

/// The images of a form.
async fn form(app: &App, request: Request) -> Result<Vec<Source>, Refusal> {
    let broken = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(app.options.max_body),
        _ => Refusal::input(format!("the form cannot be read: {}", error.body_text())),
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| Refusal::input(format!("the form cannot be read: {}", error.body_text())))?;
    let mut images = Vec::new();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        images.push(Source::Bytes(field.bytes().await.map_err(broken)?));
    }
    if images.is_empty() {
        return Err(Refusal::input("the form holds no image; send each in a field of its own".into()));
    }
    Ok(images)
}
