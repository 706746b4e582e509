//! All runs of a sweep, resolved before the first begins.

use super::{Combination, Grid};
use crate::{Error, Experiment, Result};
use mdfe_data::identity::Fingerprint;
use serde::Serialize;
use std::fmt;

/// What varies, and how often each is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Combined each by itself, one after the other.
    pub grids: Vec<Grid>,
    /// Runs of each combination, with the experiment's own `train.seed` and those after it.
    pub seeds: usize,
    /// Overrides of every run, `key=value`.
    pub set: Vec<String>,
}

/// A run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its place in [`SweepPlan::combinations`].
    pub combination: usize,
    /// Its `train.seed`.
    pub seed: u64,
    /// The whole experiment.
    pub experiment: Experiment,
    /// Name of its run folder: the same in every call, whatever else the sweep holds.
    pub folder: String,
}

/// A combination that the experiment does not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedCombination {
    /// The combination.
    pub settings: Combination,
    /// What does not fit.
    pub reason: String,
}

/// The runs of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepPlan {
    /// The keys that vary.
    pub keys: Vec<String>,
    /// The combinations that run.
    pub combinations: Vec<Combination>,
    /// Their runs, combination by combination, seed by seed.
    pub members: Vec<Member>,
    /// The combinations that do not.
    pub skipped: Vec<SkippedCombination>,
}

/// A combination and what became of it.
struct Resolved {
    combination: Combination,
    experiment: std::result::Result<Experiment, String>,
}

impl Sweep {
    /// Resolves every combination; `resolve` makes an experiment of overrides (`key=value`).
    ///
    /// A combination that does not fit, such as a margin for a loss without one, is skipped with its reason. A value that fits nowhere is wrong.
    ///
    /// # Errors
    /// [`Error::Config`] for a value that no combination takes, a key that `set` fixes, and a combination that comes twice.
    pub fn plan<E: fmt::Display>(
        &self,
        resolve: impl Fn(&[String]) -> std::result::Result<Experiment, E>,
    ) -> Result<SweepPlan> {
        let mut keys: Vec<String> = Vec::new();
        for axis in self.grids.iter().flat_map(Grid::axes) {
            if !keys.contains(&axis.key) {
                keys.push(axis.key.clone());
            }
        }
        let key_of = |text: &String| text.split('=').next().unwrap_or_default().trim().to_owned();
        if let Some(key) = self.set.iter().map(key_of).find(|key| keys.contains(key)) {
            let problem = "--set fixes a key that the grid varies; leave one of the two out".to_owned();
            return Err(Error::Config { place: format!("the grid's `{key}`"), problem });
        }
        let resolve = |combination: Combination| {
            let experiment = resolve(&combination.overrides(&self.set)).map_err(|e| reason(&e, &combination));
            Resolved { combination, experiment }
        };
        let all: Vec<Resolved> = self.grids.iter().flat_map(Grid::combinations).map(resolve).collect();
        if let Some(i) = (0..all.len())
            .find(|&i| all[..i].iter().any(|one| one.combination.settings == all[i].combination.settings))
        {
            let place = format!("the grid's combination {}", all[i].combination);
            return Err(Error::Config { place, problem: "it comes twice".to_owned() });
        }
        expect_use(&all, resolve)?;
        Ok(self.of(keys, all))
    }

    fn of(&self, keys: Vec<String>, all: Vec<Resolved>) -> SweepPlan {
        let mut plan = SweepPlan { keys, combinations: Vec::new(), members: Vec::new(), skipped: Vec::new() };
        for Resolved { combination, experiment } in all {
            let experiment = match experiment {
                Ok(experiment) => experiment,
                Err(reason) => {
                    plan.skipped.push(SkippedCombination { settings: combination, reason });
                    continue;
                }
            };
            for i in 0..self.seeds as u64 {
                let mut experiment = experiment.clone();
                experiment.recipe.train.seed += i;
                let seed = experiment.recipe.train.seed;
                let folder = folder(&combination, seed);
                plan.members.push(Member { combination: plan.combinations.len(), seed, experiment, folder });
            }
            plan.combinations.push(combination);
        }
        plan
    }
}

/// What an error says, without the override that it names where the combination names it already.
fn reason(error: &impl fmt::Display, combination: &Combination) -> String {
    let text = error.to_string();
    let own = |setting| text.strip_prefix(&format!("--set {setting}: ")).map(str::to_owned);
    combination.settings.iter().chain(&combination.fixed).find_map(own).unwrap_or(text)
}

/// Every value is taken by some combination, or at least by itself.
fn expect_use(all: &[Resolved], resolve: impl Fn(Combination) -> Resolved) -> Result<()> {
    for setting in all.iter().flat_map(|one| &one.combination.settings) {
        let takes = |one: &Resolved| one.experiment.is_ok() && one.combination.settings.contains(setting);
        if all.iter().any(takes) {
            continue;
        }
        if let Err(problem) =
            resolve(Combination { settings: vec![setting.clone()], fixed: Vec::new() }).experiment
        {
            return Err(Error::Config { place: format!("the grid's {setting}"), problem });
        }
    }
    if all.iter().any(|one| one.experiment.is_ok()) {
        return Ok(());
    }
    let first = all.iter().find_map(|one| Some((&one.combination, one.experiment.as_ref().err()?)));
    let problem = first.map_or_else(
        || "it has no runs".to_owned(),
        |(combination, reason)| format!("no combination fits; the first, {combination}: {reason}"),
    );
    Err(Error::Config { place: "the sweep".to_owned(), problem })
}

/// Longest name of a folder that keeps its values readable.
const READABLE: usize = 120;

/// `loss.name-ArcFace_seed-0`; what a file system or a shell could stumble over is a dash, and a fingerprint then tells names apart.
fn folder(combination: &Combination, seed: u64) -> String {
    let settings = combination.settings.iter().map(|setting| format!("{}-{}_", setting.key, setting.value));
    let text = settings.collect::<String>() + &format!("seed-{seed}");
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = text.chars().map(plain).collect();
    if name == text && name.len() <= READABLE {
        return name;
    }
    let short: String = name.chars().take(READABLE).collect();
    format!("{short}-{}", Fingerprint::of(text.as_bytes()).short())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(axes: &[&str], seeds: usize) -> Sweep {
        let axes = axes.iter().map(|text| text.parse().unwrap()).collect();
        Sweep { grids: vec![Grid::new(axes).unwrap()], seeds, set: Vec::new() }
    }

    fn resolve(overrides: &[String]) -> Result<Experiment> {
        Experiment::parse("[loss]\nname = 'ArcFace'\nmargin = 0.4", "toy.toml", overrides)
    }

    #[test]
    fn what_a_loss_does_not_take_is_skipped_with_the_reason_and_the_rest_runs() {
        let plan =
            sweep(&["loss.margin=0.3,0.5", "loss.name=ArcFace,NormalizedSoftmax"], 2).plan(resolve).unwrap();
        assert_eq!(plan.keys, ["loss.margin", "loss.name"]);
        assert_eq!(plan.combinations.len(), 2);
        let runs: Vec<_> = plan.members.iter().map(|member| (member.combination, member.seed)).collect();
        assert_eq!(runs, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(plan.members[3].folder, "loss.margin-0.5_loss.name-ArcFace_seed-1");
        assert_eq!(plan.members[3].experiment.recipe.train.seed, 1);
        assert_eq!(plan.skipped.len(), 2);
        let SkippedCombination { settings, reason } = &plan.skipped[0];
        assert_eq!(settings.to_string(), "loss.margin=0.3 loss.name=NormalizedSoftmax");
        assert!(reason.contains("margin"), "{reason}");
    }

    #[test]
    fn a_value_that_fits_nowhere_is_an_error_before_anything_runs() {
        for (axes, set, parts) in [
            (["loss.margn=0.3", "train.epochs=1"], "", ["loss.margn=0.3", "`loss.margin`"]),
            (["loss.margin=0.3,5", "train.epochs=1,2"], "", ["loss.margin=5", "pi/2"]),
            (["loss.name=ArcFace,ArcFac", "train.epochs=1,2"], "", ["loss.name=ArcFac:", "one of ArcFace"]),
            (["loss.margin=0.3", "train.epochs=many"], "", ["train.epochs=many", "whole number"]),
            (["loss.margin=0.3", "train.epochs=1"], "loss.margin=1", ["`loss.margin`", "--set"]),
        ] {
            let mut sweep = sweep(&axes, 1);
            sweep.set.extend((!set.is_empty()).then(|| set.to_owned()));
            let message = sweep.plan(resolve).unwrap_err().to_string();
            assert!(parts.iter().all(|part| message.contains(part)), "{axes:?}: {message}");
        }
        let nothing = sweep(&["loss.name=NormalizedSoftmax,AdaCos", "loss.margin=0.3"], 1);
        let message = nothing.plan(resolve).unwrap_err().to_string();
        assert!(
            message.contains("no combination fits") && message.contains("NormalizedSoftmax"),
            "{message}"
        );
        let mut twice = sweep(&["loss.margin=0.3"], 1);
        twice.grids.push(twice.grids[0].clone());
        assert!(twice.plan(resolve).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn folders_have_names_that_every_system_takes_and_differ() {
        let of = |value: &str| folder(&sweep(&[value], 1).grids[0].combinations()[0], 0);
        assert_eq!(of("loss.margin=0.3"), "loss.margin-0.3_seed-0");
        let names = [of("a.b=[8,16]"), of("a.b=[8;16]"), of(&format!("a.b={}", "x".repeat(300)))];
        assert!(names.iter().all(|name| name.len() < 150 && !name.contains(['[', ',', ' '])), "{names:?}");
        assert_ne!(names[0], names[1]);
    }
}
