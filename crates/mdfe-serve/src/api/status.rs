//! What the service says about itself.

use super::{Refusal, reply::ErrorBody};
use crate::app::App;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
};
use serde::Serialize;
use std::sync::{Arc, atomic::Ordering};
use utoipa::ToSchema;

/// It runs.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Version of mdfe.
    version: &'static str,
}

/// What the service can do.
#[derive(Serialize, ToSchema)]
pub(super) struct Info {
    /// The model's name.
    model: String,
    /// What it is, for people.
    description: String,
    /// Fingerprint of backbone, preprocess record and projection.
    fingerprint: String,
    /// Width of the embeddings, D.
    dim: usize,
    /// Values that `dimensions` takes.
    dimensions: Vec<usize>,
    /// Whether it takes sentences.
    takes_text: bool,
    /// Whether images can be added.
    takes_images: bool,
    /// Rows of the index; `null` without one.
    rows: Option<usize>,
    /// Names of the domains of the index.
    domains: Vec<String>,
    /// Bytes of a body that are taken.
    max_body: usize,
}

/// The models, as OpenAI lists them: one.
#[derive(Serialize, ToSchema)]
pub(super) struct Models {
    /// Always `list`.
    object: &'static str,
    data: [ModelEntry; 1],
}

#[derive(Serialize, ToSchema)]
struct ModelEntry {
    id: String,
    /// Always `model`.
    object: &'static str,
    /// Always 0: a model has no date.
    created: u64,
    owned_by: &'static str,
}

/// Answers as soon as the model and the index are loaded.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Whether it takes work; not while it ends.
#[utoipa::path(get, path = "/ready", responses((status = 200, body = Health), (status = 503, body = ErrorBody)))]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Json<Health>, Refusal> {
    if app.ending.load(Ordering::SeqCst) || !app.batcher.is_alive() {
        return Err(Refusal::ending());
    }
    Ok(health().await)
}

/// The model, the index and the limits.
#[utoipa::path(get, path = "/info", responses((status = 200, body = Info)), security((), ("token" = [])))]
pub(super) async fn info(State(app): State<Arc<App>>) -> Json<Info> {
    let (model, index) = (&app.model, app.index.as_ref());
    Json(Info {
        model: model.name.clone(),
        description: model.id.name.clone(),
        fingerprint: model.id.fingerprint.to_string(),
        dim: model.dim,
        dimensions: model.prefixes.iter().copied().chain([model.dim]).collect(),
        takes_text: model.takes_text,
        takes_images: index.is_some() && app.options.token.is_some() && app.options.uploads.is_some(),
        rows: index.map(|index| index.len()),
        domains: index.map(|index| index.domains()).unwrap_or_default(),
        max_body: app.options.max_body,
    })
}

/// The models as OpenAI's clients list them.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = Models)), security((), ("token" = [])))]
pub(super) async fn models(State(app): State<Arc<App>>) -> Json<Models> {
    let entry = ModelEntry { id: app.model.name.clone(), object: "model", created: 0, owned_by: "mdfe" };
    Json(Models { object: "list", data: [entry] })
}

/// Counters and histograms for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, content_type = "text/plain", body = String)),
    security((), ("token" = []))
)]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], app.meters.render(app.index.as_ref().map(|index| index.len())))
}

/// The description of all this.
pub(super) async fn description() -> Json<utoipa::openapi::OpenApi> {
    Json(super::openapi())
}
