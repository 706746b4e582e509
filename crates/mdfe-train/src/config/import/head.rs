//! `MODEL.HEAD` and `LOSS`: the margin loss and its centers.

use super::{draft::Draft, settings::Settings, unknown};
use mdfe_loss::LossOptions;

/// The heads of the Python code, which are losses here.
const HEADS: [&str; 6] = ["ArcFace", "DynM-ArcFace", "AdaCos", "LiArcFace", "CurricularFace", "AdaFace"];
/// The heads with sub-centers in the Python code.
const WITH_SUB_CENTERS: [&str; 2] = ["ArcFace", "DynM-ArcFace"];

/// A number that some heads take.
struct HeadOption {
    key: &'static str,
    /// Its name as an option of the loss.
    option: &'static str,
    heads: &'static [&'static str],
    /// From their number to ours.
    convert: fn(f64) -> f64,
}

#[rustfmt::skip]
const OPTIONS: [HeadOption; 6] = [
    HeadOption { key: "MODEL.HEAD.s", option: "scale", heads: &["ArcFace", "DynM-ArcFace", "LiArcFace", "CurricularFace", "AdaFace"], convert: |s| s },
    HeadOption { key: "MODEL.HEAD.m", option: "margin", heads: &["ArcFace", "LiArcFace", "CurricularFace", "AdaFace"], convert: |m| m },
    HeadOption { key: "MODEL.HEAD.m_max", option: "max_margin", heads: &["DynM-ArcFace"], convert: |m| m },
    HeadOption { key: "MODEL.HEAD.m_min", option: "min_margin", heads: &["DynM-ArcFace"], convert: |m| m },
    HeadOption { key: "MODEL.HEAD.h", option: "concentration", heads: &["AdaFace"], convert: |h| h },
    // The share of the batch in the moving average there, of what was before here.
    HeadOption { key: "MODEL.HEAD.t_alpha", option: "momentum", heads: &["AdaFace"], convert: |alpha| 1.0 - alpha },
];

pub(super) fn carry(settings: &Settings, draft: &mut Draft) -> Result<(), String> {
    let head = settings.text("MODEL.HEAD.name")?;
    let head = *HEADS
        .iter()
        .find(|known| head.eq_ignore_ascii_case(known))
        .ok_or_else(|| unknown("MODEL.HEAD.name", &head, &HEADS))?;
    let entry = LossOptions::TABLE.iter().find(|entry| entry.name == head || entry.aliases.contains(&head));
    draft.set("loss", "name", entry.map_or(head, |entry| entry.name));
    let centers = settings.count("MODEL.HEAD.k")?;
    if WITH_SUB_CENTERS.contains(&head) {
        draft.set("loss", "sub_centers", centers);
    } else {
        draft.set("loss", "sub_centers", 1);
        if centers != 1 {
            draft.leave("MODEL.HEAD.k", format!("{head} has one center for each class in the Python code"));
        }
    }
    for HeadOption { key, option, heads, convert } in OPTIONS {
        if heads.contains(&head) {
            draft.set("loss", option, convert(settings.number(key)?));
        } else {
            draft.leave(key, format!("{head} does not use it"));
        }
    }
    match head {
        "AdaCos" => draft.set("loss", "dynamic", settings.flag("MODEL.HEAD.dynamic_s")?),
        _ => draft.leave("MODEL.HEAD.dynamic_s", format!("{head} does not use it")),
    }
    if settings.text("LOSS.name")? != "CrossEntropyLoss" {
        return Err(unknown("LOSS.name", &settings.text("LOSS.name")?, &["CrossEntropyLoss"]));
    }
    Ok(())
}
