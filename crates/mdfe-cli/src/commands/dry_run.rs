//! `mdfe train --dry-run`: what a training would take.

use crate::args::Results;
use anyhow::{Context, Result, bail};
use mdfe_model::pretrained;
use mdfe_train::{Counts, Experiment, LearningRates, Plan, pipeline::store_dtype};
use serde::Serialize;

/// What is printed with `--json`.
#[derive(Serialize)]
struct DryRun<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    learning_rates: &'a LearningRates,
    experiment: &'a Experiment,
}

/// Images and classes of the training sets.
#[derive(Default)]
struct Size {
    images: u64,
    classes: u64,
}

/// Says what a training would take, its learning rates, and the resolved experiment.
pub(crate) fn run(experiment: &Experiment, results: Results) -> Result<()> {
    let row = pretrained(&experiment.backbone.name)?;
    let Size { images, classes } = size(experiment)?;
    let (dim, parameters) =
        match (experiment.backbone.proj_layer, row.projected_dim, row.projected_parameters) {
            (true, Some(dim), Some(parameters)) => (dim, parameters),
            _ => (row.feature_dim, row.parameters),
        };
    let counts = Counts {
        images,
        classes,
        feature_dim: dim as u64,
        backbone_parameters: parameters,
        bytes_per_value: store_dtype(experiment.backbone.store_dtype).bytes() as u64,
    };
    let recipe = &experiment.recipe;
    let plan = Plan::new(recipe, counts);
    let course = recipe.schedule.course(plan.steps_per_epoch as usize, plan.total_steps as usize);
    let learning_rates = LearningRates::new(&recipe.schedule, recipe.optimizer.lr, course);
    let text = format!("{plan}\n\n{learning_rates}\n\n{}", experiment.resolved()?.trim_end());
    results.print(&DryRun { plan: &plan, learning_rates: &learning_rates, experiment }, &text)
}

/// From the data where it is there, and from the data set's known counts where not.
fn size(experiment: &Experiment) -> Result<Size> {
    let mut size = Size::default();
    for set in &experiment.data.train {
        let (images, classes) = match mdfe_data::read(&set.key, &set.read_options(&experiment.data)) {
            Ok(reading) => (reading.dataset.samples.len() as u64, reading.dataset.num_classes() as u64),
            Err(error) => {
                let info = mdfe_data::find(&set.key)?;
                let expected = info.expected.with_context(|| format!("{error}"))?;
                tracing::warn!("{error}; counting with the published {}", expected.sentence());
                (expected.images, expected.classes)
            }
        };
        size.images += images;
        size.classes += classes;
    }
    if size.images == 0 {
        bail!("there is nothing to train on: name a data set under [[data.train]], or give --data");
    }
    Ok(size)
}
