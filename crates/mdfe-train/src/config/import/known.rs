//! The keys of the Python code, with its defaults.

/// A default of the Python code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Preset {
    Nothing,
    Flag(bool),
    Count(i64),
    Number(f64),
    Text(&'static str),
}

/// A key of the Python code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) key: &'static str,
    pub(super) preset: Preset,
    /// Why it is never carried over; `None` where it depends.
    pub(super) left: Option<&'static str>,
}

const fn known(key: &'static str, preset: Preset) -> Known {
    Known { key, preset, left: None }
}

const fn left(key: &'static str, reason: &'static str) -> Known {
    Known { key, preset: Preset::Nothing, left: Some(reason) }
}

const UPLOADS: &str = "mdfe uploads nothing";
const COUNTS_STEPS: &str = "checkpoints are counted in epochs, by train.checkpoint_every";
const DEVICE: &str = "devices are given on the command line, with --device";
const NORMALISED: &str = "mean and standard deviation are the backbone's own";

/// All of them, in the order of the code's table of defaults.
pub(super) const KEYS: &[Known] = &[
    known("SEED", Preset::Count(42)),
    known("MODEL.name", Preset::Nothing),
    known("MODEL.embedding_dim", Preset::Count(64)),
    left("MODEL.output_dir", "the folder of a run is given on the command line, with --run-dir"),
    known("MODEL.cloud_upload", Preset::Flag(false)),
    known("MODEL.BACKBONE.output_dim", Preset::Nothing),
    known("MODEL.BACKBONE.freeze_backbone", Preset::Flag(true)),
    known("MODEL.BACKBONE.type", Preset::Text("siglip")),
    left("MODEL.BACKBONE.network_arch", "it is a part of the Python code's run names and nothing else"),
    known("MODEL.BACKBONE.model_name", Preset::Text("vit_so400m_patch14_siglip_384")),
    known("MODEL.BACKBONE.weights", Preset::Text("")),
    known("MODEL.BACKBONE.proj_layer", Preset::Flag(false)),
    known("MODEL.NECK.neck_type", Preset::Text("proj_layer")),
    known("MODEL.NECK.dropout", Preset::Number(0.2)),
    known("MODEL.HEAD.name", Preset::Text("ArcFace")),
    known("MODEL.HEAD.k", Preset::Count(1)),
    known("MODEL.HEAD.s", Preset::Number(30.0)),
    known("MODEL.HEAD.dynamic_s", Preset::Flag(true)),
    known("MODEL.HEAD.m", Preset::Number(0.5)),
    known("MODEL.HEAD.m_max", Preset::Number(0.5)),
    known("MODEL.HEAD.m_min", Preset::Number(0.2)),
    known("MODEL.HEAD.h", Preset::Number(0.333)),
    known("MODEL.HEAD.t_alpha", Preset::Number(1.0)),
    known("DATASET.root", Preset::Text("data")),
    known("DATASET.names", Preset::Text("m4d-35k")),
    known("DATASET.cls_dist_file", Preset::Text("")),
    known("DATALOADER.batch_size", Preset::Count(128)),
    left("DATALOADER.num_workers", "images are decoded on all cores, or on those of --threads"),
    known("TRANSFORM.name", Preset::Text("openai-clip")),
    known("TRANSFORM.size", Preset::Nothing),
    left("TRANSFORM.mean", NORMALISED),
    left("TRANSFORM.std", NORMALISED),
    known("TRAIN.epoch_based", Preset::Flag(true)),
    known("TRAIN.epochs", Preset::Count(10)),
    known("TRAIN.iterations", Preset::Count(0)),
    known("TRAIN.save_epoch", Preset::Nothing),
    left("TRAIN.save_iter", COUNTS_STEPS),
    left("TRAIN.seen_img_save", COUNTS_STEPS),
    left("TRAIN.print_freq", "every step is written to metrics.jsonl"),
    left("TRAIN.device", DEVICE),
    left("TRAIN.gpu_ids", DEVICE),
    left("TRAIN.data_parallel", DEVICE),
    known("LOSS.name", Preset::Text("CrossEntropyLoss")),
    known("OPTIMIZER.name", Preset::Text("Adam")),
    known("OPTIMIZER.lr", Preset::Number(2e-3)),
    known("OPTIMIZER.weight_decay", Preset::Number(1e-4)),
    known("OPTIMIZER.momentum", Preset::Number(0.9)),
    known("SCHEDULER.epoch_based", Preset::Flag(false)),
    known("SCHEDULER.name", Preset::Text("cosine")),
    known("SCHEDULER.warmup", Preset::Text("linear")),
    known("SCHEDULER.warmup_steps", Preset::Count(1)),
    known("SCHEDULER.seen_img_warmup", Preset::Nothing),
    known("SCHEDULER.min_lr", Preset::Number(1e-3)),
    left("GOOGLE_DRIVE.api_name", UPLOADS),
    left("GOOGLE_DRIVE.api_version", UPLOADS),
    left("GOOGLE_DRIVE.scope", UPLOADS),
    left("GOOGLE_DRIVE.folder_id", UPLOADS),
    left("GOOGLE_DRIVE.client_secret_path", UPLOADS),
    left("GOOGLE_DRIVE.token_path", UPLOADS),
];

/// Another spelling of a key that circulates.
struct Alias {
    spelled: &'static str,
    key: &'static str,
}

const ALIASES: &[Alias] = &[
    Alias { spelled: "MODEL.NECK.type", key: "MODEL.NECK.neck_type" },
    Alias { spelled: "MODEL.BACKBONE.name", key: "MODEL.BACKBONE.model_name" },
    Alias { spelled: "MODEL.BACKBONE.pretrained", key: "MODEL.BACKBONE.weights" },
    Alias { spelled: "DATASET.name", key: "DATASET.names" },
    Alias { spelled: "DATASET.data_dir", key: "DATASET.root" },
];

/// The key of this spelling, in any case.
pub(super) fn find(spelled: &str) -> Option<&'static Known> {
    let alias = ALIASES.iter().find(|alias| alias.spelled.eq_ignore_ascii_case(spelled));
    let key = alias.map_or(spelled, |alias| alias.key);
    KEYS.iter().find(|known| known.key.eq_ignore_ascii_case(key))
}
