//! What decides the features of a space.

use crate::{
    Error, PreprocessRecord, Result, TransformKind,
    identity::{Fingerprint, Fingerprinter},
    write_atomically,
};
use serde::{Deserialize, Serialize};
use std::{io::ErrorKind, path::Path};

/// Which model features come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackboneId {
    /// Name in the table of pretrained models.
    pub name: String,
    /// Fingerprint of the architecture record.
    pub architecture: Fingerprint,
    /// Fingerprint of the tensors as loaded: key, shape, dtype and bytes of each, in the order of the keys.
    pub weights: Fingerprint,
    /// Commit of the hub repository, where the weights came from the hub.
    pub commit: Option<String>,
    /// Whether the model's own output projection was kept.
    pub proj_layer: bool,
}

impl BackboneId {
    /// Whether two models give the same features: the same architecture, tensors and output, whatever they are called and
    /// wherever they came from.
    pub fn is_same_model(&self, other: &Self) -> bool {
        (self.architecture, self.weights, self.proj_layer)
            == (other.architecture, other.weights, other.proj_layer)
    }
}

/// Number format of stored features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreDtype {
    /// 4 bytes a value, exact (default).
    #[default]
    F32,
    /// 2 bytes, 11 significant bits, range 6e-5 to 65,504.
    F16,
    /// 2 bytes, 8 significant bits, the range of f32.
    Bf16,
}

impl StoreDtype {
    /// Bytes of one value.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// A random transform, drawn once for each image: one of several variants of its features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The transform.
    pub transform: TransformKind,
    /// Seed of what is random.
    pub seed: u64,
    /// Which variant, counted from 0.
    pub number: u64,
}

/// Everything that decides the features of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceSpec {
    /// The model.
    pub backbone: BackboneId,
    /// The transform that made its pixels.
    pub preprocess: PreprocessRecord,
    /// Number format that the backbone computed in: `f32`, `bf16`, `f16`.
    pub compute: String,
    /// Number format on disk.
    pub dtype: StoreDtype,
    /// Width of the features, D_in.
    pub dim: usize,
    /// Revision of the arithmetic: counted up when the same model gives other bits.
    pub numerics: u32,
    /// The augmentation; `None` for the deterministic transform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
}

/// `space.json`.
#[derive(Serialize, Deserialize)]
struct SpaceRecord {
    format: String,
    fingerprint: Fingerprint,
    #[serde(flatten)]
    spec: SpaceSpec,
}

impl SpaceSpec {
    /// Name and version of the format.
    pub const FORMAT: &str = "mdfe-space-2";
    /// File name in the space's folder.
    pub const FILE: &str = "space.json";

    /// The fingerprint: of all but the model's name and commit, which say where it came from and not what it is.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe space");
        all.field("architecture", self.backbone.architecture.as_bytes())
            .field("weights", self.backbone.weights.as_bytes())
            .json("proj_layer", &self.backbone.proj_layer)
            .json("preprocess", &self.preprocess)
            .json("compute", &self.compute)
            .json("dtype", &self.dtype)
            .json("dim", &self.dim)
            .json("numerics", &self.numerics);
        if let Some(variant) = &self.variant {
            all.json("variant", variant);
        }
        all.finish()
    }

    /// The name of the space's folder: the model's, for people, and the fingerprint's first 16 digits.
    pub fn folder(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
        let name: String = self.backbone.name.chars().take(60).map(plain).collect();
        format!("{name}-{}", self.fingerprint().short())
    }

    /// The record of the space in `dir`.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none or it is of format 1, [`Error::Malformed`] when it is not one that this build
    /// reads.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(Self::FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let remedy = if dir.join("manifest.json").exists() {
                    "the folder is a feature store of format 1, which this build does not read: run `mdfe extract` again and delete it"
                } else {
                    "a space of features is made by `mdfe extract`"
                };
                return Err(Error::Missing { path, remedy: remedy.into() });
            }
            other => other.map_err(Error::io("read", &path))?,
        };
        let bad = |reason: String| Error::Malformed { path: path.clone(), line: None, reason };
        let record: SpaceRecord = serde_json::from_str(&text)
            .map_err(|e| bad(format!("is not the record of a space ({e}); extract again")))?;
        if record.format != Self::FORMAT {
            return Err(bad(format!("has the format {}, this build reads {}", record.format, Self::FORMAT)));
        }
        if record.spec.dim == 0 {
            return Err(bad("has features of width 0; extract again".into()));
        }
        if record.fingerprint != record.spec.fingerprint() {
            return Err(bad(
                "does not fit its fingerprint: it was edited, or written by another build; extract again"
                    .into(),
            ));
        }
        Ok(record.spec)
    }

    /// Writes the record into `dir`, which must not hold another's.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        if dir.join(Self::FILE).exists() {
            return Self::read(dir)?.expect_same(self, dir);
        }
        let record = SpaceRecord {
            format: Self::FORMAT.to_owned(),
            fingerprint: self.fingerprint(),
            spec: self.clone(),
        };
        let json = serde_json::to_string_pretty(&record).map_err(|e| Error::Invalid(e.to_string()))?;
        write_atomically(&dir.join(Self::FILE), (json + "\n").as_bytes())
    }

    /// Refuses another space than this one; `dir` holds this one's.
    pub(super) fn expect_same(&self, other: &Self, dir: &Path) -> Result<()> {
        let (here, there) = (self.fingerprint(), other.fingerprint());
        if here == there {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "{} is the space {} of {}, not {} of {}: backbone, weights, preprocess record and dtypes must be the same",
            dir.display(),
            here.short(),
            self.backbone.name,
            there.short(),
            other.backbone.name
        )))
    }
}
