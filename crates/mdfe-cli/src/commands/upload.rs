//! `mdfe upload`: a run folder into a store.

use super::remote;
use crate::{args::Upload, exit::usage};
use anyhow::{Context, Result, bail};
use mdfe_train::runs;
use serde_json::{Value, json};

pub(crate) fn run(args: &Upload) -> Result<()> {
    let run = &args.run;
    if !run.join("run.json").is_file() {
        bail!("{} is no run folder: it has no run.json; name the folder of a run", run.display());
    }
    let dest = match &args.dest {
        Some(dest) => dest.clone(),
        None => {
            let own = runs::show(run)?.config["train"]["upload"].as_str().map(str::to_owned);
            let Some(own) = own else {
                usage!(
                    "{} has no `train.upload`; say where to: mdfe upload {} DEST",
                    run.display(),
                    run.display()
                );
            };
            own
        }
    };
    let mut place = remote::destination(run, &dest)?;
    let done = place.upload(|name| tracing::info!("uploading {name}"));
    let done = done.with_context(|| {
        format!("{} is not uploaded yet, the same command goes on where it was", run.display())
    })?;
    let value: Value = json!({ "destination": place.folder().to_string(), "sent": done.sent, "bytes": done.bytes, "already": done.already });
    let text = format!(
        "{}: {} files sent, {:.1} MB; {} were there already",
        place.folder(),
        done.sent.len(),
        done.bytes as f64 / 1e6,
        done.already
    );
    args.results.print(&value, &text)
}
