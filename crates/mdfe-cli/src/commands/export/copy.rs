//! `mdfe export --format safetensors`: an embedder as one file of mdfe's own.

use super::source::{Place, Source};
use crate::args::Export;
use anyhow::{Result, bail};
use std::path::Path;

pub(super) fn run(args: &Export, output: &Path) -> Result<()> {
    let source = Source::find(args)?;
    if source.file.standalone.is_some() && !args.standalone {
        bail!("{} is standalone already; copy it, or export it with --standalone", source.path.display());
    }
    let place = source.place(args.standalone)?;
    source.save(output, &place)?;
    let inside = !matches!(place, Place::Apart);
    let bytes = std::fs::metadata(output)?.len();
    let place = if inside { "inside" } else { "not inside" };
    let (backbone, megabytes) = (&source.file.meta.backbone.name, bytes as f64 / 1e6);
    args.results.print(
        &serde_json::json!({ "output": output, "bytes": bytes, "backbone": backbone, "standalone": inside }),
        &format!("{}: {megabytes:.1} MB, the backbone {backbone} {place}", output.display()),
    )
}
