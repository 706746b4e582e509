//! `mdfe train`: from data and a backbone to an embedder and its scores.

use super::{
    dry_run,
    experiment::{self, TestSets},
    next,
    remote::Copies,
    report::write_run,
    shared::Shared,
    watch::Watch,
};
use crate::{
    args::{Train, ZeroShot},
    console,
    exit::{Stopped, usage},
    stop,
};
use anyhow::Result;
use mdfe_train::{
    Experiment, ProjectionKind,
    pipeline::{Claim, Claimed, RunFolder, RunOutcome},
    sweep::SweepFile,
};
use std::path::PathBuf;

pub(crate) fn run(args: &Train) -> Result<()> {
    let given = &args.experiment;
    let test = TestSets { query: args.query.as_deref(), index: args.index.as_deref() };
    if let Some(path) = &given.config
        && SweepFile::read(path)?.is_some()
    {
        usage!("{} is a sweep: run `mdfe sweep {}`", path.display(), path.display());
    }
    let mut experiment = experiment::resolve(given, test)?;
    beginning(&mut experiment, args);
    Copies::check(&experiment)?;
    if args.dry_run {
        return dry_run::run(&experiment, args.results);
    }
    let (folder, is_new) = trained(args, &experiment)?;
    finish(args, &folder)?;
    if is_new && given.config.is_none() && given.data.is_none() && !args.results.json {
        console::hint(&next::steps(folder.path(), experiment.backbone.weights.as_deref()));
    }
    Ok(())
}

/// The run folder of a finished training, and whether it was trained just now.
pub(crate) fn trained(args: &Train, experiment: &Experiment) -> Result<(RunFolder, bool)> {
    let given = &args.experiment;
    let test = TestSets { query: args.query.as_deref(), index: args.index.as_deref() };
    let resolved = serde_json::to_value(experiment)?;
    let folder = match claim(args, &experiment.name, &resolved)? {
        Claimed::Ready(folder) => folder,
        Claimed::Finished(folder) => {
            console::hint(&format!(
                "{} holds this run, finished; nothing is done again",
                folder.path().display()
            ));
            return Ok((folder, false));
        }
    };
    let shared = Shared::load(experiment, given, test)?;
    let run = shared.run(experiment, &given.settings, folder)?;
    let stop = stop::on_ctrl_c()?;
    let mut watch = (Watch::default(), Copies::start(experiment, run.folder.path())?);
    let outcome = run.go(&mut watch, &stop);
    let (mut watch, copies) = watch;
    watch.finish();
    // Before the last copy, so that the page is in it.
    let paged = match &outcome {
        Ok(RunOutcome::Finished(found)) => write_run(&run, experiment, found),
        _ => Ok(()),
    };
    copies.finish(!matches!(outcome, Ok(RunOutcome::Finished(_))));
    paged?;
    if let RunOutcome::Stopped { resumable } = outcome? {
        let kept = match resumable {
            true => "what is done is kept, go on with the same command and --resume",
            false => "the features that are computed are kept, go on with the same command",
        };
        return Err(Stopped(kept.into()).into());
    }
    Ok((run.folder, true))
}

/// What the command line says of the projection's first values.
fn beginning(experiment: &mut Experiment, args: &Train) {
    if args.init.is_some() {
        experiment.recipe.train.init.clone_from(&args.init);
    }
    if let Some(kind) = args.zero_shot {
        experiment.recipe.projection.kind = match kind {
            ZeroShot::Pool => ProjectionKind::AvgPool,
            ZeroShot::Pca => ProjectionKind::Pca,
            ZeroShot::Random => ProjectionKind::Random,
        };
        (experiment.recipe.train.epochs, experiment.recipe.train.steps) = (0, None);
        experiment.stages.clear();
    }
}

/// Prints the results of a finished run.
fn finish(args: &Train, folder: &RunFolder) -> Result<()> {
    let mut value = folder.scores_json()?;
    value["run_dir"] = serde_json::json!(folder.path());
    let text = format!("{}run folder: {}", folder.scores_text()?, folder.path().display());
    args.results.print(&value, &text)
}

/// The folder that was named; without one the first of `runs/NAME`, `runs/NAME-2`, ... that is free or this experiment's.
fn claim(args: &Train, name: &str, experiment: &serde_json::Value) -> Result<Claimed> {
    let claim = match (args.resume, args.overwrite) {
        (true, _) => Claim::Resume,
        (_, true) => Claim::Overwrite,
        _ => Claim::Begin,
    };
    let first = PathBuf::from(format!("runs/{name}"));
    let path = match &args.run_dir {
        Some(path) => path.clone(),
        None if claim == Claim::Overwrite => first,
        None => {
            let others = (2..).map(|n| PathBuf::from(format!("runs/{name}-{n}")));
            let taken = |path: &PathBuf| RunFolder::holds_other(path, experiment);
            let mut found = first.clone();
            for path in std::iter::once(first.clone()).chain(others) {
                found = path;
                if !taken(&found)? {
                    break;
                }
            }
            if claim == Claim::Resume && !found.exists() {
                // Says which keys differ from the run that is there.
                found = first.clone();
            }
            if found != first {
                console::hint(&format!(
                    "{} holds another experiment; this one is in {}",
                    first.display(),
                    found.display()
                ));
            }
            found
        }
    };
    Ok(RunFolder::claim(path, experiment, claim)?)
}
