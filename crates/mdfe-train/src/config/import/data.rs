//! `DATASET` and `TRANSFORM`: data sets, and from image to pixels.

use super::{backbone, draft::Draft, settings::Settings, unknown};
use mdfe_data::TransformKind;
use serde_json::{Value, json};

pub(super) fn carry(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    draft.set("data", "root", settings.text("DATASET.root")?);
    let mut sets: Vec<Value> = Vec::new();
    for name in settings.texts("DATASET.names")? {
        let info = mdfe_data::find(&name).map_err(|e| format!("`DATASET.names`: {e}"))?;
        sets.push(json!({ "key": info.key }));
    }
    draft.set("data", "train", sets);
    if !settings.text("DATASET.cls_dist_file")?.is_empty() {
        draft.leave("DATASET.cls_dist_file", "the sizes of classes are counted in the data");
    }
    Ok(())
}

pub(super) fn carry_transform(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    let name = settings.text("TRANSFORM.name")?;
    // The Python code has the same transform under two names.
    let ours = if name == "eva-clip" { "openclip" } else { name.as_str() };
    let names = TransformKind::ALL.map(TransformKind::name);
    if !names.contains(&ours) {
        return Err(unknown("TRANSFORM.name", &name, &names));
    }
    if settings.is_given("TRANSFORM.size") {
        let size = settings.count("TRANSFORM.size")?;
        let own = mdfe_model::pretrained(&backbone::name(settings)?).map(|row| row.preprocess.size);
        if !own.is_ok_and(|own| own.iter().all(|&side| side as u64 == size)) {
            draft.set("backbone", "image_size", size);
        }
    }
    draft.set("transform", "name", ours);
    Ok(())
}
