//! What to do after the first run.

use std::path::Path;

/// Three commands that go on from the demo, one a line; `run` is its run folder, `weights` those of its backbone.
pub(crate) fn steps(run: &Path, weights: Option<&Path>) -> String {
    // As it was called, so that the lines can be copied: `target/debug/mdfe` after `cargo run`.
    let mdfe = std::env::args().next().unwrap_or_else(|| "mdfe".to_owned());
    let run = run.display();
    let weights = weights.map(|path| format!(" --weights {}", path.display())).unwrap_or_default();
    format!(
        "next, your own images:    {mdfe} train --data photos --backbone vit_base_patch16_siglip_224\n\
         next, an index to search: {mdfe} embed --model {run}{weights} --input photos --output index.safetensors\n\
         next, another config:     {mdfe} train --config {run}/config.toml --set loss.name=CurricularFace"
    )
}
