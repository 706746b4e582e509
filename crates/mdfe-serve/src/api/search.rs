//! `POST /search`: the nearest images of the index.

use super::{
    Refusal,
    body::{self, Kind},
    embeddings::{no_url, scheme},
    reply::ErrorBody,
};
use crate::{Filter, Hit, app::App, decoders::Source};
use axum::{
    Json,
    extract::{Request, State},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Neighbours without `k`, as in `mdfe search`.
const DEFAULT_K: usize = 5;
/// Most neighbours of one request.
const MAX_K: usize = 1000;

/// One query: an image, a sentence, a vector or a row of the index.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchRequest {
    /// `data:` URI of an image.
    image: Option<String>,
    /// A sentence, where the model takes them.
    text: Option<String>,
    /// An embedding `[D]` of the same model.
    vector: Option<Vec<f32>>,
    /// A row of the index, counted from 0, that is itself left out of its neighbours.
    row: Option<usize>,
    /// Neighbours, 1 to 1000 (default 5).
    k: Option<usize>,
    /// Which rows may be found.
    #[serde(default)]
    filter: Filter,
}

/// What stands behind the question mark where the body is an image.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    /// Neighbours, 1 to 1000 (default 5).
    k: Option<usize>,
    /// Rows of this domain alone.
    domain: Option<String>,
    /// Rows of this label alone.
    label: Option<String>,
}

/// The neighbours, the nearest first, and what was compared with them.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchResponse {
    /// The model's name.
    model: String,
    /// The nearest rows.
    hits: Vec<Hit>,
    /// The embedding of the query `[D]`, of unit length.
    embedding: Vec<f32>,
}

/// What is looked for.
enum Wanted {
    Image(Source),
    Text(String),
    Vector(Vec<f32>),
    Row(usize),
}

/// Finds the nearest images of the index: to an image (the body itself, or a `data:` URI in JSON), a sentence, a vector or a row.
#[utoipa::path(
    post,
    path = "/search",
    params(SearchQuery),
    request_body(content((SearchRequest = "application/json"), (Vec<u8> = "image/*"))),
    responses(
        (status = 200, body = SearchResponse),
        (status = 400, body = ErrorBody, description = "a query or a filter that does not fit"),
        (status = 404, body = ErrorBody, description = "no index, or no such row"),
        (status = 429, body = ErrorBody, description = "as many requests as are taken at once are at work")
    ),
    security((), ("token" = []))
)]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<SearchResponse>, Refusal> {
    let index = Arc::clone(app.index()?);
    let query: SearchQuery = body::query(&request)?;
    let (wanted, k, filter) = match body::kind(&request) {
        (Kind::Image, _) => {
            let image = Source::Bytes(body::bytes(&app, request).await?);
            (Wanted::Image(image), query.k, Filter { domain: query.domain, label: query.label })
        }
        (Kind::Json, _) => {
            body::no_query(&request)?;
            let request: SearchRequest = body::json(&app, request).await?;
            let (k, filter) = (request.k, request.filter.clone());
            (wanted(request)?, k, filter)
        }
        (_, given) => {
            return Err(Refusal::content_type("application/json, or image/*, such as image/jpeg", &given));
        }
    };
    let k = k.unwrap_or(DEFAULT_K);
    if !(1..=MAX_K).contains(&k) {
        return Err(Refusal::input(format!("`k` is {k}; it takes 1 to {MAX_K}")).param("k"));
    }
    let own = if let Wanted::Row(row) = wanted { Some(row) } else { None };
    let mut embedding = match wanted {
        Wanted::Image(image) => app.embed_image(image).await?,
        Wanted::Text(text) => app.embed_text(text).await?,
        Wanted::Vector(vector) => vector_of(vector, index.dim())?,
        Wanted::Row(row) => index.embedding(row).ok_or_else(|| {
            Refusal::not_found(&format!("the index has no row {row}, it has {}", index.len())).param("row")
        })?,
    };
    mdfe_model::to_unit(&mut embedding);
    let query = embedding.clone();
    // The row itself is among its own neighbours, and not what was asked for.
    let more = usize::from(own.is_some());
    let found = app.blocking(move || index.search(&query, k + more, &filter)).await?;
    let mut hits: Vec<Hit> = found.into_iter().flatten().filter(|hit| Some(hit.row) != own).collect();
    hits.truncate(k);
    Ok(Json(SearchResponse { model: app.model.name.clone(), hits, embedding }))
}

/// The one thing that a request looks for.
fn wanted(request: SearchRequest) -> Result<Wanted, Refusal> {
    let SearchRequest { image, text, vector, row, .. } = request;
    match (image, text, vector, row) {
        (Some(image), None, None, None) => match scheme(&image).as_deref() {
            Some("data") => Ok(Wanted::Image(Source::DataUri(image))),
            Some(_) => Err(no_url()),
            None => {
                let message = "`image` is no data: URI; write data:image/png;base64,...";
                Err(Refusal::input(message.into()).param("image"))
            }
        },
        (None, Some(text), None, None) => Ok(Wanted::Text(text)),
        (None, None, Some(vector), None) => Ok(Wanted::Vector(vector)),
        (None, None, None, Some(row)) => Ok(Wanted::Row(row)),
        _ => Err(Refusal::input("give one of `image`, `text`, `vector` and `row`".into())),
    }
}

fn vector_of(vector: Vec<f32>, dim: usize) -> Result<Vec<f32>, Refusal> {
    let refuse = |message: String| Err(Refusal::input(message).param("vector"));
    if vector.len() != dim {
        return refuse(format!("`vector` has {} values, the index has {dim} dimensions", vector.len()));
    }
    // JSON has neither NaN nor infinities, and the reader refuses what f32 cannot hold.
    if vector.iter().all(|value| *value == 0.0) {
        return refuse("`vector` has no direction: it is all zeros".into());
    }
    Ok(vector)
}
