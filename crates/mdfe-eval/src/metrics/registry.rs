//! What follows from the table of metrics: the type that holds any of them, their names and the public formulas.

/// One line for a metric: its file (and function), its variant, and the name before the `@`.
macro_rules! metrics {
    ($($file:ident: $metric:ident, $name:literal;)+) => {
        $(mod $file;)+

        /// The formulas, each a function of one query's hits.
        pub mod formula {
            $(pub use super::$file::$file;)+
        }

        /// A metric and the number of neighbours, k, that it looks at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Metric {
            $(
                #[doc = concat!("`", $name, "@k`, [`formula::", stringify!($file), "`].")]
                $metric(usize),
            )+
        }

        impl Metric {
            /// What stands before the `@` in the names of all metrics.
            pub const NAMES: [&'static str; [$($name),+].len()] = [$($name),+];

            /// Every metric at one k, in the order of [`Metric::NAMES`].
            pub fn all(k: usize) -> [Self; Self::NAMES.len()] {
                [$(Self::$metric(k)),+]
            }

            /// The value for one query, in 0..=1.
            pub fn value(self, result: QueryResult<'_>) -> f64 {
                match self {
                    $(Self::$metric(k) => formula::$file(result, k),)+
                }
            }

            /// The name before the `@`, and k.
            fn parts(self) -> (&'static str, usize) {
                match self {
                    $(Self::$metric(k) => ($name, k),)+
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
