//! Answers that refuse, in the JSON that OpenAI's clients understand.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Seconds after which a client that was refused for want of a place may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

/// The body of every answer that refuses.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
struct ErrorDetail {
    /// One sentence that names the fault and what to do.
    message: String,
    /// `invalid_request_error`, `rate_limit_error` or `server_error`.
    r#type: &'static str,
    /// The field at fault, where there is one.
    param: Option<String>,
    /// For programs.
    code: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, message: String) -> Self {
        Self { status, kind, code: None, param: None, message }
    }

    fn client(status: StatusCode, message: &str) -> Self {
        Self::new(status, "invalid_request_error", message.to_owned())
    }

    /// 400: the input is at fault.
    pub(crate) fn input(message: String) -> Self {
        Self::client(StatusCode::BAD_REQUEST, &message)
    }

    /// 401.
    pub(crate) fn unauthorized() -> Self {
        let message = "this service wants its token: send it as `Authorization: Bearer TOKEN`";
        Self::client(StatusCode::UNAUTHORIZED, message).code("invalid_api_key")
    }

    /// 403.
    pub(crate) fn forbidden(message: &str) -> Self {
        Self::client(StatusCode::FORBIDDEN, message)
    }

    /// 404.
    pub(crate) fn not_found(message: &str) -> Self {
        Self::client(StatusCode::NOT_FOUND, message)
    }

    /// 405.
    pub(crate) fn method(message: &str) -> Self {
        Self::client(StatusCode::METHOD_NOT_ALLOWED, message)
    }

    /// 413.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!(
            "the body is larger than the {limit} bytes that are taken; make the image smaller or send fewer"
        );
        Self::client(StatusCode::PAYLOAD_TOO_LARGE, &message).code("body_too_large")
    }

    /// 415.
    pub(crate) fn content_type(wanted: &str, given: &str) -> Self {
        let given = if given.is_empty() { "none" } else { given };
        let message = format!("the content type must be {wanted}; the request has {given}");
        Self::client(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message)
    }

    /// 408.
    pub(crate) fn late(limit: Duration) -> Self {
        let message = format!("the request was not done within {} s and was given up", limit.as_secs_f64());
        Self::client(StatusCode::REQUEST_TIMEOUT, &message).code("timeout")
    }

    /// 429.
    pub(crate) fn busy(queue: usize) -> Self {
        let message =
            format!("{queue} requests are at work, as many as are taken at once; try again in a second");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message).code("queue_full")
    }

    /// 503: the service is coming to its end.
    pub(crate) fn ending() -> Self {
        let message = "the service is ending and takes no more work".to_owned();
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", message).code("ending")
    }

    /// 500: not the client's fault. The reason goes to the log as well.
    pub(crate) fn failed(message: &str) -> Self {
        tracing::error!("{message}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message.to_owned())
    }

    /// The same with a code for programs.
    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    /// The same, and which field is at fault.
    pub(crate) fn param(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, kind, code, param, message } = self;
        let error = ErrorDetail { message, r#type: kind, param, code };
        let mut response = (status, Json(ErrorBody { error })).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::TOO_MANY_REQUESTS => headers.insert(header::RETRY_AFTER, RETRY_AFTER),
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            _ => None,
        };
        response
    }
}
