//! Weights that are cut into several files, with an index beside them (`model.safetensors.index.json`).

use super::ANY;
use crate::{Error, Result};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What the name of an index ends with.
const SUFFIX: &str = ".index.json";

#[derive(Deserialize)]
struct Index {
    /// Key to file name.
    weight_map: BTreeMap<String, String>,
}

/// The names of the shards that the index `path` lists, in order, each once; `None` when `path` is no index.
pub(crate) fn shard_names(path: &Path) -> Result<Option<Vec<String>>> {
    if !path.to_string_lossy().ends_with(SUFFIX) {
        return Ok(None);
    }
    let io = Error::io("read", path);
    let text = std::fs::read_to_string(path).map_err(io)?;
    let index: Index = serde_json::from_str(&text).map_err(|e| {
        Error::misfit(path, ANY, format!("it is not the index of a sharded model ({e}); download it again"))
    })?;
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    // A name with a folder in it could lead out of the model's own.
    if let Some(odd) = names.iter().find(|name| name.contains(['/', '\\']) || name.starts_with('.')) {
        return Err(Error::misfit(
            path,
            ANY,
            format!("it lists the shard `{odd}`, which is not a plain file name"),
        ));
    }
    if names.is_empty() {
        return Err(Error::misfit(path, ANY, "its `weight_map` is empty; download it again"));
    }
    Ok(Some(names.into_iter().collect()))
}

/// The files to read for `path`: itself, or the shards beside an index.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let Some(names) = shard_names(path)? else { return Ok(vec![path.to_path_buf()]) };
    let folder = path.parent().unwrap_or(Path::new(""));
    let missing: Vec<&str> =
        names.iter().filter(|name| !folder.join(name).exists()).map(String::as_str).collect();
    if !missing.is_empty() {
        let problems = format!(
            "the shards `{}` are not beside it; download them into the same folder",
            missing.join("`, `")
        );
        return Err(Error::misfit(path, ANY, problems));
    }
    Ok(names.iter().map(|name| folder.join(name)).collect())
}
