//! What the user types, as clap reads it. What it means is decided in `commands/`.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Train, evaluate and serve multi-domain image embeddings.
///
/// One small embedding per image that finds the same product, landmark, garment, car, artwork or dish. Without a config,
/// `mdfe train` runs the built-in demo from data to scores, with no network.
#[derive(Parser)]
#[command(name = "mdfe", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Log more: -v for details, -vv for everything. `RUST_LOG` overrides it.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Log warnings and errors only, and show no progress.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The data sets mdfe reads: what they are, whether they are there, what is in them.
    #[command(subcommand)]
    Datasets(Datasets),
    /// The pretrained backbones mdfe knows.
    #[command(subcommand)]
    Backbones(Backbones),
    /// Write the features of a data set into a feature store, once, for any number of trainings.
    Extract(Extract),
    /// Put together the feature stores that several machines filled with `mdfe extract --shard`.
    Merge(Merge),
    /// Train an embedder: extract features (or reuse them), train, evaluate, save. Runs the demo without a config.
    Train(Train),
    /// Turn images into embeddings.
    Embed(Embed),
    /// Score a query set against an index set.
    Evaluate(Evaluate),
    /// Find the nearest images of an index, by image or by sentence.
    Search(Search),
    /// Copy an embedder, with its backbone's weights inside where asked.
    Export(Export),
}

#[derive(Subcommand)]
pub(crate) enum Datasets {
    /// List every data set: key, domain, licence, source, expected counts, and whether it is under --root.
    List {
        /// Folder that holds the data sets.
        #[arg(long)]
        root: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read a data set and show its counts and class sizes.
    Show {
        /// Key of the data set, such as `products_10k`, `image_folder` or `csv`.
        name: String,
        /// Folder that holds the data set.
        #[arg(long)]
        root: PathBuf,
        /// Option of the data set, such as `refined=true` or `min_samples=3`; may be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// Print one JSON line per training sample.
        #[arg(long)]
        jsonl: bool,
    },
    /// Look for unreadable images, duplicates, label noise and leaks, and write a list that readers can exclude.
    Check {
        /// Key of the data set.
        name: String,
        /// Folder that holds the data set.
        #[arg(long)]
        root: PathBuf,
        /// Option of the data set; may be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// A test data set, `KEY` or `KEY:option=value,...`, that must share no image with it.
        #[arg(long, value_name = "KEY[:OPTIONS]")]
        against: Option<String>,
        /// Where to write the list of images to exclude.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum Backbones {
    /// List the pretrained backbones.
    List {
        /// Only this family: clip, clip_convnext, clipav2, eva02, meta-clip, siglip, dinov2, sam, efficientnet_lite.
        #[arg(long)]
        family: Option<String>,
        /// Only names that contain this text.
        #[arg(long)]
        name: Option<String>,
        /// Only models with at most this many million parameters.
        #[arg(long, value_name = "MILLIONS")]
        max_params: Option<f64>,
        /// Only models with features of this width.
        #[arg(long)]
        dim: Option<usize>,
        /// Only models with inputs of this many pixels along a side.
        #[arg(long)]
        size: Option<usize>,
        /// Only models with a text tower, which take sentences in `mdfe search`.
        #[arg(long)]
        text: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where the model runs.
#[derive(Args, Clone)]
pub(crate) struct Compute {
    /// `cpu`, `cuda`, `cuda:1` or `metal`.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Number format the backbone computes in: f32 unless the config says otherwise.
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// Images in one forward pass.
    #[arg(long, value_name = "B")]
    pub(crate) batch: Option<usize>,
    /// Threads of decoding and of the CPU kernels; all cores by default.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Share of unreadable images, in percent, above which the run stops.
    #[arg(long, default_value_t = 1.0, value_name = "PERCENT")]
    pub(crate) max_bad: f64,
}

#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub(crate) enum Dtype {
    F32,
    Bf16,
    F16,
}

/// Which backbone, and where its weights come from.
#[derive(Args, Clone)]
pub(crate) struct BackboneArgs {
    /// Name as timm or OpenCLIP writes it: `vit_base_patch16_siglip_224`, `ViT-H-14/laion2b_s32b_b79k`.
    #[arg(long)]
    pub(crate) backbone: Option<String>,
    /// Weights file or folder (safetensors, sharded safetensors, .bin, .pt) instead of the Hugging Face hub.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Branch, tag or commit of the hub repository.
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Make no network request: use what is in the cache (also `HF_HUB_OFFLINE=1`).
    #[arg(long)]
    pub(crate) offline: bool,
    /// Keep the model's own output projection.
    #[arg(long)]
    pub(crate) proj_layer: bool,
}

#[derive(Args)]
pub(crate) struct Extract {
    /// Experiment file; its data sets and backbone are extracted.
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Override of the config, `key=value`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Instead of a config: an image folder (one folder per class) or a CSV with `path,label[,domain]`.
    #[arg(long, value_name = "DIR|CSV", conflicts_with = "config")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) compute: Compute,
    /// Folder of the feature stores.
    #[arg(long, value_name = "DIR")]
    pub(crate) features_dir: Option<PathBuf>,
    /// Number format on disk: f32, f16 or bf16.
    #[arg(long, value_enum, default_value_t = Dtype::F32)]
    pub(crate) store_dtype: Dtype,
    /// Extract only part i of n, counted from 0, such as `0/4`; `mdfe merge` puts the parts together.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<String>,
    /// Print the stores as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Merge {
    /// Folders of the parts: stores of the same data, backbone and options.
    #[arg(required = true, value_name = "STORE")]
    pub(crate) parts: Vec<PathBuf>,
    /// Store folder that gets their shards; may be one of them.
    #[arg(long, value_name = "STORE")]
    pub(crate) into: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Train {
    /// Experiment file; the built-in demo without it.
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Override of the config, `key=value`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Instead of a config: an image folder (one folder per class) or a CSV with `path,label[,domain]`.
    #[arg(long, value_name = "DIR|CSV", conflicts_with = "config")]
    pub(crate) data: Option<PathBuf>,
    /// Query set of the evaluation with --data: a folder or CSV; without it a tenth of the classes is held out.
    #[arg(long, value_name = "DIR|CSV", requires = "data")]
    pub(crate) query: Option<PathBuf>,
    /// Index set of the evaluation with --data; the query set itself without it (leave one out).
    #[arg(long, value_name = "DIR|CSV", requires = "query")]
    pub(crate) index: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) compute: Compute,
    /// Folder of this run; `runs/NAME` without it.
    #[arg(long, value_name = "DIR")]
    pub(crate) run_dir: Option<PathBuf>,
    /// Folder of the feature stores.
    #[arg(long, value_name = "DIR")]
    pub(crate) features_dir: Option<PathBuf>,
    /// Go on from the newest checkpoint of the run folder.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Only print what would be done: images, steps, parameters, disk, memory.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the scores as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Embed {
    /// Trained embedder: a run folder or an embedder file. Without it the backbone's features are written.
    #[arg(long, value_name = "DIR|FILE", conflicts_with = "backbone")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) compute: Compute,
    /// Write the backbone's features instead of the embedding.
    #[arg(long)]
    pub(crate) features: bool,
    /// Images, or folders that are searched for images.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE|DIR")]
    pub(crate) input: Vec<PathBuf>,
    /// Safetensors file to write: `embeddings [N, D]`, the paths in the metadata key `paths`.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Print a summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Evaluate {
    /// Query set: a safetensors file of embeddings with labels, or a CSV with `path,label[,domain]` and --model.
    #[arg(long, value_name = "FILE")]
    pub(crate) query: PathBuf,
    /// Index set, in the form of the query set; the query set itself without it (leave one out).
    #[arg(long, value_name = "FILE")]
    pub(crate) index: Option<PathBuf>,
    /// Trained embedder, for CSV input.
    #[arg(long, value_name = "DIR|FILE", conflicts_with = "backbone")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) compute: Compute,
    /// Neighbours that mMP@k looks at.
    #[arg(long, default_value_t = 5)]
    pub(crate) k: usize,
    /// Search each domain's queries in that domain's index alone.
    #[arg(long)]
    pub(crate) separate: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Search {
    /// Index: a safetensors file written by `mdfe embed`.
    #[arg(long, value_name = "FILE")]
    pub(crate) index: PathBuf,
    /// Query images.
    #[arg(long, required_unless_present = "text", num_args = 1.., value_name = "FILE")]
    pub(crate) query: Vec<PathBuf>,
    /// Query sentence, taken as it is; may be repeated. Needs a model with a text tower (`mdfe backbones list --text`).
    #[arg(long, value_name = "SENTENCE")]
    pub(crate) text: Vec<String>,
    /// The text tower's `tokenizer.json` instead of the hub's; CLIP's own is built in.
    #[arg(long, value_name = "FILE", requires = "text")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Trained embedder that made the index.
    #[arg(long, value_name = "DIR|FILE", conflicts_with = "backbone")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) compute: Compute,
    /// Neighbours per query.
    #[arg(short, default_value_t = 5)]
    pub(crate) k: usize,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Export {
    /// Run folder or embedder file.
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) model: PathBuf,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Put the backbone's weights into the file, so that it works alone.
    #[arg(long)]
    pub(crate) standalone: bool,
    /// Weights file of the backbone (safetensors) instead of the hub cache.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Make no network request.
    #[arg(long)]
    pub(crate) offline: bool,
}
