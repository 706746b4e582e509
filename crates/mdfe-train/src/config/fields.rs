//! The names of a type's fields, asked of its `Deserialize`, so that nobody writes them a second time.

use serde::de::{self, Deserialize, value::MapDeserializer};
use std::fmt;

/// What an attempt to read a field that does not exist tells: the names of those that do.
#[derive(Debug)]
struct Answer(Option<&'static [&'static str]>);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }
}

impl std::error::Error for Answer {}

impl de::Error for Answer {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(None)
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self(Some(expected))
    }
}

/// The fields of a `T` that refuses unknown ones, `given` being what it needs to be read at all (the tag of an enum, say).
/// `None` where it can't be read with that.
pub(crate) fn fields_of<T: for<'a> Deserialize<'a>>(
    given: &[(&'static str, &str)],
) -> Option<&'static [&'static str]> {
    const NO_FIELD: (&str, &str) = ("\0", "");
    let entries = given.iter().copied().chain([NO_FIELD]);
    T::deserialize(MapDeserializer::<_, Answer>::new(entries)).err()?.0
}
