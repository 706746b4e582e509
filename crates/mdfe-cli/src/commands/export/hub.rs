//! `mdfe export --format hub`: an embedder as a folder for the Hugging Face hub.

use super::source::{Place, Source};
use crate::args::Export;
use anyhow::Result;
use mdfe_model::HubFolder;
use std::path::Path;

pub(super) fn run(args: &Export, dir: &Path) -> Result<()> {
    let folder = HubFolder::claim(dir)?;
    let source = Source::find(args)?;
    let place = source.place(args.standalone)?;
    let inside = !matches!(place, Place::Apart);
    folder.write(&source.file, inside, |path| source.save(path, &place))?;
    let files = HubFolder::FILES;
    let bytes = files.iter().map(|file| Ok(std::fs::metadata(dir.join(file))?.len())).sum::<Result<u64>>()?;
    let (backbone, megabytes) = (&source.file.meta.backbone.name, bytes as f64 / 1e6);
    let place = if inside { "inside" } else { "fetched when it is used" };
    let shown = dir.display();
    args.results.print(
        &serde_json::json!({
            "output": dir, "files": files, "bytes": bytes, "backbone": backbone, "standalone": inside
        }),
        &format!(
            "{shown}: {}, {megabytes:.1} MB, the backbone {backbone} {place}\nread {shown}/README.md, then `hf upload ORG/NAME {shown}`",
            files.join(", ")
        ),
    )
}
