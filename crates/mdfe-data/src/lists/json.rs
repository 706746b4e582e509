//! JSON files: faults with file and line, objects in the order of the file.

use crate::{Error, Result};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use std::{fmt, marker::PhantomData, path::Path};

/// Parses `bytes`, which were read from `path`.
///
/// # Errors
/// [`Error::Malformed`] with the line.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|e| fault(path, &e))
}

/// A parser's error with its file and line.
pub(crate) fn fault(path: &Path, error: &serde_json::Error) -> Error {
    let line = (error.line() > 0).then_some(error.line() as u64);
    Error::Malformed { path: path.to_path_buf(), line, reason: error.to_string() }
}

/// A JSON object as a list of pairs: nothing is reordered, and a repeated key keeps both values.
pub(crate) struct Pairs<V>(pub(crate) Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct PairsVisitor<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}
