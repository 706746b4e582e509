//! `mdfe serve`: a model and an index behind HTTP.

use super::{demo, model};
use crate::{args::Serve, console, exit::usage, stop};
use anyhow::{Context, Result};
use mdfe_model::{Embedder, TextEncoder};
use mdfe_serve::{Encode, FileIndex, FolderIndex, Model, Searcher, ServeOptions, Server, Token};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Environment variable of the token, which must not stand on a command line for others to see.
const TOKEN: &str = "MDFE_SERVE_TOKEN";

/// What is served.
struct Served {
    name: String,
    embedder: Embedder,
    index: Option<PathBuf>,
}

pub(crate) fn run(args: &Serve) -> Result<()> {
    // What can refuse is asked before anything is loaded or trained.
    let token = token(args.token_file.as_deref())?;
    let server = Server::bind(args.listen)?;
    let stop = stop::on_ctrl_c()?;
    let Served { name, embedder, index } = served(args)?;
    let text = text_side(&embedder, args)?;
    let model: Arc<dyn Encode> = Arc::new(Model::new(args.name.as_deref().unwrap_or(&name), embedder, text));
    let searcher = match &index {
        Some(path) => Some(open_index(path, model.as_ref())?),
        None => None,
    };
    let pipeline = model::pipeline(&args.model.compute);
    let options = ServeOptions {
        queue: args.limits.queue,
        batch: pipeline.batch,
        batch_wait: Duration::from_millis(args.limits.batch_wait),
        decoders: pipeline.threads,
        max_body: args.limits.max_body << 20,
        max_image_memory: (args.limits.max_image as u64) << 20,
        timeout: Duration::from_secs(args.limits.timeout as u64),
        token,
        root: args.root.clone().unwrap_or_default(),
        uploads: uploads(args, index.as_deref())?,
        ..ServeOptions::default()
    };
    announce(args, &server, model.as_ref(), searcher.as_ref().map(|index| index.len()), &options)?;
    server.run(model, searcher, options, &stop)?;
    tracing::info!("stopped; every request that was taken has its answer");
    Ok(())
}

/// The demo, or what the command line names.
fn served(args: &Serve) -> Result<Served> {
    if args.demo {
        let demo::Demo { embedder, index } = demo::ready(&args.set, &args.model.compute)?;
        return Ok(Served { name: "demo".into(), embedder, index: Some(index) });
    }
    let named = args.model.model.as_deref().map(name_of).or_else(|| args.model.backbone.backbone.clone());
    let Some(name) = named else {
        usage!(
            "name a trained embedder with --model or a backbone with --backbone, or serve the built-in one with --demo"
        );
    };
    Ok(Served { name, embedder: model::open(&args.model)?, index: args.index.clone() })
}

/// A folder of `mdfe index`, or a file of `mdfe embed`.
fn open_index(path: &Path, model: &dyn Encode) -> Result<Arc<dyn Searcher>> {
    if path.is_dir() {
        return Ok(Arc::new(FolderIndex::open(path, model.info())?));
    }
    Ok(Arc::new(FileIndex::open(path, model.info())?))
}

/// The name of a run folder, or of an embedder file without its extension.
fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| "embedder".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The text tower, where the model has one in the space of its images.
fn text_side(embedder: &Embedder, args: &Serve) -> Result<Option<TextEncoder>> {
    let id = embedder.embedder_id();
    if !embedder.takes_text()? {
        if args.tokenizer.is_some() {
            usage!("--tokenizer belongs to a model that takes sentences, which {} does not", id.name);
        }
        tracing::info!("{} takes no sentences, only images", id.name);
        return Ok(None);
    }
    match embedder.text_encoder(args.tokenizer.as_deref()) {
        Ok(text) => Ok(Some(text)),
        Err(error) if args.tokenizer.is_none() => {
            tracing::warn!("sentences are not offered: {error}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The token of the file or of the environment.
fn token(file: Option<&Path>) -> Result<Option<Token>> {
    if let Some(path) = file {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(Some(Token::new(&text, &path.display().to_string())?));
    }
    match std::env::var(TOKEN) {
        Ok(text) => Ok(Some(Token::new(&text, TOKEN)?)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {TOKEN}")),
    }
}

/// Where added images go: a path that does not depend on where the service is started.
fn uploads(args: &Serve, index: Option<&Path>) -> Result<Option<PathBuf>> {
    let Some(index) = index else {
        if args.uploads.is_some() {
            usage!("--uploads belongs to --index or --demo; without an index no image can be added");
        }
        return Ok(None);
    };
    let beside = || PathBuf::from(format!("{}.images", index.display()));
    let folder = args.uploads.clone().unwrap_or_else(beside);
    let whole = std::path::absolute(&folder).with_context(|| format!("cannot find {}", folder.display()))?;
    Ok(Some(whole))
}

/// Says where it listens, on stdout: a script reads the port there.
fn announce(
    args: &Serve,
    server: &Server,
    model: &dyn Encode,
    rows: Option<usize>,
    options: &ServeOptions,
) -> Result<()> {
    let (address, info) = (server.address(), model.info());
    if !address.ip().is_loopback() && options.token.is_none() {
        tracing::warn!(
            "{address} can be reached from other machines, and everybody may search; set {TOKEN} to ask for a token"
        );
    }
    let value = serde_json::json!({
        "url": format!("http://{address}"),
        "model": info.name,
        "dim": info.dim,
        "takes_text": info.takes_text,
        "rows": rows,
        "token": options.token.is_some(),
    });
    let index = rows.map(|rows| format!(", {rows} images to search")).unwrap_or_default();
    args.results.print(&value, &format!("{} ({}-d{index}) on http://{address}", info.name, info.dim))?;
    console::hint("press Ctrl-C to stop");
    Ok(())
}
