//! What follows from the table of metrics: the type that holds any of them, their names and the public formulas.

/// One line for a metric: its file (and function), its variant, and its name. Metrics `at` a k carry it, and their name stands before
/// an `@`; the others say how far they look.
macro_rules! metrics {
    (
        at { $($file:ident: $metric:ident, $name:literal;)+ }
        whole { $($whole_file:ident: $whole:ident, $whole_name:literal, $depth:ident;)+ }
    ) => {
        $(mod $file;)+
        $(mod $whole_file;)+

        /// The formulas, each a function of one query's hits.
        pub mod formula {
            $(pub use super::$file::$file;)+
            $(pub use super::$whole_file::$whole_file;)+
        }

        /// A metric and, where it has one, the number of neighbours, k, that it looks at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Metric {
            $(
                #[doc = concat!("`", $name, "@k`, [`formula::", stringify!($file), "`].")]
                $metric(usize),
            )+
            $(
                #[doc = concat!("`", $whole_name, "`, [`formula::", stringify!($whole_file), "`].")]
                $whole,
            )+
        }

        impl Metric {
            /// What stands before the `@` in the names of the metrics that look at k neighbours.
            pub const NAMES: [&'static str; [$($name),+].len()] = [$($name),+];

            /// The metrics that look as far as a query's right answers need, in the order of the table.
            pub const WHOLE: [Self; [$($whole_name),+].len()] = [$(Self::$whole),+];

            /// Every metric at one k, in the order of [`Metric::NAMES`].
            pub fn all(k: usize) -> [Self; Self::NAMES.len()] {
                [$(Self::$metric(k)),+]
            }

            /// The value for one query, in 0..=1.
            pub fn value(self, result: QueryResult<'_>) -> f64 {
                match self {
                    $(Self::$metric(k) => formula::$file(result, k),)+
                    $(Self::$whole => formula::$whole_file(result),)+
                }
            }

            /// How far it looks.
            pub fn depth(self) -> Depth {
                match self {
                    $(Self::$metric(k) => Depth::At(k),)+
                    $(Self::$whole => Depth::$depth,)+
                }
            }

            /// The name, without the k.
            fn stem(self) -> &'static str {
                match self {
                    $(Self::$metric(_) => $name,)+
                    $(Self::$whole => $whole_name,)+
                }
            }

            /// The metric whose name before the `@` this is.
            fn named(name: &str, k: usize) -> Option<Self> {
                match name {
                    $($name => Some(Self::$metric(k)),)+
                    _ => None,
                }
            }
        }
    };
}
pub(super) use metrics;
