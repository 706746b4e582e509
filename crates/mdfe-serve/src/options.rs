//! What the service takes and what it refuses.

use crate::{Error, Result};
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// Limits of the service, and who may use it.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Requests that are read and worked on at once; one more is answered 429 (default 128).
    pub queue: usize,
    /// Images in one forward pass, of any number of requests (default 8; a GPU wants 64 and more).
    pub batch: usize,
    /// How long a batch that is not full waits for more (default 2 ms).
    pub batch_wait: Duration,
    /// Images that are decoded at once (default: one a core).
    pub decoders: usize,
    /// Bytes of a request's body (default 16 MiB).
    pub max_body: usize,
    /// Memory that decoding one image may take, in bytes (default 256 MiB).
    pub max_image_memory: u64,
    /// How long a request may take, from its headers to its answer (default 60 s).
    pub timeout: Duration,
    /// Connections that are open at once; further ones wait (default 1024).
    pub connections: usize,
    /// What a client must show; without one everybody may search and nobody may add (default none).
    pub token: Option<Token>,
    /// Where the relative paths of the index begin (default: the working directory).
    pub root: PathBuf,
    /// Folder that gets the images which clients add; without one none can be added (default none).
    pub uploads: Option<PathBuf>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            queue: 128,
            batch: 8,
            batch_wait: Duration::from_millis(2),
            decoders: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            max_body: 16 << 20,
            max_image_memory: 256 << 20,
            timeout: Duration::from_secs(60),
            connections: 1024,
            token: None,
            root: PathBuf::new(),
            uploads: None,
        }
    }
}

/// A bearer token. Only its hash is kept, and hashes are compared in constant time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(blake3::Hash);

impl Token {
    /// A token of visible ASCII characters; blanks around it are not part of it. `from` says where it comes from, for the message.
    ///
    /// # Errors
    /// [`Error::Token`] for none, and for one that no header can carry.
    pub fn new(text: &str, from: &str) -> Result<Self> {
        let text = text.trim();
        let refuse = |reason: &str| Error::Token { from: from.to_owned(), reason: reason.to_owned() };
        if text.is_empty() {
            return Err(refuse("it is empty; put the token there, or take it away to serve without one"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refuse("it has characters that are no visible ASCII; letters and digits will do"));
        }
        Ok(Self(blake3::hash(text.as_bytes())))
    }

    /// Whether this is what a client has shown.
    pub(crate) fn is(&self, shown: &str) -> bool {
        self.0 == blake3::hash(shown.trim().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_visible_word() {
        let token = Token::new(" secret-1\n", "the file t").unwrap();
        assert!(token.is("secret-1") && !token.is("secret-2") && !token.is(""));
        for bad in ["", " \n", "two words", "schlüssel"] {
            let message = Token::new(bad, "the file t").unwrap_err().to_string();
            assert!(message.starts_with("the file t holds no token: it "), "{bad:?}: {message}");
        }
    }
}
