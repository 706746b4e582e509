//! `mdfe sweep`: many trainings on the same features, and one table of them.

use super::{
    experiment::{self, TestSets},
    extract,
    remote::Copies,
    shared::Shared,
};
use crate::{
    args::{ExperimentArgs, Settings, Sweep},
    console::{self, Progress},
    exit::{Stopped, Usage, usage},
    stop,
};
use anyhow::{Result, anyhow, bail};
use mdfe_train::{
    Experiment, Plan,
    pipeline::{Claimed, RunFolder, RunOutcome},
    sweep::{
        self, FailedRun, Grid, Member, Row, Score, Summary, SummaryRun, SweepFile, SweepPlan, run_parallel,
    },
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// How a run ended.
enum Ended {
    /// With these scores.
    Finished(Value),
    /// At a stop; what is done is kept.
    Stopped,
    /// For this reason.
    Failed(String),
}

pub(crate) fn run(args: &Sweep) -> Result<()> {
    let file = args.config.as_deref().map(SweepFile::read).transpose()?.flatten();
    let sweep = wanted(args, file.as_ref())?;
    let given = ExperimentArgs {
        config: args.config.clone(),
        data: args.data.clone(),
        settings: args.settings.clone(),
    };
    let test = TestSets { query: args.query.as_deref(), index: args.index.as_deref() };
    let with = |set: &[String]| {
        let settings = Settings { set: set.to_vec(), ..given.settings.clone() };
        experiment::resolve(&ExperimentArgs { settings, ..given.clone() }, test)
    };
    let base = with(&[])?;
    if base.data.eval.is_empty() && args.data.is_none() {
        bail!("a sweep compares scores, and the experiment has no test set: name one under [[data.eval]]");
    }
    let plan = sweep.plan(|set| with(set).map_err(|error| console::one_sentence(&error)));
    let plan = plan.map_err(|error| if file.is_none() { Usage::of(error) } else { error.into() })?;
    plan.members.iter().try_for_each(|member| Copies::check(&member.experiment))?;
    if args.dry_run {
        return dry_run(args, &plan);
    }
    let output = args.output.clone().unwrap_or_else(|| default_output(args, file.is_some(), &base));
    let _held = sweep::hold_folder(&output, || {
        tracing::info!("another sweep works in {}; this one waits for it", output.display());
    })?;
    let claims = claim(args, &plan, &output)?;
    let ended = match claims.iter().all(|claim| matches!(claim, Claimed::Finished(_))) {
        true => claims.iter().map(finished).collect::<Result<Vec<_>>>()?,
        false => train(args, &given, test, &plan, &claims)?,
    };
    let stopped = ended.iter().filter(|ended| matches!(ended, Ended::Stopped)).count();
    if stopped > 0 {
        let (done, all) = (ended.len() - stopped, ended.len());
        let text = format!(
            "{done} of {all} runs have ended, all is kept in {}, run the same command to go on",
            output.display()
        );
        return Err(Stopped(text).into());
    }
    let summary = summarise(&plan, &base, sweep.seeds, &ended);
    summary.write(&output)?;
    for skipped in &summary.skipped {
        tracing::warn!("skipped {}: {}", skipped.settings, skipped.reason);
    }
    let mut value = serde_json::to_value(&summary)?;
    value["output"] = json!(output);
    args.results
        .print(&value, &format!("{}\nsweep folder: {}", summary.markdown().trim_end(), output.display()))?;
    match summary.failed.first() {
        None => Ok(()),
        Some(FailedRun { settings, seed, reason, .. }) => bail!(
            "{} of {} runs failed, the first of them {settings} with seed {seed}: {reason}",
            summary.failed.len(),
            ended.len()
        ),
    }
}

/// What the user wants to vary: the file's grid or that of the command line.
fn wanted(args: &Sweep, file: Option<&SweepFile>) -> Result<sweep::Sweep> {
    let set = args.settings.set.clone();
    let Some(file) = file else {
        if args.grid.is_empty() && args.seeds.is_none() {
            usage!(
                "there is nothing to vary: give --grid KEY=VALUE,VALUE or --seeds N, or a file with a [sweep] section"
            );
        }
        let grid = Grid::new(args.grid.clone()).map_err(Usage::of)?;
        return Ok(sweep::Sweep { grids: vec![grid], seeds: args.seeds.unwrap_or(1), set });
    };
    if !args.grid.is_empty() {
        usage!("the file has a grid of its own in [sweep]; leave --grid out");
    }
    let own = &file.sweep;
    let set = own.set.iter().cloned().chain(set).collect();
    Ok(sweep::Sweep { grids: own.grids.clone(), seeds: args.seeds.unwrap_or(own.seeds), set })
}

fn default_output(args: &Sweep, is_sweep_file: bool, base: &Experiment) -> PathBuf {
    let stem = args.config.as_deref().filter(|_| is_sweep_file).and_then(Path::file_stem);
    match stem {
        Some(stem) => Path::new("runs").join(stem),
        None => Path::new("runs").join(format!("{}-sweep", base.name)),
    }
}

/// Asks for every folder before anything is done.
fn claim(args: &Sweep, plan: &SweepPlan, output: &Path) -> Result<Vec<Claimed>> {
    let one = |member: &Member| {
        let experiment = serde_json::to_value(&member.experiment)?;
        let claimed = sweep::claim(output.join("runs").join(&member.folder), &experiment, args.overwrite);
        // A run folder's own flag is `mdfe train`'s.
        claimed.map_err(|error| anyhow!("{}", error.to_string().replace("--run-dir", "--output")))
    };
    plan.members.iter().map(one).collect()
}

fn dry_run(args: &Sweep, plan: &SweepPlan) -> Result<()> {
    let runs: Vec<Value> = plan
        .members
        .iter()
        .map(|member| {
            let settings = &plan.combinations[member.combination];
            json!({ "settings": settings, "seed": member.seed, "folder": member.folder })
        })
        .collect();
    let mut lines: Vec<String> = plan.combinations.iter().map(ToString::to_string).collect();
    lines.extend(
        plan.skipped.iter().map(|skipped| format!("skipped: {}: {}", skipped.settings, skipped.reason)),
    );
    lines.push(format!("{} combinations, {} runs", plan.combinations.len(), runs.len()));
    args.results.print(&json!({ "runs": runs, "skipped": plan.skipped }), &lines.join("\n"))
}

fn finished(claim: &Claimed) -> Result<Ended> {
    let (Claimed::Finished(folder) | Claimed::Ready(folder)) = claim;
    Ok(Ended::Finished(folder.scores_json()?))
}

/// Extracts once, then trains what is not finished, several runs at a time.
fn train(
    args: &Sweep,
    given: &ExperimentArgs,
    test: TestSets<'_>,
    plan: &SweepPlan,
    claims: &[Claimed],
) -> Result<Vec<Ended>> {
    let experiment = &plan.members[0].experiment;
    let shared = Shared::load(experiment, given, test)?;
    let stop = stop::on_ctrl_c()?;
    let options = shared.extract_options(experiment, &given.settings);
    extract::each(shared.data().all(), &shared.extractor(), &options, &stop, |_, _| ())?;
    // The runs find their features by what the extraction has just seen.
    let settings = Settings { verify: false, ..given.settings.clone() };
    let threads = given.settings.compute.threads.unwrap_or_else(rayon::current_num_threads);
    let bytes = |member: &Member| Plan::new(&member.experiment.recipe, shared.counts()).training_bytes;
    let most = plan.members.iter().map(bytes).max().unwrap_or(0);
    let jobs = args.jobs.unwrap_or_else(|| sweep::jobs_that_fit(threads, most));
    let left = claims.iter().filter(|claim| matches!(claim, Claimed::Ready(_))).count();
    tracing::info!("{left} of {} runs are left, {jobs} at a time", claims.len());
    let progress = Mutex::new(Bar { bar: Progress::new("sweep", left as u64, "runs"), done: 0 });
    let one = |i: usize| {
        let (member, claim) = (&plan.members[i], &claims[i]);
        let folder = match claim {
            Claimed::Finished(_) => return finished(claim).unwrap_or_else(|e| Ended::Failed(e.to_string())),
            Claimed::Ready(folder) => folder,
        };
        let ended = train_one(&shared, &settings, member, folder, &stop);
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.ended(
            &format!("{} seed {}", plan.combinations[member.combination], member.seed),
            &ended,
            left,
        );
        ended
    };
    let ended = run_parallel(claims.len(), jobs, threads, one)?;
    progress.into_inner().unwrap_or_else(PoisonError::into_inner).bar.finish();
    Ok(ended)
}

fn train_one(
    shared: &Shared,
    settings: &Settings,
    member: &Member,
    folder: &RunFolder,
    stop: &AtomicBool,
) -> Ended {
    if stop.load(Ordering::SeqCst) {
        return Ended::Stopped;
    }
    let go = || -> Result<Ended> {
        let run = shared.run(&member.experiment, settings, folder.clone())?;
        let mut copies = Copies::start(&member.experiment, folder.path())?;
        let outcome = run.go(&mut copies, stop);
        copies.finish(!matches!(outcome, Ok(RunOutcome::Finished(_))));
        Ok(match outcome? {
            RunOutcome::Stopped { .. } => Ended::Stopped,
            RunOutcome::Finished(_) => Ended::Finished(folder.scores_json()?),
        })
    };
    go().unwrap_or_else(|error| Ended::Failed(console::one_sentence(&error)))
}

/// How many runs have ended.
struct Bar {
    bar: Progress,
    done: usize,
}

impl Bar {
    fn ended(&mut self, name: &str, ended: &Ended, left: usize) {
        self.done += 1;
        self.bar.update(self.done as u64, left as u64);
        match ended {
            Ended::Finished(_) => tracing::info!("{}/{left} {name}", self.done),
            Ended::Failed(reason) => tracing::warn!("{}/{left} {name} failed: {reason}", self.done),
            Ended::Stopped => {}
        }
    }
}

fn summarise(plan: &SweepPlan, base: &Experiment, seeds: usize, ended: &[Ended]) -> Summary {
    let mut rows: Vec<Row> = Vec::new();
    let (mut raw, mut failed) = (Vec::new(), Vec::new());
    for (i, settings) in plan.combinations.iter().enumerate() {
        let (mut runs, mut scores) = (Vec::new(), Vec::new());
        for (member, ended) in plan.members.iter().zip(ended).filter(|(member, _)| member.combination == i) {
            let dir = Path::new("runs").join(&member.folder);
            match ended {
                Ended::Finished(found) => {
                    runs.push(SummaryRun { seed: member.seed, dir });
                    scores.push(found.clone());
                }
                Ended::Failed(reason) => {
                    let reason = reason.clone();
                    failed.push(FailedRun { settings: settings.clone(), seed: member.seed, dir, reason });
                }
                Ended::Stopped => {}
            }
        }
        if raw.is_empty() {
            raw = Score::over(&scores[..scores.len().min(1)], "raw");
        }
        rows.push(Row { settings: settings.clone(), runs, scores: Score::over(&scores, "trained") });
    }
    Summary {
        format: Summary::FORMAT.to_owned(),
        name: base.name.clone(),
        k: plan.members.first().map_or(base.eval.k, |member| member.experiment.eval.k),
        keys: plan.keys.clone(),
        seeds,
        raw,
        rows,
        skipped: plan.skipped.clone(),
        failed,
    }
}
