//! Enums whose variants are the names that a key takes.

use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};

/// A type of which every value has a name in configs.
pub(crate) trait Choice {
    /// The names, as messages list them.
    fn names() -> Vec<&'static str>;
    /// Whether a value is called so, by its name or an alias.
    fn knows(name: &str) -> bool;
}

/// Whether serde reads a text as a `T`: the answer of [`Choice::knows`] without a second list of aliases.
pub(crate) fn reads<'a, T: Deserialize<'a>>(name: &'a str) -> bool {
    let text: value::StrDeserializer<'_, value::Error> = name.into_deserializer();
    T::deserialize(text).is_ok()
}

/// Declares an enum, one line for each value: `Variant = "name" | "alias"`, and where the enum has a type after its name,
/// `=> what the value stands for`, which `member` gives.
///
/// The names, serde, the list `ALL` and [`Choice`] follow from the lines.
macro_rules! choices {
    (
        $(#[$about:meta])*
        pub enum $name:ident: $member:ty {
            $($(#[$doc:meta])* $variant:ident = $text:literal $(| $alias:literal)* => $value:expr),+ $(,)?
        }
    ) => {
        $crate::config::choices! {
            $(#[$about])*
            pub enum $name {
                $($(#[$doc])* $variant = $text $(| $alias)*),+
            }
        }

        impl $name {
            /// What the value stands for.
            pub(crate) fn member(self) -> $member {
                match self { $(Self::$variant => $value),+ }
            }
        }
    };
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $text:literal $(| $alias:literal)*),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text $(, alias = $alias)*)] $variant),+
        }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in configs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl $crate::config::Choice for $name {
            fn names() -> Vec<&'static str> {
                Self::ALL.iter().map(|choice| choice.name()).collect()
            }

            fn knows(name: &str) -> bool {
                $crate::config::reads::<Self>(name)
            }
        }
    };
}

pub(crate) use choices;

#[cfg(test)]
mod tests {
    use super::Choice;
    use crate::{Dtype, OptimizerKind, ProjectionKind, ScheduleKind, Warmup};
    use serde::{Serialize, de::DeserializeOwned};

    /// Every value is written as its name and read back from it; a name that nobody has is no choice.
    fn holds<T: Choice + Copy + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned>(
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) {
        assert_eq!(T::names(), all.iter().map(|&choice| name(choice)).collect::<Vec<_>>());
        for &choice in all {
            assert_eq!(serde_json::to_value(choice).unwrap(), name(choice));
            assert_eq!(serde_json::from_value::<T>(name(choice).into()).unwrap(), choice);
            assert!(T::knows(name(choice)));
        }
        assert!(!T::knows("nobody") && !T::knows(""));
        let mut names = T::names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len(), "{names:?}");
    }

    #[test]
    fn every_choice_is_known_by_its_name_alone() {
        holds(OptimizerKind::ALL, OptimizerKind::name);
        holds(ScheduleKind::ALL, ScheduleKind::name);
        holds(Warmup::ALL, Warmup::name);
        holds(ProjectionKind::ALL, ProjectionKind::name);
        holds(Dtype::ALL, Dtype::name);
        assert!(OptimizerKind::knows("sam_adam") && !OptimizerKind::knows("Sam_Adam"));
    }
}
