//! How patient a store is dealt with, and how much is fetched at a time.

use crate::{Environment, Error, Result};
use std::time::Duration;

/// How stores are asked. The default knows no variables; [`Options::of`] is what programs want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long a silent server is waited for, by each operation and each part of a body. Default 60 s.
    pub timeout: Duration,
    /// Attempts after the first. Default 5.
    pub retries: usize,
    /// The pause before the second attempt; it doubles with each. Default 0.5 s.
    pub pause: Duration,
    /// Objects that are fetched at the same time. Default 16.
    pub concurrency: usize,
    /// Objects that are on disk at the same time, half of them being used, half being fetched. Default 256.
    pub ahead: usize,
    /// Bytes of them on disk beyond which no other is begun. Default 1 GiB.
    pub ahead_bytes: u64,
    /// The largest object that is fetched, in bytes. Default 256 MiB.
    pub max_object: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            retries: 5,
            pause: Duration::from_millis(500),
            concurrency: 16,
            ahead: 256,
            ahead_bytes: 1 << 30,
            max_object: 256 << 20,
        }
    }
}

impl Options {
    /// The defaults, with what `MDFE_REMOTE_TIMEOUT` (seconds) and `MDFE_REMOTE_RETRIES` say.
    ///
    /// # Errors
    /// [`Error::Setting`] for a variable that is no number.
    pub fn of(environment: &Environment) -> Result<Self> {
        let mut options = Self::default();
        if let Some(seconds) = number(environment, "MDFE_REMOTE_TIMEOUT")? {
            options.timeout = Duration::from_secs_f64(seconds.clamp(0.001, 86_400.0));
        }
        if let Some(retries) = number(environment, "MDFE_REMOTE_RETRIES")? {
            options.retries = retries.clamp(0.0, 1e3) as usize;
        }
        Ok(options)
    }
}

/// The number that a variable holds.
fn number(environment: &Environment, name: &str) -> Result<Option<f64>> {
    let Some(text) = environment.get(name) else { return Ok(None) };
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.map(Some).ok_or_else(|| Error::Setting {
        location: "the stores".to_owned(),
        reason: format!("{name} is `{text}`; it takes a number of at least 0"),
    })
}
