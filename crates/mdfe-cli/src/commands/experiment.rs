//! What the user typed -> what it means: a config, the demo or a folder of images, and the overrides, as one experiment.

use crate::{
    args::{ExperimentArgs, Settings},
    exit::{Usage, usage},
};
use anyhow::{Context, Result, bail};
use mdfe_data::{Dataset, ReadOptions};
use mdfe_train::{
    EvalSet, Experiment, SetConfig, ValidOptions,
    pipeline::{Protocol, TestSet},
    sweep::SweepFile,
};
use std::path::{Path, PathBuf};

/// The experiment of the built-in demo; its paths are relative to the repository.
const DEMO: &str = include_str!("../../../../configs/demo.toml");

/// The test sets of `mdfe train --data`.
#[derive(Clone, Copy, Default)]
pub(crate) struct TestSets<'a> {
    /// A tenth of the classes is held out without it.
    pub(crate) query: Option<&'a Path>,
    /// The queries themselves without it.
    pub(crate) index: Option<&'a Path>,
}

/// The data of an experiment, read.
#[derive(Clone)]
pub(crate) struct Data {
    pub(crate) train: Vec<Dataset>,
    pub(crate) test: Vec<TestSet>,
}

impl Data {
    /// Every data set, in the order of the experiment.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Dataset> {
        let test = self.test.iter().flat_map(|set| std::iter::once(&set.query).chain(&set.index));
        self.train.iter().chain(test)
    }
}

/// Resolves the experiment; of a sweep the one that it varies.
pub(crate) fn resolve(args: &ExperimentArgs, test: TestSets<'_>) -> Result<Experiment> {
    let settings = &args.settings;
    let mut experiment = match (&args.config, &args.data) {
        (Some(path), _) => {
            let experiment = match SweepFile::read(path)? {
                Some(sweep) => sweep.resolve(&settings.set),
                None => Experiment::load(path, &settings.set),
            };
            experiment.map_err(usage_of_set)?
        }
        (None, None) => demo(&settings.set)?,
        (None, Some(data)) => of_data(data, settings, test)?,
    };
    overrides(&mut experiment, settings);
    Ok(experiment)
}

/// An override that does not fit is wrong usage; a file that does not fit is a failure.
pub(super) fn usage_of_set(error: mdfe_train::Error) -> anyhow::Error {
    match &error {
        mdfe_train::Error::Config { place, .. } if place.starts_with("--set ") => Usage::of(error),
        _ => error.into(),
    }
}

/// The experiment on a folder or list of the user's own.
fn of_data(data: &Path, args: &Settings, test: TestSets<'_>) -> Result<Experiment> {
    if args.backbone.backbone.is_none() && !args.set.iter().any(|s| s.starts_with("backbone.name")) {
        usage!("--data needs a backbone: name one with --backbone (`mdfe backbones list` shows all)");
    }
    let mut experiment = Experiment::parse("", "the command line", &args.set).map_err(Usage::of)?;
    experiment.data.train = vec![set_of(data)?];
    if let Some(query) = test.query {
        let index = test.index.map(set_of).transpose()?;
        experiment.data.eval = vec![EvalSet { name: String::new(), query: set_of(query)?, index }];
    }
    let stem = data.file_stem().map(|s| s.to_string_lossy().into_owned());
    experiment.name = stem.unwrap_or_else(|| "run".to_owned());
    Ok(experiment)
}

/// Reads the data sets of an experiment.
pub(crate) fn read(experiment: &Experiment) -> Result<Data> {
    let one = |set: &SetConfig| -> Result<Dataset> {
        let mut reading = mdfe_data::read(&set.key, &set.read_options(&experiment.data))?;
        reading.dataset.name = name_of(set);
        tracing::info!("{}", mdfe_data::counts_line(&reading));
        Ok(reading.dataset)
    };
    let train = experiment.data.train.iter().map(one).collect::<Result<Vec<_>>>()?;
    if train.is_empty() {
        bail!("there is nothing to train on: name a data set under [[data.train]], or give --data");
    }
    let mut test = Vec::new();
    for set in &experiment.data.eval {
        let query = one(&set.query)?;
        let index = set.index.as_ref().map(&one).transpose()?;
        let protocol = if index.is_some() { Protocol::QueryIndex } else { Protocol::LeaveOneOut };
        let name = if set.name.is_empty() { query.name.clone() } else { set.name.clone() };
        test.push(TestSet { name, query, index, protocol });
    }
    Ok(Data { train, test })
}

/// What messages call a data set: its key, or the name of the user's own list or folder.
fn name_of(set: &SetConfig) -> String {
    let own = match set.key.as_str() {
        "csv" | "web_dataset" | "parquet" => set.options.file.as_deref(),
        "image_folder" => set.root.as_deref(),
        _ => None,
    };
    own.and_then(Path::file_stem).map_or_else(|| set.key.clone(), |stem| stem.to_string_lossy().into_owned())
}

/// For a user without a test set: something of the training data is held out, by `eval.seed`.
pub(crate) fn hold_out(mut data: Data, seed: u64) -> Result<Data> {
    let Some(all) = data.train.pop() else { return Ok(data) };
    let (train, test) = mdfe_train::pipeline::hold_out(&all, seed)?;
    tracing::info!("{} images are held out for the evaluation: {}", test.query.samples.len(), test.protocol);
    Ok(Data { train: vec![train], test: vec![test] })
}

/// Holds out of each training set what the training is validated on.
pub(crate) fn validation(data: &mut Data, options: &ValidOptions) -> Result<Vec<Dataset>> {
    let mut all = Vec::new();
    for train in &mut data.train {
        if let Some((rest, valid)) = mdfe_train::pipeline::validation(train, options.classes, options.seed)? {
            tracing::info!(
                "{} classes of {} are held out to validate (valid.seed {})",
                valid.num_classes(),
                train.name,
                options.seed
            );
            *train = rest;
            all.push(valid);
        }
    }
    Ok(all)
}

fn demo(set: &[String]) -> Result<Experiment> {
    let mut experiment = Experiment::parse(DEMO, "the built-in demo", set).map_err(Usage::of)?;
    let demo = Path::new("data/demo");
    if !demo.exists() {
        // Not in the repository: the folder that this binary was built from.
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo");
        let built = built.canonicalize().ok().with_context(|| {
            "the built-in demo needs the folder data/demo; run mdfe in its repository, or give --config or --data"
        })?;
        let moved = |path: &Path| path.strip_prefix(demo).map(|rest| built.join(rest)).ok();
        if let Some(root) = moved(&experiment.data.root) {
            experiment.data.root = root;
        }
        experiment.backbone.weights = experiment.backbone.weights.map(|w| moved(&w).unwrap_or(w));
    }
    Ok(experiment)
}

/// A folder of class folders, a CSV, tars or Parquet files.
fn set_of(path: &Path) -> Result<SetConfig> {
    if path.is_dir() {
        return Ok(SetConfig { key: "image_folder".into(), root: Some(path.into()), ..SetConfig::default() });
    }
    let key = match path.extension().map(|ending| ending.to_ascii_lowercase()) {
        Some(ending) if ending == "tar" => "web_dataset",
        Some(ending) if ending == "parquet" => "parquet",
        _ => "csv",
    };
    // Tars and Parquet files may be patterns, which their reader looks up.
    if key == "csv" && !path.exists() {
        bail!(
            "{} does not exist; give a folder with one folder per class, a CSV with path,label, tars or Parquet files",
            path.display()
        );
    }
    let root = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let options = ReadOptions { file: path.file_name().map(PathBuf::from), ..ReadOptions::default() };
    Ok(SetConfig { key: key.into(), root: Some(root.into()), options })
}

fn overrides(experiment: &mut Experiment, args: &Settings) {
    let (target, backbone) = (&mut experiment.backbone, &args.backbone);
    if let Some(name) = &backbone.backbone {
        // Another backbone does not run on the config's weights, revision or size; what --set says is said of this one.
        let is_set = |key: &str| {
            args.set.iter().any(|set| set.split_once('=').is_some_and(|(name, _)| name.trim() == key))
        };
        if *name != target.name {
            target.weights = target.weights.take().filter(|_| is_set("backbone.weights"));
            target.revision = target.revision.take().filter(|_| is_set("backbone.revision"));
            target.image_size = target.image_size.filter(|_| is_set("backbone.image_size"));
        }
        target.name.clone_from(name);
    }
    if backbone.files.weights.is_some() {
        target.weights.clone_from(&backbone.files.weights);
    }
    if backbone.revision.is_some() {
        target.revision.clone_from(&backbone.revision);
    }
    target.proj_layer |= backbone.proj_layer;
    target.batch = args.compute.batch.unwrap_or(target.batch);
    target.dtype = args.compute.dtype.map_or(target.dtype, Into::into);
}
