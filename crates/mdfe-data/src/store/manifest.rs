//! What a feature store says about itself.

use super::listing::listing_hash;
use crate::{Dataset, Domain, Error, PreprocessRecord, Result, Skipped};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Which model the features come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackboneId {
    /// Name in the table of pretrained models.
    pub name: String,
    /// Hash of the weights (blake3, hexadecimal).
    pub weights_hash: String,
    /// Commit of the hub repository, where the weights came from the hub.
    pub commit: Option<String>,
    /// Whether the model's own output projection was kept.
    pub proj_layer: bool,
}

/// Number format of stored features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreDtype {
    /// 4 bytes a number, exact (default).
    #[default]
    F32,
    /// 2 bytes, 11 significant bits, range 6e-5 to 65,504.
    F16,
    /// 2 bytes, 8 significant bits, the range of f32.
    Bf16,
}

impl StoreDtype {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// Everything that decides the content of a store, the data set apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreSpec {
    /// The model.
    pub backbone: BackboneId,
    /// The transform that made its pixels.
    pub preprocess: PreprocessRecord,
    /// Number format on disk.
    pub dtype: StoreDtype,
    /// Number format that the backbone computed in: `f32`, `bf16`, `f16`.
    pub compute: String,
    /// Width of the features, D_in.
    pub dim: usize,
    /// Rows of the listing that one shard covers.
    pub shard_rows: usize,
}

/// One shard of a complete store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardEntry {
    /// File name in the store's folder.
    pub file: String,
    /// Rows with features.
    pub rows: usize,
}

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`Manifest::FORMAT`].
    pub format: String,
    /// Content address of the store: a hash of [`StoreSpec`] and the listing.
    pub address: String,
    /// What made the features.
    #[serde(flatten)]
    pub spec: StoreSpec,
    /// Key of the data set.
    pub dataset: String,
    /// Hash of the listing.
    pub listing: String,
    /// Samples in the listing.
    pub samples: usize,
    /// Class names by dense label, `[C]`.
    pub class_names: Vec<String>,
    /// Domain names; rows hold positions in this list.
    pub domains: Vec<Domain>,
    /// True once every shard is there; the two lists below are filled then.
    pub complete: bool,
    /// The shards in order.
    pub shards: Vec<ShardEntry>,
    /// Images without features, in listing order.
    pub skipped: Vec<Skipped>,
}

impl Manifest {
    /// Name and version of the format.
    pub const FORMAT: &str = "mdfe-features-1";
    /// File name in the store's folder.
    pub const FILE: &str = "manifest.json";

    /// The manifest of the store in `dir`.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none, [`Error::Malformed`] when it is not one that this build reads.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(Self::FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Missing {
                    path,
                    remedy: "a feature store is made by `mdfe extract`".into(),
                });
            }
            other => other.map_err(Error::io("read", &path))?,
        };
        let bad =
            |path: &Path, reason: String| Error::Malformed { path: path.to_path_buf(), line: None, reason };
        let manifest: Self = serde_json::from_str(&text).map_err(|e| {
            bad(&path, format!("is not the manifest of a feature store ({e}); extract again"))
        })?;
        if manifest.format != Self::FORMAT {
            let reason = format!("has the format {}, this build reads {}", manifest.format, Self::FORMAT);
            return Err(bad(&path, reason));
        }
        if manifest.spec.dim == 0 || manifest.spec.shard_rows == 0 {
            return Err(bad(&path, "has features or shards of size 0; extract again".into()));
        }
        Ok(manifest)
    }

    /// The manifest of a store that is about to be filled.
    pub fn new(spec: StoreSpec, dataset: &Dataset) -> Self {
        let listing = listing_hash(dataset);
        let key = serde_json::json!({ "format": Self::FORMAT, "spec": spec, "listing": listing });
        let address = blake3::hash(key.to_string().as_bytes()).to_hex()[..16].to_owned();
        let mut domains: Vec<Domain> = Vec::new();
        for sample in &dataset.samples {
            if !domains.contains(&sample.domain) {
                domains.push(sample.domain.clone());
            }
        }
        domains.sort();
        Self {
            format: Self::FORMAT.to_owned(),
            address,
            spec,
            dataset: dataset.name.clone(),
            listing,
            samples: dataset.samples.len(),
            class_names: dataset.class_names.clone(),
            domains,
            complete: false,
            shards: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Number of shards that cover the listing.
    pub fn shard_count(&self) -> usize {
        self.samples.div_ceil(self.spec.shard_rows)
    }

    /// File name of shard `i`.
    pub fn shard_file(i: usize) -> String {
        format!("shard-{i:05}.safetensors")
    }
}
