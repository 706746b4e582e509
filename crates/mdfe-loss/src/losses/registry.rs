//! What follows from the table of losses: the types that hold any of them, their names, and the way from options to a loss.

/// One line for a loss: its file, its type, `with` the type of its state if it has one, `or` other names that are read as it, and a
/// line of documentation.
macro_rules! losses {
    ($($file:ident: $loss:ident $(with $state:ident)? $(or $alias:literal)*, $about:literal;)+) => {
        $(
            mod $file;
            pub use $file::$loss;
            $(pub use $file::$state;)?
        )+

        const COUNT: usize = [$(stringify!($loss)),+].len();

        /// A loss and its options, as configuration files hold them: `{ name = "ArcFace", scale = 30.0, margin = 0.5 }`.
        ///
        /// Missing options take the paper's defaults; an unknown one is an error. Some losses go by other names as well, see
        /// [`LossOptions::TABLE`].
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "name")]
        #[non_exhaustive]
        pub enum LossOptions {
            $(
                #[doc = $about]
                $(#[serde(alias = $alias)])*
                $loss($loss),
            )+
        }

        impl LossOptions {
            /// Every loss with its names and the options that it takes.
            pub const TABLE: [LossEntry; COUNT] = [$(
                LossEntry {
                    name: stringify!($loss),
                    aliases: &[$($alias),*],
                    about: $about,
                    options: <$loss as options::Options>::KEYS,
                },
            )+];

            /// Every loss with its default options, in the order of [`LossOptions::TABLE`].
            pub fn all() -> [Self; COUNT] {
                [$(Self::$loss(Default::default()),)+]
            }

            /// The loss's name, one of [`LossOptions::NAMES`].
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$loss(_) => stringify!($loss),)+
                }
            }

            /// Checks the options and makes the member of the family.
            pub(crate) fn member(&self, classes: Classes<'_>) -> Result<Arc<dyn Member>> {
                match self {
                    $(Self::$loss(options) => {
                        options::Options::check(options)?;
                        options.for_classes(classes)
                    })+
                }
            }
        }

        /// What a loss remembers from one training step to the next: saved in checkpoints, restored from them, changed by training
        /// steps alone.
        ///
        /// Build it with [`MarginLoss::initial_state`].
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "loss")]
        #[non_exhaustive]
        pub enum LossState {
            /// The loss remembers nothing.
            Stateless,
            $($(
                #[doc = concat!("The state of [`", stringify!($loss), "`].")]
                $loss($state),
            )?)+
        }

        impl LossState {
            fn owner(&self) -> &'static str {
                match self {
                    Self::Stateless => "a stateless loss",
                    $($(Self::$loss($state { .. }) => stringify!($loss),)?)+
                }
            }
        }
    };
}
pub(super) use losses;
