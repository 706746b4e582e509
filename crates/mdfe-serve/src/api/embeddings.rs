//! `POST /v1/embeddings`, as OpenAI's clients send it.

use super::{Refusal, body, reply::ErrorBody};
use crate::{
    app::App,
    decoders::{BASE64, Source},
};
use axum::{
    Json,
    extract::{Request, State},
};
use base64::Engine;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Inputs of one request, as many as OpenAI takes.
const MAX_INPUTS: usize = 2048;

/// What is to be embedded, and how the embeddings are written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmbeddingsRequest {
    /// A `data:` URI of an image, a sentence where the model takes them, or a list of these.
    #[schema(value_type = Input)]
    input: serde_json::Value,
    /// The model's name (`GET /v1/models`).
    model: Option<String>,
    /// `float` (default) or `base64`: f32, little-endian.
    encoding_format: Option<String>,
    /// A width below the model's own whose prefix was trained to work by itself.
    dimensions: Option<usize>,
    /// Taken and not used.
    #[serde(rename = "user")]
    _user: Option<String>,
}

/// One input or several.
#[derive(ToSchema)]
#[schema(as = EmbeddingsInput)]
#[allow(dead_code, reason = "only the description knows it: the reader says more than serde would")]
#[serde(untagged)]
#[derive(Deserialize)]
enum Input {
    One(String),
    Several(Vec<String>),
}

/// The embeddings in the order of the inputs.
#[derive(Serialize, ToSchema)]
pub(super) struct EmbeddingsResponse {
    /// Always `list`.
    object: &'static str,
    data: Vec<Embedding>,
    /// The model's name.
    model: String,
    usage: Usage,
}

#[derive(Serialize, ToSchema)]
struct Embedding {
    /// Always `embedding`.
    object: &'static str,
    /// Position of the input.
    index: usize,
    embedding: Values,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Values {
    Float(Vec<f32>),
    Base64(String),
}

/// Always 0: nothing is counted or billed.
#[derive(Default, Serialize, ToSchema)]
struct Usage {
    prompt_tokens: u32,
    total_tokens: u32,
}

/// Embeds sentences and images as OpenAI's embeddings endpoint does; an image is a `data:` URI.
#[utoipa::path(
    post,
    path = "/v1/embeddings",
    request_body = EmbeddingsRequest,
    responses(
        (status = 200, body = EmbeddingsResponse),
        (status = 400, body = ErrorBody, description = "an input, a name or a width that does not fit"),
        (status = 429, body = ErrorBody, description = "as many requests as are taken at once are at work")
    ),
    security((), ("token" = []))
)]
pub(super) async fn embeddings(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<EmbeddingsResponse>, Refusal> {
    body::no_query(&request)?;
    let request: EmbeddingsRequest = body::json(&app, request).await?;
    known_model(&app, request.model.as_deref())?;
    let base64 = match request.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => {
            let message = format!("`encoding_format` is {other:?}; it takes \"float\" and \"base64\"");
            return Err(Refusal::input(message).param("encoding_format"));
        }
    };
    let width = width(&app, request.dimensions)?;
    let inputs = inputs(request.input)?;
    let several = inputs.len() > 1;
    let each = inputs.into_iter().enumerate().map(|(index, input)| {
        let app = &app;
        async move {
            let embedding = embed(app, input).await.map_err(|refusal| {
                refusal.param(if several { format!("input[{index}]") } else { "input".to_owned() })
            })?;
            let embedding = prefix(embedding, width);
            let embedding = if base64 {
                let bytes: Vec<u8> = embedding.iter().flat_map(|value| value.to_le_bytes()).collect();
                Values::Base64(BASE64.encode(bytes))
            } else {
                Values::Float(embedding)
            };
            Ok::<_, Refusal>(Embedding { object: "embedding", index, embedding })
        }
    });
    let data = try_join_all(each).await?;
    Ok(Json(EmbeddingsResponse {
        object: "list",
        data,
        model: app.model.name.clone(),
        usage: Usage::default(),
    }))
}

fn known_model(app: &App, name: Option<&str>) -> Result<(), Refusal> {
    match name {
        Some(name) if name != app.model.name => {
            let message = format!("there is no model {name:?} here; this service has {:?}", app.model.name);
            Err(Refusal::not_found(&message).code("model_not_found").param("model"))
        }
        _ => Ok(()),
    }
}

/// The width of the answer, where it is not the model's own.
fn width(app: &App, asked: Option<usize>) -> Result<Option<usize>, Refusal> {
    let model = &app.model;
    match asked {
        None => Ok(None),
        Some(width) if width == model.dim => Ok(None),
        Some(width) if model.prefixes.contains(&width) => Ok(Some(width)),
        Some(width) => {
            let known: Vec<String> =
                model.prefixes.iter().chain([&model.dim]).map(usize::to_string).collect();
            let message = format!(
                "`dimensions` is {width}; {} makes embeddings of {} (a prefix has to be trained for: `loss.nested_dims`)",
                model.name,
                known.join(", ")
            );
            Err(Refusal::input(message).param("dimensions"))
        }
    }
}

/// The first values, at unit length.
fn prefix(mut embedding: Vec<f32>, width: Option<usize>) -> Vec<f32> {
    if let Some(width) = width {
        embedding.truncate(width);
        mdfe_model::normalize(&mut embedding);
    }
    embedding
}

/// The inputs as texts, whatever they mean.
fn inputs(value: serde_json::Value) -> Result<Vec<String>, Refusal> {
    use serde_json::Value;
    let refuse = |message: &str| Err(Refusal::input(message.to_owned()).param("input"));
    let list = match value {
        Value::String(one) => return Ok(vec![one]),
        Value::Array(list) => list,
        _ => return refuse("`input` takes a text or a list of texts"),
    };
    if list.is_empty() || list.len() > MAX_INPUTS {
        return refuse(&format!("`input` holds {} inputs; it takes 1 to {MAX_INPUTS}", list.len()));
    }
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        _ => None,
    };
    match list.into_iter().map(text).collect() {
        Some(texts) => Ok(texts),
        None => {
            refuse("`input` holds something that is no text; token ids are not taken, send the text itself")
        }
    }
}

/// The embedding of one input: an image where it is a `data:` URI, else a sentence.
async fn embed(app: &App, input: String) -> Result<Vec<f32>, Refusal> {
    match scheme(&input).as_deref() {
        Some("data") => app.embed_image(Source::DataUri(input)).await,
        Some(_) => Err(no_url()),
        None => app.embed_text(input).await,
    }
}

/// The answer to a URL.
pub(super) fn no_url() -> Refusal {
    let message = "this service fetches no URL; send the image itself as data:image/...;base64,...";
    Refusal::input(message.into()).code("no_url")
}

/// What stands before `://`, or `data`; `None` for a sentence.
pub(super) fn scheme(input: &str) -> Option<String> {
    let input = input.trim_start();
    if input.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
        return Some("data".to_owned());
    }
    let (scheme, _) = input.split_once("://")?;
    let is_name =
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    is_name.then(|| scheme.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_urls_and_sentences_are_told_apart() {
        for (input, is) in [
            ("data:image/png;base64,AA", Some("data")),
            ("DATA:,", Some("data")),
            (" https://x.org/a.jpg", Some("https")),
            ("file:///etc/passwd", Some("file")),
            ("a red mug", None),
            ("see http://x.org", None),
            ("ratio 3:4", None),
            ("", None),
        ] {
            assert_eq!(scheme(input).as_deref(), is, "{input}");
        }
    }

    #[test]
    fn a_prefix_has_unit_length() {
        assert_eq!(prefix(vec![3.0, 4.0, 9.0], Some(2)), [0.6, 0.8]);
        assert_eq!(prefix(vec![3.0, 4.0], None), [3.0, 4.0]);
    }
}
