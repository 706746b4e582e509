//! `cargo xtask bench`: the kinds of heavy work, one JSON line per row, the fields of the PyTorch baseline.

use anyhow::{Context, Result, bail};
use std::process::Command;

/// What is timed.
#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// Forward passes of backbones.
    Backbone,
    /// One training step from features: projection, margin softmax, Adam.
    Head,
    /// Exact nearest neighbours.
    Knn,
    /// JPEG to normalised pixels.
    Images,
    /// The published training at its real size, from a space of random numbers.
    Training,
}

/// Time mdfe on the work of the PyTorch baseline; one JSON line per row on stdout. `MDFE_SIMD` lowers the instruction set.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to time.
    what: What,
    /// Threads to use.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// `cpu` or `cuda`.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Further options of the bench, after `--`.
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let (package, example) = match self.what {
            What::Backbone => ("mdfe-model", "bench_backbone"),
            What::Head => ("mdfe-loss", "bench_head"),
            What::Knn => ("mdfe-eval", "bench_knn"),
            What::Images => ("mdfe-data", "bench_images"),
            What::Training => ("mdfe-train", "bench_training"),
        };
        let mut command = Command::new(env!("CARGO"));
        command.args(["run", "--quiet", "--release", "-p", package, "--example", example]);
        match (self.device.as_str(), self.what) {
            ("cpu", _) => {}
            ("cuda", What::Backbone | What::Head) => drop(command.args(["--features", "cuda"])),
            (other, _) => bail!(
                "this bench does not run on `{other}`; backbone and head run on cpu and cuda, the others on cpu"
            ),
        }
        command.args(["--", "--threads", &self.threads.to_string()]);
        if self.device != "cpu" {
            command.args(["--device", &self.device]);
        }
        let status = command.args(&self.rest).status().context("cannot start cargo")?;
        if !status.success() {
            bail!("the bench {example} ended with {status}");
        }
        Ok(())
    }
}
