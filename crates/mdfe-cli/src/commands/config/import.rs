//! `mdfe config import`: a config of the method's Python code as an experiment file.

use super::yaml;
use crate::args::Import;
use anyhow::{Context, Result, anyhow, bail};
use mdfe_train::{LeftKey, import_python_config};

pub(super) fn run(args: &Import) -> Result<()> {
    let place = args.file.display();
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("cannot read {place}"))?;
    let tree =
        yaml::read(&text).map_err(|problem| anyhow!("{place} is no YAML file of sections: {problem}"))?;
    let imported = import_python_config(&tree, &place.to_string())?;
    if let Some(output) = &args.output {
        if output.exists() {
            bail!(
                "{} is there already and stays as it is; give another --output, or remove it",
                output.display()
            );
        }
        mdfe_data::write_atomically(output, imported.toml.as_bytes())?;
    }
    for LeftKey { key, value, reason } in &imported.left {
        tracing::warn!("not carried over: {key} = {value}: {reason}");
    }
    let value = serde_json::json!({ "toml": imported.toml, "left": imported.left, "output": args.output });
    let text = match &args.output {
        Some(output) => format!("{}: {} keys were not carried over", output.display(), imported.left.len()),
        None => imported.toml.trim_end().to_owned(),
    };
    args.results.print(&value, &text)
}
