//! What decides where files come from: the same variables that Python's huggingface_hub reads.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// Bytes of one file so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file's name in its repository.
    pub file: String,
    /// Bytes on disk, those of an earlier, interrupted download included.
    pub done: u64,
    /// Bytes in all; `None` when the hub does not say.
    pub total: Option<u64>,
}

/// Options of a [`Hub`](super::Hub). The default knows no token and no variables; [`HubOptions::from_env`] is what programs want.
#[derive(Clone)]
pub struct HubOptions {
    /// Base address of the hub. Default: `None`, the Hugging Face hub.
    pub endpoint: Option<String>,
    /// The token for the endpoint; no other host is sent it. Default: `None`, no request has one.
    pub token: Option<String>,
    /// The cache that Python's huggingface_hub uses, too. Default: `~/.cache/huggingface/hub`.
    pub cache: PathBuf,
    /// No request at all: cached files or an error. Default: false.
    pub offline: bool,
    /// Longest wait for a connection, an answer or the next bytes. Default: 30 s.
    pub timeout: Duration,
    /// Longest wait for another process that downloads the same file. Default: 10 min.
    pub lock_timeout: Duration,
    /// How often a request that may succeed later is tried again. Default: 4.
    pub retries: u32,
    /// Wait before the first retry; it doubles each time. Default: 1 s.
    pub pause: Duration,
    /// Called as bytes arrive. Default: `None`.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            endpoint: None,
            token: None,
            cache: home(&|_| None).join("hub"),
            offline: false,
            timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(600),
            retries: 4,
            pause: Duration::from_secs(1),
            progress: None,
        }
    }
}

impl fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubOptions")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "hidden"))
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

impl HubOptions {
    /// Reads HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HOME, HF_HUB_CACHE,
    /// HUGGINGFACE_HUB_CACHE, XDG_CACHE_HOME and HF_HUB_OFFLINE.
    pub fn from_env() -> Self {
        Self::from_vars(&|name| std::env::var(name).ok())
    }

    /// As [`HubOptions::from_env`], with `var` in place of the environment. Empty values count as unset.
    pub fn from_vars(var: &dyn Fn(&str) -> Option<String>) -> Self {
        let var =
            |name: &str| var(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let home = home(&var);
        let token = || {
            let path = var("HF_TOKEN_PATH").map_or_else(|| home.join("token"), PathBuf::from);
            let text = std::fs::read_to_string(path).ok()?;
            Some(text.trim().to_owned()).filter(|token| !token.is_empty())
        };
        let implicit = !is_on(var("HF_HUB_DISABLE_IMPLICIT_TOKEN"));
        let cache = var("HF_HUB_CACHE").or_else(|| var("HUGGINGFACE_HUB_CACHE"));
        Self {
            endpoint: var("HF_ENDPOINT"),
            token: if implicit { var("HF_TOKEN").or_else(token) } else { None },
            cache: cache.map_or_else(|| home.join("hub"), PathBuf::from),
            offline: is_on(var("HF_HUB_OFFLINE")),
            ..Self::default()
        }
    }
}

/// HF_HOME, or `huggingface` in the user's cache folder.
fn home(var: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(home) = var("HF_HOME") {
        return home.into();
    }
    let cache = var("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    cache.unwrap_or_else(|| PathBuf::from(".cache")).join("huggingface")
}

/// The values that Python's huggingface_hub takes for true.
fn is_on(value: Option<String>) -> bool {
    value.is_some_and(|value| matches!(value.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_mean_what_they_mean_to_python() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "from-file\n").unwrap();
        let home = dir.path().to_str().unwrap().to_owned();
        let with = |pairs: &[(&str, &str)]| {
            HubOptions::from_vars(&|name| {
                let given = pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
                given.or_else(|| (name == "HF_HOME").then(|| home.clone()))
            })
        };
        let plain = with(&[]);
        assert_eq!(plain.token.as_deref(), Some("from-file"));
        assert_eq!(plain.cache, dir.path().join("hub"));
        assert!(!plain.offline && plain.endpoint.is_none());
        let set =
            [("HF_TOKEN", "t"), ("HF_HUB_CACHE", "/c"), ("HF_HUB_OFFLINE", "yes"), ("HF_ENDPOINT", "e")];
        let set = with(&set);
        assert_eq!((set.token.as_deref(), set.cache.as_path()), (Some("t"), std::path::Path::new("/c")));
        assert!(set.offline && set.endpoint.as_deref() == Some("e"));
        assert_eq!(with(&[("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"), ("HF_TOKEN", "t")]).token, None);
        assert!(!with(&[("HF_HUB_OFFLINE", "0")]).offline);
        assert!(!format!("{set:?}").contains("\"t\""), "a token never reaches a log");
    }
}
