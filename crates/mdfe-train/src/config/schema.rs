//! The keys of an experiment, their types and ranges: one table for files and for `--set`.

use toml::{Table, Value};

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// `true` or `false`.
    Flag,
    /// A whole number of at least this.
    Count(i64),
    /// A number from the first to the second, both allowed.
    Number(f64, f64),
    /// Two numbers, each at least 0 and below 1.
    Betas,
    /// A list of numbers.
    Numbers,
}

use Kind::*;

const LOSSES: &[&str] = &[
    "ArcFace",
    "DynamicMargin",
    "DynM-ArcFace",
    "CLAM",
    "LiArcFace",
    "AdaCos",
    "CurricularFace",
    "AdaFace",
    "CosFace",
    "NormalizedSoftmax",
];
const OPTIMIZERS: &[&str] =
    &["SGD", "Adam", "AdamW", "SAM_Adam", "SAM_AdamW", "sgd", "adam", "adamw", "sam_adam", "sam_adamw"];
const ANGLE: Kind = Number(0.0, std::f64::consts::FRAC_PI_2);
/// Just below 1, for shares that must leave something.
const BELOW_ONE: f64 = 1.0 - 1e-9;

/// Keys outside lists.
#[rustfmt::skip]
const KEYS: &[(&str, Kind)] = &[
    ("name", Text), ("base", Text),
    ("data.root", Text),
    ("backbone.name", Text), ("backbone.weights", Text), ("backbone.revision", Text), ("backbone.image_size", Count(1)),
    ("backbone.proj_layer", Flag), ("backbone.dtype", Choice(&["f32", "bf16", "f16"])), ("backbone.batch", Count(1)), ("backbone.shard_rows", Count(1)),
    ("transform.name", Choice(&["eval", "openai-clip", "openclip", "siglip", "custom"])),
    ("eval.k", Count(1)),
    ("projection.kind", Choice(&["linear", "avgpool"])), ("projection.embed_dim", Count(1)),
    ("projection.dropout", Number(0.0, BELOW_ONE)),
    ("loss.name", Choice(LOSSES)), ("loss.sub_centers", Count(1)), ("loss.scale", Number(1e-9, 1000.0)), ("loss.margin", Number(0.0, std::f64::consts::FRAC_PI_2)),
    ("loss.max_margin", ANGLE), ("loss.min_margin", ANGLE), ("loss.margins", Numbers), ("loss.dynamic", Flag),
    ("loss.concentration", Number(1e-9, 1e9)), ("loss.momentum", Number(0.0, 1.0)),
    ("optimizer.name", Choice(OPTIMIZERS)), ("optimizer.lr", Number(0.0, 1e3)), ("optimizer.weight_decay", Number(0.0, 1e3)),
    ("optimizer.momentum", Number(0.0, BELOW_ONE)), ("optimizer.betas", Betas), ("optimizer.eps", Number(0.0, 1.0)),
    ("optimizer.rho", Number(0.0, 1e3)),
    ("schedule.name", Choice(&["none", "cosine"])), ("schedule.min_lr", Number(0.0, 1e3)),
    ("schedule.warmup", Choice(&["none", "linear", "exponential"])), ("schedule.warmup_epochs", Number(0.0, 1e6)),
    ("train.epochs", Count(1)), ("train.batch", Count(1)), ("train.seed", Count(0)), ("train.checkpoint_every", Count(0)),
    ("train.keep", Count(1)),
];

/// Keys of a data set, wherever one stands.
#[rustfmt::skip]
const SET_KEYS: &[(&str, Kind)] = &[
    ("key", Text), ("root", Text), ("min_samples", Count(0)), ("max_samples", Count(0)), ("num_classes", Count(1)), ("seed", Count(0)),
    ("exclude", Text), ("refined", Flag), ("domain", Text), ("domains", Texts), ("file", Text), ("split", Text),
];

/// The lists of tables, and where in them data sets stand.
const LISTS: &[&str] = &["data.train", "data.eval"];
const SETS: &[&str] = &["data.train", "data.eval.query", "data.eval.index"];

/// All keys; those in lists without a number: `data.train.file`.
pub(super) fn keys() -> Vec<(String, Kind)> {
    let mut keys: Vec<(String, Kind)> = KEYS.iter().map(|&(key, kind)| (key.to_owned(), kind)).collect();
    keys.push(("data.eval.name".to_owned(), Text));
    for set in SETS {
        keys.extend(SET_KEYS.iter().map(|&(key, kind)| (format!("{set}.{key}"), kind)));
    }
    keys
}

/// Checks keys, types and ranges; the error is a sentence that names the key.
pub(super) fn check(table: &Table) -> Result<(), String> {
    check_table(table, "", &keys())
}

fn check_table(table: &Table, prefix: &str, keys: &[(String, Kind)]) -> Result<(), String> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let Some((_, kind)) = keys.iter().find(|(known, _)| *known == key) {
            check_value(&key, value, *kind)?;
            continue;
        }
        let inside = format!("{key}.");
        if !keys.iter().any(|(known, _)| known.starts_with(&inside)) {
            return Err(unknown(&key, keys));
        }
        match value {
            Value::Table(table) => check_table(table, &key, keys)?,
            Value::Array(parts) if LISTS.contains(&key.as_str()) => {
                for part in parts {
                    let Value::Table(part) = part else {
                        return Err(format!("`{key}` must be a list of tables: write [[{key}]]"));
                    };
                    check_table(part, &key, keys)?;
                }
            }
            other => {
                return Err(format!("`{key}` is a section, not {}: write [{key}]", describe(other)));
            }
        }
    }
    Ok(())
}

/// Says that there is no such key, and which one is nearest.
pub(super) fn unknown(key: &str, keys: &[(String, Kind)]) -> String {
    let sections = keys.iter().filter_map(|(known, _)| known.rsplit_once('.')).map(|(section, _)| section);
    let all = keys.iter().map(|(known, _)| known.as_str()).chain(sections);
    // A section is compared with sections, so that a long key inside is not held against it.
    let nearest = all.min_by_key(|known| {
        let own = strsim::damerau_levenshtein(key, known);
        let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
        own.min(2 + strsim::damerau_levenshtein(&last(key), &last(known)))
    });
    format!("unknown key `{key}`; the nearest valid one is `{}`", nearest.unwrap_or_default())
}

/// `Ok` if a value is what its key takes.
pub(super) fn check_value(key: &str, value: &Value, kind: Kind) -> Result<(), String> {
    let number = |value: &Value| value.as_float().or_else(|| value.as_integer().map(|i| i as f64));
    let fits = match kind {
        Text => value.is_str(),
        Choice(names) => value.as_str().is_some_and(|name| names.contains(&name)),
        Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_str)),
        Flag => value.is_bool(),
        Count(least) => value.as_integer().is_some_and(|n| n >= least),
        Number(least, most) => number(value).is_some_and(|n| (least..=most).contains(&n)),
        Betas => value.as_array().is_some_and(|all| {
            all.len() == 2 && all.iter().all(|v| number(v).is_some_and(|n| (0.0..1.0).contains(&n)))
        }),
        Numbers => value.as_array().is_some_and(|all| all.iter().all(|v| number(v).is_some())),
    };
    if fits { Ok(()) } else { Err(format!("`{key}` is {}; it takes {}", describe(value), wanted(kind))) }
}

fn wanted(kind: Kind) -> String {
    match kind {
        Text => "a text".to_owned(),
        Choice(names) => format!("one of {}", names.join(", ")),
        Texts => "a list of texts".to_owned(),
        Flag => "true or false".to_owned(),
        Count(least) => format!("a whole number of at least {least}"),
        Number(least, most) if most == BELOW_ONE => format!("a number from {least} to below 1"),
        Number(least, most) => format!("a number from {least} to {most}"),
        Betas => "two numbers, each at least 0 and below 1".to_owned(),
        Numbers => "a list of numbers".to_owned(),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Table(_) => "a section".to_owned(),
        other => other.to_string().replace('\n', " "),
    }
}
