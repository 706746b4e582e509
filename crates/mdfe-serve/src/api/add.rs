//! `POST /index`: images that clients add.

use super::{
    Refusal,
    body::{self, Kind},
    embeddings::{no_url, scheme},
    reply::ErrorBody,
};
use crate::{NewRow, Result as ServeResult, Searcher, app::App, decoders::Source};
use axum::{
    Json,
    body::Bytes,
    extract::{Request, State},
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use utoipa::{IntoParams, ToSchema};

/// Images to add, all or none of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddRequest {
    items: Vec<Item>,
}

/// An image to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Item {
    /// `data:` URI of the image.
    image: String,
    /// Its class, where the index has classes.
    label: Option<String>,
    /// Its domain, where the index has domains.
    domain: Option<String>,
}

/// What stands behind the question mark where the body is an image.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct AddQuery {
    /// Its class, where the index has classes.
    label: Option<String>,
    /// Its domain, where the index has domains.
    domain: Option<String>,
}

/// Where the images are now.
#[derive(Serialize, ToSchema)]
pub(super) struct AddResponse {
    /// Row of each image in the index, in the order given.
    rows: Vec<usize>,
    /// Path of each image, as the index has it.
    paths: Vec<String>,
}

/// An image with what is known of it.
struct Added {
    image: Bytes,
    row: NewRow,
}

/// Adds images to the index. When the answer comes they are on disk: the images in the folder of uploads, their rows in the index.
#[utoipa::path(
    post,
    path = "/index",
    params(AddQuery),
    request_body(content((AddRequest = "application/json"), (Vec<u8> = "image/*"))),
    responses(
        (status = 200, body = AddResponse),
        (status = 400, body = ErrorBody, description = "an image or a label that does not fit"),
        (status = 401, body = ErrorBody, description = "the token is missing or wrong"),
        (status = 403, body = ErrorBody, description = "a service without a token, to which nobody may add")
    ),
    security(("token" = []))
)]
pub(super) async fn add(State(app): State<Arc<App>>, request: Request) -> Result<Json<AddResponse>, Refusal> {
    let index = Arc::clone(app.index()?);
    let (Some(_), Some(folder)) = (&app.options.token, app.options.uploads.clone()) else {
        let message = "nobody may add to this index: start the service with a token (MDFE_SERVE_TOKEN or --token-file) to allow it";
        return Err(Refusal::forbidden(message));
    };
    let query: AddQuery = body::query(&request)?;
    let items = match body::kind(&request) {
        (Kind::Image, _) => {
            let image = Source::Bytes(body::bytes(&app, request).await?);
            vec![(image, query.label, query.domain)]
        }
        (Kind::Json, _) => {
            body::no_query(&request)?;
            let request: AddRequest = body::json(&app, request).await?;
            request.items.into_iter().map(item).collect::<Result<_, _>>()?
        }
        (_, given) => {
            return Err(Refusal::content_type("application/json, or image/*, such as image/jpeg", &given));
        }
    };
    if items.is_empty() {
        return Err(Refusal::input("`items` is empty; there is nothing to add".into()));
    }
    let each = items.into_iter().map(|(image, label, domain)| {
        let app = &app;
        async move {
            let image = image.into_bytes().map_err(Refusal::input)?;
            let embedding = app.embed_image(Source::Bytes(image.clone())).await?;
            Ok::<_, Refusal>(Added { image, row: NewRow { embedding, path: String::new(), label, domain } })
        }
    });
    let added = try_join_all(each).await?;
    Ok(Json(app.blocking(move || store(index.as_ref(), &folder, added)).await?))
}

fn item(item: Item) -> Result<(Source, Option<String>, Option<String>), Refusal> {
    match scheme(&item.image).as_deref() {
        Some("data") => Ok((Source::DataUri(item.image), item.label, item.domain)),
        Some(_) => Err(no_url()),
        None => {
            Err(Refusal::input("`image` is no data: URI; write data:image/png;base64,...".into())
                .param("image"))
        }
    }
}

/// Writes the images under their fingerprints, then their rows; a row never names a file that is not there.
fn store(index: &dyn Searcher, folder: &Path, added: Vec<Added>) -> ServeResult<AddResponse> {
    let (mut paths, mut rows, mut new) = (Vec::new(), Vec::new(), NewFiles::default());
    for Added { image, row } in added {
        let extension =
            image::guess_format(&image).ok().and_then(|format| format.extensions_str().first().copied());
        let name = format!("{}.{}", blake3::hash(&image).to_hex(), extension.unwrap_or("image"));
        let path = folder.join(name);
        if !path.exists() {
            mdfe_data::write_atomically(&path, &image)?;
            new.0.push(path.clone());
        }
        let path = path.to_string_lossy().into_owned();
        paths.push(path.clone());
        rows.push(NewRow { path, ..row });
    }
    let first = index.add(rows)?;
    new.0.clear();
    Ok(AddResponse { rows: (first..first + paths.len()).collect(), paths })
}

/// Files that go again where their rows were refused.
#[derive(Default)]
struct NewFiles(Vec<PathBuf>);

impl Drop for NewFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::warn!("{} is not in the index and cannot be removed: {error}", path.display());
            }
        }
    }
}
