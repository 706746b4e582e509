//! From fields to a fingerprint.

use super::Fingerprint;
use serde::Serialize;

/// Collects named fields into a fingerprint. Every part is framed by its length, so that no two lists of fields give the same
/// bytes.
pub struct Fingerprinter(blake3::Hasher);

impl Fingerprinter {
    /// Starts with the kind of thing: `mdfe space`, `mdfe view`. Things of different kinds never share a fingerprint.
    pub fn new(kind: &str) -> Self {
        let mut this = Self(blake3::Hasher::new());
        this.bytes(kind.as_bytes());
        this
    }

    /// Adds a field.
    pub fn field(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.bytes(name.as_bytes());
        self.bytes(value)
    }

    /// Adds a field by its JSON text, whose keys stand in the order of the type's fields. A value without a JSON form counts as
    /// null; none of ours is without.
    pub fn json(&mut self, name: &str, value: &impl Serialize) -> &mut Self {
        let text = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        self.field(name, &text)
    }

    /// The fingerprint of what was added.
    pub fn finish(&self) -> Fingerprint {
        Fingerprint::from_bytes(*self.0.finalize().as_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_framed_and_kinds_apart() {
        let of = |kind: &str, fields: &[(&str, &str)]| {
            let mut all = Fingerprinter::new(kind);
            for (name, value) in fields {
                all.field(name, value.as_bytes());
            }
            all.finish()
        };
        let one = of("a", &[("x", "12"), ("y", "3")]);
        assert_eq!(one, of("a", &[("x", "12"), ("y", "3")]));
        for other in [
            of("a", &[("x", "1"), ("y", "23")]),
            of("b", &[("x", "12"), ("y", "3")]),
            of("a", &[("x", "12")]),
        ] {
            assert_ne!(one, other);
        }
    }
}
