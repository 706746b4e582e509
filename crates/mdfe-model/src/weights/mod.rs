//! Weights by key: from files or from tensors, with the shapes checked and every misfit reported at once.
//!
//! ```no_run
//! # fn main() -> mdfe_model::Result<()> {
//! let weights = mdfe_model::Weights::open(&["model.safetensors".into()])?;
//! let block = weights.at("blocks").at(0);
//! let scale = block.get("norm1.weight", &[768])?; // a zero placeholder when it is missing ...
//! weights.finish("vit_base_patch16_siglip_224")?; // ... and here is the one error that says so
//! # Ok(())
//! # }
//! ```
//!
//! Wrappers that training code leaves around a tower (`module.`, `visual.`, `trunk.`) are stripped from the keys, and
//! with `visual.` the text tower's keys are set aside.

mod below;
mod fingerprint;
mod format;
mod names;
mod pickle;
mod report;
mod safetensors_file;
pub(crate) mod sharded;
mod source;
mod text_part;

pub(crate) use safetensors_file::SafetensorsFile;
pub use source::TensorSource;

use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};
use report::Report;
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What errors say of a file that could not even be read as weights.
const ANY: &str = "any model";

/// A set of named tensors, seen from one scope (`w.at("blocks").at(0)`). Clones share the files and the report.
#[derive(Clone)]
pub struct Weights {
    shared: Arc<Shared>,
    prefix: String,
    device: Device,
    dtype: DType,
}

struct Shared {
    sources: Vec<Box<dyn TensorSource>>,
    /// Stripped key to (source, key in the source).
    keys: BTreeMap<String, (usize, String)>,
    report: Mutex<Report>,
    path: PathBuf,
}

impl Weights {
    /// Opens weight files: safetensors (memory-mapped), an index of sharded safetensors, or a PyTorch state dict (`.bin`,
    /// `.pt`, `.pth`). Several files are the shards of one model. Tensors come as f32 on the CPU until [`Weights::on`] says
    /// otherwise.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read, [`Error::Weights`] for one that is not a weights file, or when two
    /// files hold the same key.
    pub fn open(paths: &[PathBuf]) -> Result<Self> {
        let Some(first) = paths.first() else {
            return Err(Error::Invalid("no weights file was given; name at least one".to_owned()));
        };
        let mut sources: Vec<Box<dyn TensorSource>> = Vec::new();
        for path in paths {
            sources.extend(format::sources(path)?);
        }
        Self::from_sources(sources, first.clone())
    }

    /// Weights that are in memory already: for tests, and for fine-tuning, where the tensors are variables. A tensor that
    /// has the dtype and device asked for is handed out itself, so that gradients reach it.
    ///
    /// # Errors
    /// None today; the result leaves room for keys that collide once prefixes are stripped.
    pub fn from_tensors(tensors: HashMap<String, Tensor>) -> Result<Self> {
        Self::from_sources(vec![Box::new(tensors)], PathBuf::from("<tensors in memory>"))
    }

    /// Weights from any sources; `path` is the name that errors show.
    ///
    /// # Errors
    /// [`Error::Weights`] when two sources hold the same key.
    pub fn from_sources(sources: Vec<Box<dyn TensorSource>>, path: PathBuf) -> Result<Self> {
        let mut all = Vec::new();
        for (i, source) in sources.iter().enumerate() {
            all.extend(source.keys().into_iter().map(|key| (i, key)));
        }
        let stripped = names::strip(all.iter().map(|(_, key)| key.as_str()));
        let mut keys = BTreeMap::new();
        for ((i, key), short) in all.into_iter().zip(stripped) {
            let Some(short) = short else { continue };
            if let Some((_, other)) = keys.insert(short, (i, key.clone())) {
                let problems = format!("the keys `{other}` and `{key}` name the same tensor; keep one");
                return Err(Error::misfit(&path, ANY, problems));
            }
        }
        let shared = Shared { sources, keys, report: Mutex::default(), path };
        Ok(Self { shared: Arc::new(shared), prefix: String::new(), device: Device::Cpu, dtype: DType::F32 })
    }

    /// No weights at all: every key is handed out as zeros of the shape asked for, and noted.
    pub fn shapes_only() -> Self {
        let shared = Shared {
            sources: Vec::new(),
            keys: BTreeMap::new(),
            report: Mutex::default(),
            path: PathBuf::from("<shapes only>"),
        };
        Self { shared: Arc::new(shared), prefix: String::new(), device: Device::Cpu, dtype: DType::F32 }
    }

    /// The keys that were asked for and are missing, in order, with the shapes asked for: all of them with
    /// [`Weights::shapes_only`].
    pub fn missing(&self) -> Vec<(String, Vec<usize>)> {
        self.report(|r| r.all_missing())
    }

    /// The same weights, with tensors handed out on `device` in `dtype`, whatever the file holds.
    pub fn on(&self, device: &Device, dtype: DType) -> Self {
        Self { device: device.clone(), dtype, ..self.clone() }
    }

    /// The scope `name` below this one: keys gain the prefix `name.`.
    pub fn at(&self, name: impl Display) -> Self {
        Self { prefix: format!("{}{name}.", self.prefix), ..self.clone() }
    }

    /// Where the tensors are handed out.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What the tensors are handed out as.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The first file, or a stand-in in angle brackets; for messages.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Whether `key` exists in this scope. Does not count as use.
    pub fn contains(&self, key: &str) -> bool {
        self.shared.keys.contains_key(&self.full(key))
    }

    /// The shape of `key` in this scope, if it exists. Does not count as use.
    pub fn shape(&self, key: &str) -> Option<Vec<usize>> {
        let (source, stored) = self.shared.keys.get(&self.full(key))?;
        self.shared.sources[*source].shape(stored)
    }

    /// Every key of this scope, without the scope's prefix, in order.
    pub fn keys(&self) -> Vec<String> {
        self.shared.keys.keys().filter_map(|k| k.strip_prefix(&self.prefix)).map(str::to_owned).collect()
    }

    /// The tensor `key` of this scope, which must have `shape`.
    ///
    /// A missing or mis-shaped key is noted for [`Weights::finish`] and zeros of `shape` are handed out, so that one error
    /// can list everything that does not fit.
    ///
    /// # Errors
    /// [`Error::Weights`] or [`Error::Candle`] when the tensor is there and cannot be read.
    pub fn get(&self, key: &str, shape: &[usize]) -> Result<Tensor> {
        let full = self.full(key);
        match self.shape(key) {
            None => self.report(|r| r.missing(&full, shape)),
            Some(found) if found != shape => self.report(|r| r.mis_shaped(&full, &found, shape)),
            Some(_) => return self.get_any(key),
        }
        // One zero seen from everywhere: a placeholder of a large model takes no memory.
        Ok(Tensor::zeros((), self.dtype, &self.device)?.broadcast_as(shape)?)
    }

    /// The tensor `key` of this scope in whatever shape it has, for those that are resampled to another size.
    ///
    /// # Errors
    /// [`Error::Weights`] when it is missing or cannot be read.
    pub fn get_any(&self, key: &str) -> Result<Tensor> {
        let tensor = self.stored(key)?;
        self.report(|r| r.used(&self.full(key)));
        Ok(tensor.to_device(&self.device)?.to_dtype(self.dtype)?)
    }

    /// The tensor `key` of this scope as it is stored: on any device, in its own dtype. Does not count as use.
    fn stored(&self, key: &str) -> Result<Tensor> {
        let full = self.full(key);
        let Some((source, stored)) = self.shared.keys.get(&full) else {
            let problems = format!("the key `{full}` is missing");
            return Err(Error::misfit(&self.shared.path, "the model", problems));
        };
        self.shared.sources[*source].load(stored)
    }

    /// Keys of this scope that start with `start` may stay unused: classifier heads and the like.
    pub fn allow_unused(&self, start: &str) {
        let full = self.full(start);
        self.report(|r| r.allow(full));
    }

    /// Ends loading: what was asked for and does not fit, and what nobody asked for, in one error.
    ///
    /// # Errors
    /// [`Error::Weights`] lists missing, mis-shaped and unexpected keys and names the file.
    pub fn finish(&self, model: &str) -> Result<()> {
        let problems = self.report(|r| r.problems(self.shared.keys.keys()));
        match problems {
            None => Ok(()),
            Some(problems) => Err(Error::misfit(&self.shared.path, model, problems)),
        }
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn report<T>(&self, f: impl FnOnce(&mut Report) -> T) -> T {
        f(&mut self.shared.report.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
