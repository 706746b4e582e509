//! The options of a loss: what an option takes, and the macro that makes a loss's struct, defaults, keys and check of one list.

use crate::{Error, Result};
use std::f64::consts::FRAC_PI_2;

/// The numbers that an option allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The least.
    pub least: f64,
    /// The largest, allowed itself.
    pub most: f64,
    /// Whether `least` itself is refused.
    pub open: bool,
    /// The same in words, as errors say it after "it must be".
    pub words: &'static str,
}

impl Interval {
    /// Whether the number is allowed. NaN and infinities never are.
    pub fn contains(&self, value: f64) -> bool {
        let above = if self.open { value > self.least } else { value >= self.least };
        value.is_finite() && above && value <= self.most
    }
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Takes {
    /// `true` or `false`.
    Flag,
    /// A number.
    Number(Interval),
    /// A list of numbers, one for each class.
    Numbers(Interval),
}

/// A scale.
pub(super) const SCALE: Takes =
    Takes::Number(Interval { least: 0.0, most: 1000.0, open: true, words: "above 0 and at most 1000" });
/// A number above zero.
pub(super) const POSITIVE: Takes =
    Takes::Number(Interval { least: 0.0, most: f64::MAX, open: true, words: "above 0" });
/// A share, or a margin of the cosine.
pub(super) const SHARE: Takes =
    Takes::Number(Interval { least: 0.0, most: 1.0, open: false, words: "between 0 and 1" });
const RIGHT_ANGLE: Interval =
    Interval { least: 0.0, most: FRAC_PI_2, open: false, words: "in radians, between 0 and pi/2" };
/// An angular margin.
pub(super) const ANGLE: Takes = Takes::Number(RIGHT_ANGLE);
/// An angular margin for each class.
pub(super) const ANGLES: Takes = Takes::Numbers(RIGHT_ANGLE);

/// An option of a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossOption {
    /// Its key in a configuration, the field of the loss's struct.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
}

/// Options that know their own keys.
pub(crate) trait Options {
    /// In the order of the fields.
    const KEYS: &'static [LossOption];

    /// `Ok` if every option has an allowed value.
    fn check(&self) -> Result<()>;
}

/// The numbers of an option, whatever its type.
pub(super) trait OptionValue {
    fn numbers(&self) -> &[f64];
}

impl OptionValue for bool {
    fn numbers(&self) -> &[f64] {
        &[]
    }
}

impl OptionValue for f64 {
    fn numbers(&self) -> &[f64] {
        std::slice::from_ref(self)
    }
}

impl OptionValue for Option<f64> {
    fn numbers(&self) -> &[f64] {
        self.as_slice()
    }
}

impl OptionValue for Option<Vec<f64>> {
    fn numbers(&self) -> &[f64] {
        self.as_deref().unwrap_or_default()
    }
}

/// `Ok` if the option takes this value, else the [`Error::Option`] that says what it takes.
pub(super) fn check(loss: &'static str, option: LossOption, value: &impl OptionValue) -> Result<()> {
    let (Takes::Number(interval) | Takes::Numbers(interval)) = option.takes else { return Ok(()) };
    match value.numbers().iter().find(|&&value| !interval.contains(value)) {
        Some(&value) => Err(Error::Option { loss, option: option.name, value, allowed: interval.words }),
        None => Ok(()),
    }
}

/// The struct of a loss's options with its defaults, keys and check: of each option the name, the type, the default and what it takes.
macro_rules! loss_options {
    ($(#[$about:meta])* $loss:ident {
        $($(#[$attribute:meta])* $option:ident: $kind:ty = $default:expr, $takes:expr;)+
    }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $loss {
            $($(#[$attribute])* pub $option: $kind,)+
        }

        impl Default for $loss {
            fn default() -> Self {
                Self { $($option: $default,)+ }
            }
        }

        impl $crate::losses::options::Options for $loss {
            const KEYS: &'static [$crate::LossOption] =
                &[$($crate::LossOption { name: stringify!($option), takes: $takes },)+];

            fn check(&self) -> $crate::Result<()> {
                $(
                    let option = $crate::LossOption { name: stringify!($option), takes: $takes };
                    $crate::losses::options::check(stringify!($loss), option, &self.$option)?;
                )+
                Ok(())
            }
        }
    };
}
pub(super) use loss_options;
