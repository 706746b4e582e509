//! Sections of an experiment: structs whose fields are keys.

use super::Takes;
use std::borrow::Cow;

/// A key inside its section.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name, the field's.
    pub(crate) name: &'static str,
    /// Type and range.
    pub(crate) takes: Takes,
    /// What it means: the field's documentation.
    pub(crate) meaning: Cow<'static, str>,
}

impl Field {
    /// A key with its type and meaning.
    pub(crate) fn new(name: &'static str, takes: Takes, meaning: impl Into<Cow<'static, str>>) -> Self {
        Self { name, takes, meaning: meaning.into() }
    }
}

/// Declares a section, one line for each key: `name: Type = default, what it takes;`, its meaning as documentation above.
///
/// The struct, its `Default`, serde (every key optional, unknown ones refused) and `keys`, which checks, messages and lists of keys
/// follow, come from the lines. An `Option` is left out of files where it is `None`.
macro_rules! section {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $($(#[doc = $doc:literal])+ $(#[serde($($serde:tt)*)])? $field:ident: $type:ty = $default:expr, $takes:expr;)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[doc = concat!(" Default `", stringify!($default), "`.")]
                $(#[serde($($serde)*)])?
                pub $field: $type,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }

        impl $name {
            /// The keys of the section.
            pub(crate) fn keys() -> Vec<$crate::config::Field> {
                vec![$($crate::config::Field::new(stringify!($field), $takes, concat!($($doc),+).trim_ascii())),+]
            }
        }
    };
}

pub(crate) use section;
