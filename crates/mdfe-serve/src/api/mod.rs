//! The routes, one file each, and how they are described in `/openapi.json`.

mod add;
mod body;
mod embed;
mod embeddings;
mod reply;
mod search;
mod status;
mod thumb;

pub(crate) use reply::Refusal;

use crate::{app::App, auth, observe, page};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{any::Any, sync::Arc};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// Every route with its checks around it.
pub(crate) fn router(app: Arc<App>) -> Router {
    let work = Router::new()
        .route("/v1/embeddings", post(embeddings::embeddings))
        .route("/embed", post(embed::embed))
        .route("/search", post(search::search))
        .route("/index", post(add::add))
        .route("/thumb/{row}", get(thumb::thumb))
        .route_layer(from_fn_with_state(Arc::clone(&app), auth::place));
    let guarded = work
        .route("/info", get(status::info))
        .route("/v1/models", get(status::models))
        .route("/metrics", get(status::metrics))
        .route_layer(from_fn_with_state(Arc::clone(&app), auth::token));
    guarded
        .route("/health", get(status::health))
        .route("/ready", get(status::ready))
        .route("/openapi.json", get(status::description))
        .merge(page::routes())
        .fallback(|request: Request| async move {
            let known = "/v1/embeddings, /embed, /search, /index, /info, /health, /ready, /metrics, /openapi.json and /";
            Refusal::not_found(&format!("there is no {}; there are {known}", request.uri().path()))
        })
        .method_not_allowed_fallback(|request: Request| async move {
            Refusal::method(&format!("{} does not take {}", request.uri().path(), request.method()))
        })
        .layer(DefaultBodyLimit::max(app.options.max_body))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&app), observe::request))
        .with_state(app)
}

/// A handler's panic costs its request.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Refusal::failed("the service panicked on this request; please report it").into_response()
}

/// The description that `/openapi.json` answers with.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(title = "mdfe serve", description = "Image embeddings and search. It fetches no URL for anybody."),
    paths(
        embeddings::embeddings,
        embed::embed,
        search::search,
        add::add,
        thumb::thumb,
        status::health,
        status::ready,
        status::info,
        status::models,
        status::metrics
    ),
    modifiers(&Bearer)
)]
struct Description;

/// The token, where the service has one.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}
