//! `mdfe serve`.

use super::{
    model::ModelArgs,
    shared::{Results, at_least_one},
};
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

#[derive(Args)]
pub(crate) struct Serve {
    /// Serve the built-in demo with an index of its images; it is trained first where `runs/demo` does not hold it yet.
    #[arg(long, conflicts_with_all = ["model", "backbone", "weights", "index"])]
    pub(crate) demo: bool,
    /// Override of the demo's config, such as `train.epochs=5`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "demo")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Index to search: a folder made by `mdfe index build`, or a safetensors file written by `mdfe embed`, with the same model.
    #[arg(long, value_name = "INDEX|FILE")]
    pub(crate) index: Option<PathBuf>,
    /// Folder in which the relative paths of the index begin, for thumbnails; the working directory without it.
    #[arg(long, value_name = "DIR", requires = "index")]
    pub(crate) root: Option<PathBuf>,
    /// Name of the model in requests and answers; that of the run or the backbone without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The text tower's `tokenizer.json` instead of the hub's; CLIP's own is built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Address to listen on; port 0 is a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7878")]
    pub(crate) listen: SocketAddr,
    /// File with the token that clients must send (`Authorization: Bearer TOKEN`); `MDFE_SERVE_TOKEN` without it. Without a token
    /// everybody may search, and nobody may add.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Folder that gets the images which clients add; INDEX.images without it.
    #[arg(long, value_name = "DIR")]
    pub(crate) uploads: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) results: Results,
}

/// What the service refuses.
#[derive(Args)]
pub(crate) struct Limits {
    /// Requests at work at once; one more is answered 429 (try again).
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = at_least_one())]
    pub(crate) queue: usize,
    /// Milliseconds that a batch which is not full waits for more images.
    #[arg(long, value_name = "MS", default_value_t = 2)]
    pub(crate) batch_wait: u64,
    /// Megabytes of a request.
    #[arg(long, value_name = "MB", default_value_t = 16, value_parser = at_least_one())]
    pub(crate) max_body: usize,
    /// Megabytes of memory that decoding one image may take.
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = at_least_one())]
    pub(crate) max_image: usize,
    /// Seconds that a request may take.
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = at_least_one())]
    pub(crate) timeout: usize,
}
