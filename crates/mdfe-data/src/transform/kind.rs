//! The named transforms of the method.

use super::{ColorJitter, CropRange};
use crate::{CropMode, Error, Interpolation, PreprocessRecord, Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Which transform turns a training image into pixels. Size, mean and standard deviation are always the backbone's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransformKind {
    /// `eval`: the backbone's own evaluation transform, its [`PreprocessRecord`] (default).
    #[default]
    Eval,
    /// `openai-clip`: shorter side to the size (bicubic), center crop. Nothing is random.
    #[serde(rename = "openai-clip")]
    OpenAiClip,
    /// `openclip`: random crop of 0.9 to 1.0 of the area, ratio 1, bicubic.
    OpenClip,
    /// `siglip`: random crop of 0.08 to 1.0 of the area, ratio 3/4 to 4/3, bicubic, and colour jitter.
    Siglip,
    /// `custom`: as `openclip`, then a horizontal flip with probability 0.5 and colour jitter.
    Custom,
}

/// What a random transform draws from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RandomParts {
    pub(super) crop: CropRange,
    /// Probability of a horizontal flip.
    pub(super) flip: f64,
    pub(super) jitter: Option<ColorJitter>,
}

impl TransformKind {
    /// Every transform.
    pub const ALL: [Self; 5] = [Self::Eval, Self::OpenAiClip, Self::OpenClip, Self::Siglip, Self::Custom];

    /// The name in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eval => "eval",
            Self::OpenAiClip => "openai-clip",
            Self::OpenClip => "openclip",
            Self::Siglip => "siglip",
            Self::Custom => "custom",
        }
    }

    /// Whether the pixels of an image differ from epoch to epoch; features of such pixels cannot be extracted once.
    pub fn is_random(self) -> bool {
        self.random_parts().is_some()
    }

    /// The record of the transform's deterministic form, for a backbone with `record`.
    pub fn record(self, record: &PreprocessRecord) -> PreprocessRecord {
        match self {
            Self::OpenAiClip => PreprocessRecord {
                interpolation: Interpolation::Bicubic,
                crop_mode: CropMode::Center,
                crop_fraction: 1.0,
                ..record.clone()
            },
            _ => record.clone(),
        }
    }

    pub(super) fn random_parts(self) -> Option<RandomParts> {
        let near = CropRange { scale: [0.9, 1.0], ratio: [1.0, 1.0] };
        let jitter = Some(ColorJitter::default());
        match self {
            Self::Eval | Self::OpenAiClip => None,
            Self::OpenClip => Some(RandomParts { crop: near, flip: 0.0, jitter: None }),
            Self::Siglip => Some(RandomParts { crop: CropRange::default(), flip: 0.0, jitter }),
            Self::Custom => Some(RandomParts { crop: near, flip: 0.5, jitter }),
        }
    }
}

impl fmt::Display for TransformKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TransformKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| Error::unknown("transform", name, Self::ALL.map(Self::name)))
    }
}
