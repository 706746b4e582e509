//! `mdfe features`: the spaces of features on disk.

use crate::{
    args::{FeatureSpaces, Features, Prune},
    exit::usage,
};
use anyhow::{Result, bail};
use mdfe_data::store::{SpaceInfo, remove_space, spaces, verify};
use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

const DAY: u64 = 24 * 3600;

pub(crate) fn run(command: &Features) -> Result<()> {
    match command {
        Features::List { spaces, results } => {
            let found = find(spaces)?;
            let lines: Vec<String> = found.iter().map(line).collect();
            let text = if lines.is_empty() { "no features".to_owned() } else { lines.join("\n") };
            results.print(&found, &text)
        }
        Features::Verify { spaces, results } => {
            let (mut rows, mut lines, mut bad) = (Vec::new(), Vec::new(), 0);
            for space in find(spaces)? {
                let found = verify(&space.dir)?;
                lines.push(format!(
                    "{}  {} shards, {} damaged",
                    space.dir.display(),
                    space.shards,
                    found.len()
                ));
                lines.extend(found.iter().map(|shard| format!("  {}", shard.reason)));
                bad += found.len();
                rows.push(serde_json::json!({ "dir": space.dir, "shards": space.shards, "bad": found }));
            }
            results.print(&rows, &lines.join("\n"))?;
            if bad > 0 {
                bail!("{bad} shards are damaged: remove them and run `mdfe extract` again");
            }
            Ok(())
        }
        Features::Prune(args) => prune(args),
    }
}

/// The spaces that the user means: all, or those named.
fn find(args: &FeatureSpaces) -> Result<Vec<SpaceInfo>> {
    let found = spaces(&args.features_dir)?;
    if let Some(unknown) = args.space.iter().find(|name| !found.iter().any(|space| is_named(space, name))) {
        let known: Vec<String> = found.iter().map(name).collect();
        usage!("no space `{unknown}` in {}; known: {}", args.features_dir.display(), known.join(", "));
    }
    let wanted =
        |space: &SpaceInfo| args.space.is_empty() || args.space.iter().any(|name| is_named(space, name));
    Ok(found.into_iter().filter(wanted).collect())
}

fn prune(args: &Prune) -> Result<()> {
    if args.spaces.space.is_empty() && args.unused_days.is_none() {
        usage!("name the spaces to remove, or give --unused-days N");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let old = |space: &SpaceInfo| {
        args.unused_days.is_none_or(|days| now.saturating_sub(space.last_used()) >= days * DAY)
    };
    let gone: Vec<SpaceInfo> = find(&args.spaces)?.into_iter().filter(old).collect();
    let bytes: u64 = gone.iter().map(|space| space.bytes).sum();
    if !args.dry_run {
        gone.iter().try_for_each(|space| remove_space(&space.dir))?;
    }
    let dirs: Vec<&PathBuf> = gone.iter().map(|space| &space.dir).collect();
    let verb = if args.dry_run { "would free" } else { "freed" };
    let mut text: Vec<String> = gone.iter().map(line).collect();
    text.push(format!("{verb} {} in {} spaces", megabytes(bytes), gone.len()));
    let value = serde_json::json!({ "removed": dirs, "bytes": bytes, "dry_run": args.dry_run });
    args.results.print(&value, &text.join("\n"))
}

fn name(space: &SpaceInfo) -> String {
    space.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_named(space: &SpaceInfo, text: &str) -> bool {
    name(space) == text || space.spec.fingerprint().to_string().starts_with(text)
}

fn line(space: &SpaceInfo) -> String {
    let uses: Vec<String> = space.uses.iter().map(|one| format!("{} ({})", one.view, one.rows)).collect();
    let uses = if uses.is_empty() { "none".to_owned() } else { uses.join(", ") };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let days = now.saturating_sub(space.last_used()) / DAY;
    format!(
        "{}  {} rows, {}, used {} ago by {uses}",
        name(space),
        space.rows,
        megabytes(space.bytes),
        if days == 1 { "1 day".to_owned() } else { format!("{days} days") },
    )
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
