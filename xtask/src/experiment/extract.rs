//! Extraction with one process per device.

use super::Job;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::process::{Child, Stdio};

/// Extracts part i of n on device i, all at the same time, into one space of features; returns how many were computed now.
///
/// Processes on one disk fill one space, each with shards of its own, so that nothing has to be merged, and what an earlier call left is found.
/// Parts that several machines made are merged by `mdfe merge`.
pub(super) fn on_every_device(job: &Job<'_>) -> Result<u64> {
    let devices = &job.args.devices;
    let mut children = Vec::new();
    for (i, device) in devices.iter().enumerate() {
        let mut command = job.mdfe("extract", device);
        if devices.len() > 1 {
            command.arg("--shard").arg(format!("{i}/{}", devices.len()));
            command.arg("--threads").arg(threads(devices).to_string());
        }
        let child = command.stdout(Stdio::piped()).spawn().context("cannot start mdfe");
        match child {
            Ok(child) => children.push(child),
            Err(error) => {
                // Those that run already keep what they have done.
                children.iter_mut().for_each(|child: &mut Child| drop(child.kill()));
                return Err(error);
            }
        }
    }
    // All are waited for: what the others do is not lost because one fails.
    let outputs: Vec<_> = children.into_iter().map(Child::wait_with_output).collect();
    let mut computed = 0;
    for (output, device) in outputs.into_iter().zip(devices) {
        let output = output.context("cannot wait for mdfe")?;
        if !output.status.success() {
            bail!("the extraction on {device} ended with {}", output.status);
        }
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).context("mdfe printed no JSON")?;
        computed += rows.iter().filter_map(|row| row["computed"].as_u64()).sum::<u64>();
    }
    Ok(computed)
}

/// Threads of each process: the cores, shared; decoding for another device takes them as well.
fn threads(devices: &[String]) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / devices.len()).max(1)
}
