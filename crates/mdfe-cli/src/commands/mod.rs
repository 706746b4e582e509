//! One file per command.

mod backbone;
mod backbones;
mod columns;
mod config;
mod convert;
mod datasets;
#[cfg(feature = "full")]
mod demo;
mod dry_run;
mod embed;
mod evaluate;
mod experiment;
mod export;
mod extract;
mod features;
mod index;
mod inputs;
mod merge;
mod model;
mod next;
#[cfg_attr(not(feature = "full"), path = "remote_left_out.rs")]
mod remote;
mod report;
mod runs;
mod search;
#[cfg(feature = "full")]
mod serve;
mod shared;
mod sides;
mod sweep;
mod train;
#[cfg(feature = "full")]
mod upload;
mod watch;

use crate::args::Command;
use anyhow::Result;

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::Datasets(command) => datasets::run(command),
        Command::Backbones(command) => backbones::run(command),
        Command::Config(command) => config::run(&command),
        Command::Embed(args) => embed::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Extract(args) => extract::run(&args),
        Command::Features(command) => features::run(&command),
        Command::Index(command) => index::run(&command),
        Command::Merge(args) => merge::run(&args),
        Command::Runs(command) => runs::run(&command),
        #[cfg(feature = "full")]
        Command::Serve(args) => serve::run(&args),
        Command::Sweep(args) => sweep::run(&args),
        Command::Train(args) => train::run(&args),
        #[cfg(feature = "full")]
        Command::Upload(args) => upload::run(&args),
    }
}
