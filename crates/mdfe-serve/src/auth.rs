//! Who may pass: the bearer token, and the bounded number of requests at work.

use crate::{api::Refusal, app::App};
use axum::{
    body::Body,
    extract::{Request, State},
    http::header::AUTHORIZATION,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use std::{sync::Arc, time::Duration};

/// How long the rest of a refused request is read, so that its client sees the answer and no broken pipe.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Refuses requests without the token, where there is one.
pub(crate) async fn token(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(token) = &app.options.token else { return next.run(request).await };
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = header
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if shown.is_some_and(|(_, shown)| token.is(shown)) {
        return next.run(request).await;
    }
    discard(request.into_body(), app.options.max_body).await;
    Refusal::unauthorized().into_response()
}

/// Refuses requests beyond those that are at work, before their bodies are kept.
pub(crate) async fn place(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match Arc::clone(&app.places).try_acquire_owned() {
        Ok(_place) => next.run(request).await,
        Err(_) => {
            discard(request.into_body(), app.options.max_body).await;
            Refusal::busy(app.options.queue).into_response()
        }
    }
}

/// Reads a body away, as long as it is no larger than one that would have been taken.
async fn discard(body: Body, limit: usize) {
    let read = async {
        let (mut stream, mut left) = (body.into_data_stream(), limit);
        while let Some(Ok(piece)) = stream.next().await {
            match left.checked_sub(piece.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIME, read).await;
}
