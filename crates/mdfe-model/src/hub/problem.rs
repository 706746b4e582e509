//! Why a file could not be had from the hub.

use std::{path::PathBuf, time::Duration};

/// What went wrong between this machine and the hub; each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HubProblem {
    /// Requests are off and the cache does not have the file.
    #[error(
        "it is not in the cache {} and requests are off (`--offline` or HF_HUB_OFFLINE); fetch it once with a connection, \
         or give the weights as a file with `--weights`", cache.display()
    )]
    Offline {
        /// The cache that was searched.
        cache: PathBuf,
    },
    /// The hub wants a token, or another one.
    #[error(
        "the hub refuses access ({status}): check the name, accept the model's terms on its page, and set HF_TOKEN to a \
         token that may read it"
    )]
    Denied {
        /// The HTTP status, 401 or 403.
        status: u16,
    },
    /// The token cannot be sent.
    #[error(
        "the token has characters that no token has, such as a line break; check HF_TOKEN and the file of the token"
    )]
    Token,
    /// The repository, the revision or the file does not exist.
    #[error("the hub has no such {what}; check the name and the revision `{revision}`")]
    NotFound {
        /// `repository`, `revision` or `file`.
        what: &'static str,
        /// The revision that was asked for.
        revision: String,
    },
    /// The hub answered with an error that may pass.
    #[error("the hub answers with status {status}; try again later")]
    Server {
        /// The HTTP status.
        status: u16,
    },
    /// The hub cannot be reached.
    #[error(
        "the hub cannot be reached ({reason}); check the connection and HF_ENDPOINT, or use the cache alone with `--offline`"
    )]
    Unreachable {
        /// The transport's reason.
        reason: String,
    },
    /// Nothing arrived for too long.
    #[error("nothing arrived for {} s; run the command again to go on where it stopped", waited.as_secs_f32())]
    Silent {
        /// The limit.
        waited: Duration,
    },
    /// The body ended early.
    #[error(
        "the download stopped after {got} of {expected} bytes; run the command again to go on where it stopped"
    )]
    Truncated {
        /// Bytes on disk.
        got: u64,
        /// Bytes that the hub announced.
        expected: u64,
    },
    /// The bytes are not those that the hub announced.
    #[error(
        "the downloaded bytes have the SHA-256 {got}, expected {expected}; they are deleted, run the command again"
    )]
    Corrupt {
        /// The hash of what arrived.
        got: String,
        /// The hash that the hub announced.
        expected: String,
    },
    /// Another process holds the lock of this file.
    #[error("another process has held the lock {} for {} s; wait for it to end its download", lock.display(), waited.as_secs_f32())]
    Locked {
        /// The lock file.
        lock: PathBuf,
        /// The limit.
        waited: Duration,
    },
    /// An answer without the headers that every hub sends.
    #[error("the answer has no {missing} header; HF_ENDPOINT may not be a hub")]
    NotAHub {
        /// The header.
        missing: &'static str,
    },
    /// The cache cannot be written or read.
    #[error("the cache fails at {}: {reason}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

impl HubProblem {
    /// Whether the same request may succeed in a moment.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Server { .. }
                | Self::Unreachable { .. }
                | Self::Silent { .. }
                | Self::Truncated { .. }
                | Self::Corrupt { .. }
        )
    }
}
