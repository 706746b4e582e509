//! The parameters of a file, whoever wrote it: a checkpoint, or an embedder.

use super::floats;
use crate::{Error, Group, Param, Result};
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// The f32 tensors of a safetensors file as parameters; where a moving average was kept, that one. Moments are left out.
///
/// # Errors
/// [`Error::Io`] when it can't be read, [`Error::Checkpoint`] when it is no safetensors file or holds no parameter.
pub(crate) fn saved_params(path: &Path) -> Result<Vec<Param>> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let bad = |reason: String| Error::Checkpoint { path: path.to_path_buf(), reason };
    let file = SafeTensors::deserialize(&bytes).map_err(|e| bad(e.to_string()))?;
    let mut params = Vec::new();
    for (name, tensor) in file.tensors() {
        if name.starts_with("optimizer.") || name.starts_with("average.") || tensor.dtype() != Dtype::F32 {
            continue;
        }
        let averaged = file.tensor(&format!("average.{name}")).ok();
        let data = floats(averaged.as_ref().unwrap_or(&tensor)).collect();
        let group = match name.split('.').next() {
            Some("backbone") => Group::Backbone,
            Some("centers") => Group::Centers,
            _ => Group::Projection,
        };
        params.push(Param::fixed(name, group, data));
    }
    if params.is_empty() {
        return Err(bad("it holds no parameter; name a run folder, a checkpoint or an embedder".to_owned()));
    }
    params.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(params)
}
