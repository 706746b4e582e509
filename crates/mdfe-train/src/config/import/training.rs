//! `OPTIMIZER`, `SCHEDULER`, `TRAIN`, `DATALOADER` and `SEED`: how long, and how fast.

use super::{draft::Draft, settings::Settings, unknown};
use crate::{OptimizerKind, ScheduleKind, Warmup};

/// From this number on, the Python code does not read `warmup_steps` as epochs.
const EPOCHS_BELOW: u64 = 10;

pub(super) fn carry_optimizer(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    let name = settings.text("OPTIMIZER.name")?;
    let known: Vec<&str> = OptimizerKind::ALL.iter().map(|kind| kind.name()).collect();
    let kind = OptimizerKind::ALL.iter().find(|kind| kind.name().eq_ignore_ascii_case(&name));
    let kind = kind.ok_or_else(|| unknown("OPTIMIZER.name", &name, &known))?;
    draft.set("optimizer", "name", kind.name());
    draft.set("optimizer", "lr", settings.number("OPTIMIZER.lr")?);
    draft.set("optimizer", "weight_decay", settings.number("OPTIMIZER.weight_decay")?);
    match kind {
        OptimizerKind::SGD => draft.set("optimizer", "momentum", settings.number("OPTIMIZER.momentum")?),
        _ => draft.leave("OPTIMIZER.momentum", format!("{} does not use it", kind.name())),
    }
    if kind.is_sharpness_aware() {
        // The Python code has no key for it.
        draft.set("optimizer", "rho", 0.05);
    }
    Ok(())
}

pub(super) fn carry_schedule(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    let text = |key| settings.text(key).map(|text| if text.is_empty() { "none".to_owned() } else { text });
    let (name, warmup) = (text("SCHEDULER.name")?, text("SCHEDULER.warmup")?);
    let known: Vec<&str> = ScheduleKind::ALL.iter().map(|kind| kind.name()).collect();
    if !known.contains(&name.as_str()) {
        return Err(unknown("SCHEDULER.name", &name, &known));
    }
    draft.set("schedule", "name", name.as_str());
    if name == "none" {
        draft.leave("SCHEDULER.min_lr", "there is no schedule");
    } else {
        draft.set("schedule", "min_lr", settings.number("SCHEDULER.min_lr")?);
        if settings.flag("SCHEDULER.epoch_based")? {
            draft.leave(
                "SCHEDULER.epoch_based",
                "the rate follows the schedule in every step, not from epoch to epoch",
            );
        }
    }
    let known: Vec<&str> = Warmup::ALL.iter().map(|kind| kind.name()).collect();
    if !known.contains(&warmup.as_str()) {
        return Err(unknown("SCHEDULER.warmup", &warmup, &known));
    }
    draft.set("schedule", "warmup", warmup.as_str());
    if warmup == "none" {
        draft.leave("SCHEDULER.warmup_steps", "there is no warm-up");
        draft.leave("SCHEDULER.seen_img_warmup", "there is no warm-up");
        return Ok(());
    }
    carry_warmup_steps(settings, draft)
}

/// A few of them are epochs in the Python code. From ten on it means to count the images of `seen_img_warmup`, where it ends with an error;
/// its documentation calls them steps.
fn carry_warmup_steps(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    let steps = settings.count("SCHEDULER.warmup_steps")?;
    if steps < EPOCHS_BELOW {
        draft.set("schedule", "warmup_epochs", steps as f64);
        draft.leave(
            "SCHEDULER.seen_img_warmup",
            "the warm-up is counted in epochs, by SCHEDULER.warmup_steps",
        );
        return Ok(());
    }
    if !settings.is_given("SCHEDULER.seen_img_warmup") {
        draft.set("schedule", "warmup_steps", steps);
        return Ok(());
    }
    let images = settings.count("SCHEDULER.seen_img_warmup")?;
    draft.set("schedule", "warmup_steps", images / settings.count("DATALOADER.batch_size")?.max(1));
    draft.leave(
        "SCHEDULER.warmup_steps",
        "from 10 on it means SCHEDULER.seen_img_warmup images, which are carried over",
    );
    Ok(())
}

pub(super) fn carry_length(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    if settings.flag("TRAIN.epoch_based")? {
        draft.set("train", "epochs", settings.count("TRAIN.epochs")?);
        if settings.count("TRAIN.iterations")? > 0 {
            draft.leave("TRAIN.iterations", "TRAIN.epoch_based is True: the length is TRAIN.epochs");
        }
    } else {
        draft.set("train", "steps", settings.count("TRAIN.iterations")?);
        draft.leave("TRAIN.epochs", "TRAIN.epoch_based is False: the length is TRAIN.iterations");
    }
    draft.set("train", "batch", settings.count("DATALOADER.batch_size")?);
    draft.set("train", "seed", settings.count("SEED")?);
    if settings.is_given("TRAIN.save_epoch") {
        carry_checkpoints(settings, draft)?;
    }
    Ok(())
}

/// The Python code saves a model after each of the epochs that it lists, and keeps them all.
fn carry_checkpoints(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    let epochs = settings.counts("TRAIN.save_epoch")?;
    let every = epochs.first().copied().unwrap_or(0);
    if epochs.iter().zip(1..).all(|(&epoch, number): (&u64, u64)| epoch == number * every) {
        draft.set("train", "checkpoint_every", every);
        draft.set("train", "keep", epochs.len().max(1));
    } else {
        draft.leave(
            "TRAIN.save_epoch",
            "checkpoints come every train.checkpoint_every epochs; these are not evenly spaced",
        );
    }
    Ok(())
}
