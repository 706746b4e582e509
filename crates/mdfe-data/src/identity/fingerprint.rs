//! The value.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{fmt, fs::File, path::Path, str::FromStr};

/// The BLAKE3 hash of a thing's content, 32 bytes; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Bytes of a fingerprint.
    pub const BYTES: usize = 32;

    /// The fingerprint of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The fingerprint of a file's bytes, whatever its name; read in pieces.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read.
    pub fn of_file(path: &Path) -> Result<Self> {
        let mut hasher = blake3::Hasher::new();
        let file = File::open(path).map_err(Error::io("open", path))?;
        hasher.update_reader(file).map_err(Error::io("read", path))?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The first 16 hexadecimal digits, for folder names and messages.
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for anything but 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::Invalid(format!("`{text}` is not a fingerprint of 64 hexadecimal digits"));
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(bad()) };
        let mut bytes = [0; Self::BYTES];
        if pairs.len() != bytes.len() {
            return Err(bad());
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let digit = |d: u8| char::from(d).to_digit(16).map(|d| d as u8);
            *byte = 16 * digit(pair[0]).ok_or_else(bad)? + digit(pair[1]).ok_or_else(bad)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_blake3_and_survives_its_text() {
        // The hash of no bytes, from BLAKE3's published test vectors.
        let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(Fingerprint::of(b"").to_string(), empty);
        assert_eq!(empty.parse::<Fingerprint>().unwrap(), Fingerprint::of(b""));
        assert_eq!(Fingerprint::of(b"").short(), empty[..16]);
        let json = serde_json::to_string(&Fingerprint::of(b"x")).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), Fingerprint::of(b"x"));
        for bad in ["", "af", &empty[1..], &format!("{empty}00"), &empty.replace('a', "g")] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_its_bytes_and_not_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&a, b"same").unwrap();
        std::fs::write(&b, b"same").unwrap();
        assert_eq!(Fingerprint::of_file(&a).unwrap(), Fingerprint::of_file(&b).unwrap());
        assert_eq!(Fingerprint::of_file(&a).unwrap(), Fingerprint::of(b"same"));
        let missing = Fingerprint::of_file(&dir.path().join("c")).unwrap_err().to_string();
        assert!(missing.contains('c'), "{missing}");
    }
}
