//! Files of the Hugging Face hub, through the cache that Python's huggingface_hub uses.
//!
//! This is the only file that opens connections. hf-hub keeps the cache (pointers, references); the bytes of a file are
//! fetched here, because hf-hub 1.0 starts an interrupted download from the beginning, waits without limit for a silent
//! server, and stores the body of an error answer as if it were the file. A blob that is in place when hf-hub asks for the
//! file is one that it only links.

mod cache;
mod options;
mod problem;

pub use options::{HubOptions, Progress};
pub use problem::HubProblem;

use crate::{Error, Result};
use cache::{RepoCache, at, is_commit, verify};
use reqwest::{
    Client, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderMap, LOCATION, RANGE},
    redirect::Policy,
};
use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The branch that is meant when no revision is given.
const MAIN: &str = "main";
/// How many redirects within the hub are followed: a repository that was renamed has one.
const REDIRECTS: usize = 5;

type Attempt<T> = std::result::Result<T, HubProblem>;

/// A file in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The file; a link in the cache's `snapshots`.
    pub path: PathBuf,
    /// The commit that it belongs to: 40 hexadecimal digits.
    pub commit: String,
}

/// Fetches files of model repositories, each once. Connections are opened on the first request only.
pub struct Hub {
    options: HubOptions,
    network: OnceLock<Network>,
}

struct Network {
    runtime: tokio::runtime::Runtime,
    hub: hf_hub::HFClient,
    /// Follows no redirects: the hub's own answer has the headers that name commit and content.
    head: Client,
    get: Client,
}

/// What the hub says about a file before it is fetched.
struct Meta {
    commit: String,
    etag: String,
    size: Option<u64>,
}

impl Hub {
    /// A hub with these options. Opens nothing.
    pub fn new(options: HubOptions) -> Self {
        Self { options, network: OnceLock::new() }
    }

    /// The options.
    pub fn options(&self) -> &HubOptions {
        &self.options
    }

    /// `file` of the model repository `repo` at `revision` (branch, tag or commit; default `main`), from the cache or the
    /// hub. A commit that is in the cache, and anything offline, costs no request.
    ///
    /// # Errors
    /// [`Error::Hub`] with a [`HubProblem`] that says what to do. An unreachable hub is an error even where an older copy is
    /// cached, because which one is wanted is the user's to say (`offline`, or a commit as revision).
    pub fn fetch(&self, repo: &str, file: &str, revision: Option<&str>) -> Result<Fetched> {
        let revision = revision.unwrap_or(MAIN);
        let fail = |problem| Error::Hub { repo: repo.to_owned(), file: file.to_owned(), problem };
        if self.options.offline || is_commit(revision) {
            if let Some(found) = self.cached(repo, file, Some(revision)) {
                return Ok(found);
            }
            if self.options.offline {
                return Err(fail(HubProblem::Offline { cache: self.options.cache.clone() }));
            }
        }
        let network = self.network().map_err(fail)?;
        let mut pause = self.options.pause;
        let mut left = self.options.retries;
        loop {
            let attempt = network.runtime.block_on(self.attempt(network, repo, file, revision));
            match attempt {
                Ok(fetched) => return Ok(fetched),
                Err(problem) if problem.may_pass() && left > 0 => {
                    tracing::warn!("{file} of {repo}: {problem}; trying again");
                    std::thread::sleep(pause);
                    (left, pause) = (left - 1, pause * 2);
                }
                Err(problem) => return Err(fail(problem)),
            }
        }
    }

    /// The first of `files` that the repository has.
    ///
    /// # Errors
    /// As [`Hub::fetch`]; when none exists, the error of the first.
    pub fn fetch_first(&self, repo: &str, files: &[&str], revision: Option<&str>) -> Result<Fetched> {
        let mut first = None;
        for file in files {
            match self.fetch(repo, file, revision) {
                Err(
                    e @ Error::Hub {
                        problem: HubProblem::NotFound { .. } | HubProblem::Offline { .. }, ..
                    },
                ) => first = first.or(Some(e)),
                other => return other,
            }
        }
        Err(first.unwrap_or_else(|| Error::Invalid(format!("no file of {repo} was asked for"))))
    }

    /// The file as the cache has it, without a request: at a commit, or at what a branch or tag last stood for.
    pub fn cached(&self, repo: &str, file: &str, revision: Option<&str>) -> Option<Fetched> {
        let cache = RepoCache::new(&self.options.cache, repo);
        let commit = cache.commit(revision.unwrap_or(MAIN))?;
        let path = cache.snapshot(&commit, file);
        path.exists().then_some(Fetched { path, commit })
    }

    fn network(&self) -> Attempt<&Network> {
        if let Some(network) = self.network.get() {
            return Ok(network);
        }
        let network = self.connect()?;
        Ok(self.network.get_or_init(|| network))
    }

    fn connect(&self) -> Attempt<Network> {
        let unusable = |e: &dyn std::fmt::Display| HubProblem::Unreachable { reason: e.to_string() };
        let client = || {
            let agent = concat!("mdfe/", env!("CARGO_PKG_VERSION"));
            let builder = Client::builder().user_agent(agent);
            builder.connect_timeout(self.options.timeout).read_timeout(self.options.timeout)
        };
        let get = client().build().map_err(|e| unusable(&e))?;
        let head = client().redirect(Policy::none()).build().map_err(|e| unusable(&e))?;
        let mut builder = hf_hub::HFClient::builder().client(get.clone()).cache_dir(&self.options.cache);
        if let Some(endpoint) = &self.options.endpoint {
            builder = builder.endpoint(endpoint);
        }
        if let Some(token) = &self.options.token {
            builder = builder.token(token);
        }
        // Retries are this file's, so that their number and their waits are the options'.
        let hub = builder.retry_max_attempts(0).build().map_err(|e| unusable(&e))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Network { runtime: runtime.map_err(|e| unusable(&e))?, hub, head, get })
    }

    async fn attempt(&self, network: &Network, repo: &str, file: &str, revision: &str) -> Attempt<Fetched> {
        let meta = self.meta(network, repo, file, revision).await?;
        let cache = RepoCache::new(&self.options.cache, repo);
        let blob = cache.blob(&meta.etag);
        if !blob.exists() {
            let _lock = cache.lock(&meta.etag, &self.options)?;
            // Another process may have fetched it while this one waited for the lock.
            if !blob.exists() {
                let url = format!(
                    "{}/{repo}/resolve/{}/{}",
                    network.hub.endpoint(),
                    meta.commit,
                    encode(file, true)
                );
                self.download(network, &url, file, (&meta, &blob)).await?;
            }
        }
        let (owner, name) = hf_hub::split_id(repo);
        let model = network.hub.model(owner, name);
        let link = model.download_file().filename(file).revision(revision).send();
        let linked = tokio::time::timeout(self.options.timeout, link).await;
        let linked = linked.map_err(|_| HubProblem::Silent { waited: self.options.timeout })?;
        let path = linked.map_err(|e| HubProblem::Unreachable { reason: e.to_string() })?;
        // A branch may have moved on between the two questions; what was linked counts.
        let commit = cache.commit(revision).unwrap_or(meta.commit);
        Ok(Fetched { path, commit })
    }

    async fn meta(&self, network: &Network, repo: &str, file: &str, revision: &str) -> Attempt<Meta> {
        let endpoint = network.hub.endpoint();
        let mut url = format!("{endpoint}/{repo}/resolve/{}/{}", encode(revision, false), encode(file, true));
        for _ in 0..REDIRECTS {
            let request = network.head.head(&url).headers(self.token());
            // Asked for as they are: a compressed length is not the file's.
            let response = request.header("accept-encoding", "identity").send().await;
            let response = response.map_err(|e| self.transport(&e))?;
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match location {
                Some(path) if path.starts_with('/') && !path.starts_with("//") => {
                    url = format!("{endpoint}{path}");
                }
                _ => return describe(&response, revision),
            }
        }
        Err(HubProblem::Unreachable { reason: "too many redirects".to_owned() })
    }

    /// Appends to what an earlier attempt left, checks the result and moves it into its place.
    async fn download(
        &self,
        network: &Network,
        url: &str,
        file: &str,
        (meta, blob): (&Meta, &Path),
    ) -> Attempt<()> {
        if let Some(parent) = blob.parent() {
            std::fs::create_dir_all(parent).map_err(at(parent))?;
        }
        let part = PathBuf::from(format!("{}.incomplete", blob.display()));
        let mut out = OpenOptions::new().create(true).append(true).open(&part).map_err(at(&part))?;
        let mut done = out.metadata().map_err(at(&part))?.len();
        if meta.size.is_none_or(|size| done > size) {
            (out, done) = restart(&part)?;
        }
        if meta.size != Some(done) || done == 0 {
            let mut request =
                network.get.get(url).headers(self.token()).header("accept-encoding", "identity");
            if done > 0 {
                request = request.header(RANGE, format!("bytes={done}-"));
            }
            let mut body = request.send().await.map_err(|e| self.transport(&e))?;
            if !body.status().is_success() {
                return Err(refusal(&body, &meta.commit));
            }
            if done > 0 && body.status() != StatusCode::PARTIAL_CONTENT {
                (out, done) = restart(&part)?;
            }
            self.report(file, done, meta.size);
            loop {
                let bytes = match body.chunk().await {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) => break,
                    Err(e) => return Err(self.cut(&e, done, meta.size)),
                };
                out.write_all(&bytes).map_err(at(&part))?;
                done += bytes.len() as u64;
                self.report(file, done, meta.size);
            }
        }
        out.sync_all().map_err(at(&part))?;
        match meta.size {
            Some(expected) if expected != done => return Err(HubProblem::Truncated { got: done, expected }),
            _ => verify(&part, &meta.etag)?,
        }
        std::fs::rename(&part, blob).map_err(at(blob))
    }

    fn report(&self, file: &str, done: u64, total: Option<u64>) {
        if let Some(progress) = &self.options.progress {
            progress(Progress { file: file.to_owned(), done, total });
        }
    }

    fn token(&self) -> HeaderMap {
        let value = self.options.token.as_ref().map(|token| format!("Bearer {token}"));
        value.and_then(|value| value.parse().ok()).map(|value| (AUTHORIZATION, value)).into_iter().collect()
    }

    fn transport(&self, e: &reqwest::Error) -> HubProblem {
        if e.is_timeout() {
            return HubProblem::Silent { waited: self.options.timeout };
        }
        let mut reason = e.to_string();
        let mut source = std::error::Error::source(e);
        while let Some(inner) = source {
            reason = format!("{reason}: {inner}");
            source = inner.source();
        }
        HubProblem::Unreachable { reason }
    }

    fn cut(&self, e: &reqwest::Error, got: u64, expected: Option<u64>) -> HubProblem {
        match expected {
            Some(expected) if !e.is_timeout() => HubProblem::Truncated { got, expected },
            _ => self.transport(e),
        }
    }
}

fn restart(part: &Path) -> Attempt<(File, u64)> {
    Ok((File::create(part).map_err(at(part))?, 0))
}

/// Commit, content and size from the headers of the hub's answer.
fn describe(response: &Response, revision: &str) -> Attempt<Meta> {
    if !response.status().is_success() && !response.status().is_redirection() {
        return Err(refusal(response, revision));
    }
    let text = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    let commit = text("x-repo-commit").ok_or(HubProblem::NotAHub { missing: "X-Repo-Commit" })?;
    let etag = text("x-linked-etag").or_else(|| text(ETAG.as_str()));
    let etag = etag.ok_or(HubProblem::NotAHub { missing: "ETag" })?;
    let etag = etag.strip_prefix("W/").unwrap_or(&etag).trim_matches('"').to_owned();
    // The tag becomes a file name.
    if etag.is_empty() || !etag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') || !is_commit(&commit)
    {
        return Err(HubProblem::NotAHub { missing: "usable ETag or X-Repo-Commit" });
    }
    let length = || (!response.status().is_redirection()).then(|| text(CONTENT_LENGTH.as_str()))?;
    let size = text("x-linked-size").or_else(length).and_then(|size| size.parse().ok());
    Ok(Meta { commit, etag, size })
}

fn refusal(response: &Response, revision: &str) -> HubProblem {
    let code = response.headers().get("x-error-code").and_then(|code| code.to_str().ok());
    let what = match code {
        Some("RepoNotFound") => "repository",
        Some("RevisionNotFound") => "revision",
        _ => "file",
    };
    match response.status().as_u16() {
        status @ (401 | 403) => HubProblem::Denied { status },
        404 => HubProblem::NotFound { what, revision: revision.to_owned() },
        status => HubProblem::Server { status },
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters, and `/` where the text is a path.
fn encode(text: &str, path: bool) -> String {
    let byte = |b: u8| match b {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
        b'/' if path => "/".to_owned(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
