//! Around every request: its id, its time limit, its line in the log and its numbers.

use crate::{api::Refusal, app::App};
use axum::{
    extract::{MatchedPath, Request, State},
    http::HeaderValue,
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tracing::Instrument;

/// The header that carries a request's id both ways.
const REQUEST_ID: &str = "x-request-id";
/// A client's own id is kept up to this many characters.
const LONGEST_ID: usize = 128;

/// Counts a request even where its client has gone and nobody answers.
struct Counted {
    app: Arc<App>,
    route: String,
    started: Instant,
    /// 499, "client closed request", as nginx counts those.
    status: u16,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.app.meters.end(&self.route, self.status, self.started.elapsed());
    }
}

/// Names, limits, logs and counts a request.
pub(crate) async fn request(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = id(&app, request.headers().get(REQUEST_ID));
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    app.meters.begin();
    let limit = app.options.timeout;
    let mut counted = Counted { app, route, started: Instant::now(), status: 499 };
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    let answer = async {
        let answer = tokio::time::timeout(limit, next.run(request)).await;
        let mut answer = answer.unwrap_or_else(|_| Refusal::late(limit).into_response());
        counted.status = answer.status().as_u16();
        log(&counted, method.as_str(), &path);
        answer.headers_mut().insert(REQUEST_ID, id);
        answer
    };
    answer.instrument(span).await
}

/// Health and metrics are asked for every few seconds and would hide the rest.
fn log(request: &Counted, method: &str, path: &str) {
    let (status, ms) = (request.status, milliseconds(request.started.elapsed()));
    match request.route.as_str() {
        "/health" | "/ready" | "/metrics" => tracing::debug!(method, path, status, ms, "answered"),
        _ => tracing::info!(method, path, status, ms, "answered"),
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

/// The client's own id, or a new one.
fn id(app: &App, given: Option<&HeaderValue>) -> HeaderValue {
    let fits = |value: &&HeaderValue| {
        (1..=LONGEST_ID).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    if let Some(given) = given.filter(fits) {
        return given.clone();
    }
    let count = app.requests.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut all = blake3::Hasher::new();
    all.update(&now.to_le_bytes()).update(&count.to_le_bytes()).update(&std::process::id().to_le_bytes());
    let hex = all.finalize().to_hex();
    HeaderValue::from_str(&hex[..16]).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
}
