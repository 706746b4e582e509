//! Reading requests.

use super::Refusal;
use crate::app::App;
use axum::{
    body::Bytes,
    extract::{FromRequest, Query, Request},
    http::{StatusCode, header::CONTENT_TYPE},
};
use serde::de::DeserializeOwned;

/// What a body says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Image,
    Multipart,
    Other,
}

/// The content type and what it means.
pub(super) fn kind(request: &Request) -> (Kind, String) {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kind = match essence.as_str() {
        "application/json" => Kind::Json,
        "application/octet-stream" => Kind::Image,
        "multipart/form-data" => Kind::Multipart,
        other if other.starts_with("image/") => Kind::Image,
        _ => Kind::Other,
    };
    (kind, given.to_owned())
}

/// The whole body, as long as it is not too large.
pub(super) async fn bytes(app: &App, request: Request) -> Result<Bytes, Refusal> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(app.options.max_body),
        _ => Refusal::input(format!("the body cannot be read: {}", rejection.body_text())),
    })
}

/// The body as JSON of a known form.
pub(super) async fn json<T: DeserializeOwned>(app: &App, request: Request) -> Result<T, Refusal> {
    let (kind, given) = kind(&request);
    if kind != Kind::Json {
        return Err(Refusal::content_type("application/json", &given));
    }
    let bytes = bytes(app, request).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::input(format!("the JSON of the request does not fit: {error}")))
}

/// What stands behind the question mark.
pub(super) fn query<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let parsed = Query::try_from_uri(request.uri());
    parsed
        .map(|Query(query)| query)
        .map_err(|error| Refusal::input(format!("the query does not fit: {}", error.body_text())))
}

/// Where everything stands in the body, what stands behind the question mark would be read by nobody.
pub(super) fn no_query(request: &Request) -> Result<(), Refusal> {
    match request.uri().query() {
        None | Some("") => Ok(()),
        Some(query) => Err(Refusal::input(format!(
            "this request takes nothing behind the question mark, and has `{query}`; everything belongs in its body"
        ))),
    }
}
