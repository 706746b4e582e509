//! The family: one file per loss, one template.

mod adacos;
mod adaface;
pub(crate) mod angle;
mod arcface;
mod cosface;
mod curricular_face;
mod dynamic_margin;
mod li_arcface;
mod margin_loss;
pub(crate) mod member;
mod normalized_softmax;

pub use adacos::AdaCos;
pub use adaface::AdaFace;
pub use arcface::ArcFace;
pub use cosface::CosFace;
pub use curricular_face::CurricularFace;
pub use dynamic_margin::DynamicMargin;
pub use li_arcface::LiArcFace;
pub use margin_loss::MarginLoss;
pub use normalized_softmax::NormalizedSoftmax;
