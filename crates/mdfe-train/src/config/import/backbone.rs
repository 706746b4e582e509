//! `MODEL`: backbone and neck.

use super::{draft::Draft, settings::Settings, unknown};
use crate::ProjectionKind;
use mdfe_model::{Pretrained, pretrained};

/// Backbone types whose models are OpenCLIP's; the others are timm's.
const OPEN_CLIP: [&str; 4] = ["clip", "clip_convnext", "clipav2", "meta-clip"];
const TIMM: [&str; 4] = ["eva02", "siglip", "dinov2", "sam"];

/// The backbone's name as mdfe has it, OpenCLIP's with its weights.
pub(super) fn name(settings: &Settings) -> Result<String, String> {
    let (kind, model) = (settings.text("MODEL.BACKBONE.type")?, settings.text("MODEL.BACKBONE.model_name")?);
    let weights = settings.text("MODEL.BACKBONE.weights")?;
    match kind.as_str() {
        kind if OPEN_CLIP.contains(&kind) && !weights.is_empty() => Ok(format!("{model}/{weights}")),
        kind if OPEN_CLIP.contains(&kind) || TIMM.contains(&kind) => Ok(model),
        _ => Err(unknown("MODEL.BACKBONE.type", &kind, &[OPEN_CLIP, TIMM].concat())),
    }
}

pub(super) fn carry(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    if settings.flag("MODEL.cloud_upload")? {
        draft.leave(
            "MODEL.cloud_upload",
            "name a store in train.upload, such as gdrive://folder, for a copy after each checkpoint",
        );
    }
    let given = name(settings)?;
    let row = match pretrained(&given) {
        Ok(row) => {
            draft.set("backbone", "name", row.full_name());
            Some(row)
        }
        Err(error) => {
            draft.set("backbone", "name", given);
            draft.leave("MODEL.BACKBONE.model_name", format!("{error}; set backbone.name before you train"));
            None
        }
    };
    if TIMM.contains(&settings.text("MODEL.BACKBONE.type")?.as_str())
        && !settings.text("MODEL.BACKBONE.weights")?.is_empty()
    {
        draft.leave(
            "MODEL.BACKBONE.weights",
            "the weights of timm's models are told by the tag behind the name",
        );
    }
    carry_projection_layer(settings, draft, row)?;
    if !settings.flag("MODEL.BACKBONE.freeze_backbone")? {
        draft.leave("MODEL.BACKBONE.freeze_backbone", "the import trains on a frozen backbone");
    }
    if settings.is_given("MODEL.BACKBONE.output_dim") {
        let width = settings.count("MODEL.BACKBONE.output_dim")?;
        let dims = row.map(|row| [Some(row.feature_dim), row.projected_dim]);
        if !dims.is_some_and(|dims| dims.into_iter().flatten().any(|dim| dim as u64 == width)) {
            draft.leave("MODEL.BACKBONE.output_dim", "the width of the features is the backbone's own");
        }
    }
    Ok(())
}

/// The Python code has it for the models that end in a projection.
fn carry_projection_layer(
    settings: &Settings,
    draft: &mut Draft,
    row: Option<&Pretrained>,
) -> Result<(), String> {
    let wanted = settings.flag("MODEL.BACKBONE.proj_layer")?;
    if wanted && row.is_some_and(|row| row.projected_dim.is_none()) {
        draft.leave("MODEL.BACKBONE.proj_layer", "this backbone has no projection of its own");
    } else {
        draft.set("backbone", "proj_layer", wanted);
    }
    Ok(())
}

pub(super) fn carry_neck(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    let (kind, dropout) = (settings.text("MODEL.NECK.neck_type")?, settings.number("MODEL.NECK.dropout")?);
    let kind = match kind.as_str() {
        "proj_layer" => ProjectionKind::Linear,
        "pooling" => ProjectionKind::AvgPool,
        _ => return Err(unknown("MODEL.NECK.neck_type", &kind, &["proj_layer", "pooling"])),
    };
    draft.set("projection", "kind", kind.name());
    draft.set("projection", "embed_dim", settings.count("MODEL.embedding_dim")?);
    match kind {
        ProjectionKind::Linear => draft.set("projection", "dropout", dropout),
        _ => {
            draft.set("projection", "dropout", 0.0);
            if dropout > 0.0 {
                draft.leave("MODEL.NECK.dropout", "pooling has no dropout in the Python code");
            }
        }
    }
    Ok(())
}
