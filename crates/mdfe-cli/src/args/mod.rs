//! What the user types, as clap reads it. What it means is decided in `commands/`.

mod config;
mod data;
mod device;
mod embedder;
mod experiment;
mod features;
mod index;
mod model;
mod retrieval;
mod runs;
#[cfg(feature = "full")]
mod serve;
mod shared;
mod sweep;
#[cfg(feature = "full")]
mod upload;

#[cfg(feature = "full")]
pub(crate) use config::Import;
pub(crate) use config::{Config, Show};
pub(crate) use data::{Backbones, DatasetArgs, Datasets, Filters};
pub(crate) use device::DeviceName;
pub(crate) use embedder::{Convert, Embed, Export, ExportFormat, ExportInput};
pub(crate) use experiment::{ExperimentArgs, Extract, Merge, Settings, Train, ZeroShot};
pub(crate) use features::{FeatureSpaces, Features, Prune};
pub(crate) use index::{IndexAdd, IndexBuild, IndexCommand, IndexInput, IndexRemove};
pub(crate) use model::{Compute, Dtype, ModelArgs};
pub(crate) use retrieval::{Evaluate, Protocol, Search, SimilarityName};
pub(crate) use runs::{Runs, RunsDiff, RunsList, RunsShow};
#[cfg(feature = "full")]
pub(crate) use serve::Serve;
pub(crate) use shared::Results;
pub(crate) use sweep::Sweep;
#[cfg(feature = "full")]
pub(crate) use upload::Upload;

use clap::{Parser, Subcommand};

/// What stands below every list of commands.
const AFTER_HELP: &str = "\
Exit codes:
  0    done
  1    failed, for the reason in one sentence on stderr
  2    wrong usage: an unknown flag, key or name, flags that contradict
  130  stopped by Ctrl-C with everything kept

Environment:
  HF_HOME, HF_HUB_CACHE  the Hugging Face cache, as Python reads it
  HF_TOKEN, HF_ENDPOINT  the Hugging Face hub; HF_HUB_OFFLINE=1: not at all
  MDFE_UPLOAD_WAIT       seconds the end of a run waits for train.upload: 300
  MDFE_SIMD              instruction set: portable, avx2, avx512, avx512bf16
  RAYON_NUM_THREADS      threads of the CPU kernels without --threads
  RUST_LOG               what is logged, in place of -v and -q
  NO_COLOR               no colours";

/// Flags of every command stand behind its own.
const LAST: usize = 900;

/// Train, evaluate and serve multi-domain image embeddings.
///
/// One small embedding per image that finds the same product, landmark, garment, car, artwork or dish. Without a config,
/// `mdfe train` runs the built-in demo from data to scores, with no network.
#[derive(Parser)]
#[command(name = "mdfe", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Log more: -v for details, -vv for everything. `RUST_LOG` overrides it.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = LAST)]
    pub(crate) verbose: u8,
    /// Log warnings and errors only, and show no progress.
    #[arg(short, long, global = true, display_order = LAST)]
    pub(crate) quiet: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List, show and check the data sets that mdfe reads.
    #[command(subcommand)]
    Datasets(Datasets),
    /// List the pretrained backbones that mdfe knows.
    #[command(subcommand)]
    Backbones(Backbones),
    /// List the keys of experiments, show an experiment as it is read, import a config of the method's Python code.
    #[command(subcommand)]
    Config(Config),
    /// Compute the features of data sets, once for each image, for any number of trainings.
    Extract(Extract),
    /// Put together the spaces of features that several machines filled with `mdfe extract --shard`.
    Merge(Merge),
    /// List, verify and remove the spaces of features on disk.
    #[command(subcommand)]
    Features(Features),
    /// Train an embedder: extract features (or reuse them), train, evaluate, save. Runs the demo without a config.
    Train(Train),
    /// Train every combination of some values, each with several seeds, on the same features, and compare them in one table.
    Sweep(Sweep),
    /// List, show and compare runs.
    #[command(subcommand)]
    Runs(Runs),
    /// Turn images into embeddings.
    Embed(Embed),
    /// Write embeddings, or the features of a space, in another format: safetensors, npy or Parquet.
    Convert(Convert),
    /// Make an index on disk, add to it, remove from it, show and verify it.
    #[command(subcommand)]
    Index(IndexCommand),
    /// Score a query set against an index set.
    Evaluate(Evaluate),
    /// Find the nearest images of an index, by image or by sentence.
    Search(Search),
    /// Serve a model and an index over HTTP, with a page to search with: OpenAI's embeddings endpoint, `/search`, `/metrics`.
    #[cfg(feature = "full")]
    Serve(Serve),
    /// Write an embedder for elsewhere: TorchScript, ONNX, or one file of mdfe's own with the backbone inside.
    Export(Export),
    /// Copy a run folder into a store (S3, Google Cloud Storage, Azure, Google Drive, a folder); what is there already is not sent again.
    #[cfg(feature = "full")]
    Upload(Upload),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Every command with all of its help, the long form.
    fn helps(command: &mut clap::Command, out: &mut Vec<(String, String)>) {
        let (name, help) = (command.get_name().to_owned(), command.render_long_help().to_string());
        out.push((name, help));
        command.get_subcommands_mut().for_each(|inner| helps(inner, out));
    }

    #[test]
    fn help_uses_one_word_for_one_thing() {
        let mut command = Cli::command();
        command.build();
        let mut all = Vec::new();
        helps(&mut command, &mut all);
        assert!(all.len() > 12, "every command has its help");
        for (name, help) in &all {
            // A flag that other tools have, too; the text says `embeddings`.
            let help = help.replace("--vector <FILE>", "");
            for word in ["picture", "vector", "gallery", "numbers"] {
                assert!(!help.to_lowercase().contains(word), "`{word}` in the help of {name}:\n{help}");
            }
        }
        let code = |code: &str| all[0].1.contains(&format!("\n  {code} "));
        assert!(["0", "1", "2", "130"].into_iter().all(code), "the exit codes end the help");
    }

    #[test]
    fn every_command_that_prints_results_takes_json_and_k_is_the_same_everywhere() {
        let mut command = Cli::command();
        command.build();
        let mut leaves = Vec::new();
        for command in command.get_subcommands().filter(|c| c.get_name() != "help") {
            match command.has_subcommands() {
                true => leaves.extend(command.get_subcommands().filter(|c| c.get_name() != "help")),
                false => leaves.push(command),
            }
        }
        assert!(leaves.len() > 8, "the commands are looked at");
        for command in leaves {
            let find = |id: &str| command.get_arguments().find(|arg| arg.get_id() == id);
            assert!(find("json").is_some(), "{} takes no --json", command.get_name());
            if let Some(k) = find("k") {
                assert_eq!((k.get_short(), k.get_long()), (Some('k'), Some("k")), "{}", command.get_name());
            }
        }
    }
}
