//! Files of the Hugging Face hub, through the cache that Python's huggingface_hub uses.
//!
//! This is the only file of the crate that opens connections. hf-hub names the places in the cache and writes the references; the bytes
//! of a file are fetched here, because hf-hub waits without limit for a silent server and does not look at the hash of
//! what arrived. Everything blocks the calling thread and needs no runtime; inside of one it belongs where blocking calls do.

mod cache;
mod options;
mod problem;

pub use options::{HubOptions, Progress};
pub use problem::HubProblem;

use crate::{Error, Result};
use cache::{RepoCache, at, is_commit, verify};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
};
use ureq::{
    Agent, Body,
    http::{
        HeaderValue, Method, Request, Response, StatusCode, Uri,
        header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, ETAG, LOCATION, RANGE},
    },
    tls::{RootCerts, TlsConfig},
};

/// The hub that is meant when no endpoint is given.
const ENDPOINT: &str = "https://huggingface.co";
/// The branch that is meant when no revision is given.
const MAIN: &str = "main";
/// How many redirects are followed: a repository that was renamed has one, a large file another.
const REDIRECTS: usize = 5;
/// Bytes read from a connection at a time.
const BUFFER: usize = 1 << 16;
/// Everything but RFC 3986's unreserved characters is percent-encoded, in a path but for the `/` too.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

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
    agent: Agent,
}

/// One file of one repository.
struct Wanted<'a> {
    repo: &'a str,
    file: &'a str,
    revision: &'a str,
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
        let limit = Some(options.timeout);
        let config = Agent::config_builder()
            .user_agent(concat!("mdfe/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(limit)
            .timeout_connect(limit)
            .timeout_per_read(limit)
            .timeout_per_write(limit)
            // Statuses and redirects are read here: they have headers that matter, and the token must not follow everywhere.
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build());
        Self { options, agent: config.build().into() }
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
        let wanted = Wanted { repo, file, revision };
        let mut pause = self.options.pause;
        let mut left = self.options.retries;
        loop {
            match self.attempt(&wanted) {
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
        let cache = RepoCache::new(&self.options.cache, repo, revision.unwrap_or(MAIN));
        let commit = cache.commit()?;
        let path = cache.snapshot(&commit, file);
        path.exists().then_some(Fetched { path, commit })
    }

    fn attempt(&self, wanted: &Wanted<'_>) -> Attempt<Fetched> {
        let meta = self.meta(wanted)?;
        let cache = RepoCache::new(&self.options.cache, wanted.repo, wanted.revision);
        let blob = cache.blob(&meta.etag);
        if !blob.exists() {
            let _lock = cache.lock(&meta.etag, &self.options)?;
            // Another process may have fetched it while this one waited for the lock.
            if !blob.exists() {
                self.download(wanted, &meta, &blob)?;
            }
        }
        let path = cache.link(&meta.commit, wanted.file, &blob)?;
        Ok(Fetched { path, commit: meta.commit })
    }

    fn meta(&self, wanted: &Wanted<'_>) -> Attempt<Meta> {
        let url = self.url(wanted, &utf8_percent_encode(wanted.revision, SEGMENT).to_string());
        describe(&self.ask(&Method::HEAD, &url, 0)?, wanted.revision)
    }

    fn url(&self, wanted: &Wanted<'_>, revision: &str) -> String {
        let file = utf8_percent_encode(wanted.file, PATH);
        format!("{}/{}/resolve/{revision}/{file}", self.endpoint(), wanted.repo)
    }

    fn endpoint(&self) -> &str {
        self.options.endpoint.as_deref().unwrap_or(ENDPOINT).trim_end_matches('/')
    }

    /// The answer for `url`, from byte `from` on, after redirects. The token goes to the endpoint alone. A HEAD that is sent
    /// to another host stays here: it is the hub's own answer that names commit and content.
    fn ask(&self, method: &Method, url: &str, from: u64) -> Attempt<Response<Body>> {
        let unusable = |e: &dyn std::fmt::Display| HubProblem::Unreachable { reason: e.to_string() };
        let endpoint: Uri = self.endpoint().parse().map_err(|e| unusable(&e))?;
        let is_hub = |uri: &Uri| (uri.scheme(), uri.authority()) == (endpoint.scheme(), endpoint.authority());
        let mut uri: Uri = url.parse().map_err(|e| unusable(&e))?;
        for _ in 0..=REDIRECTS {
            // Asked for as they are: a compressed length is not the file's.
            let mut request = Request::builder().method(method).header(ACCEPT_ENCODING, "identity");
            if let Some(token) = self.options.token.as_ref().filter(|_| is_hub(&uri)) {
                let value = HeaderValue::try_from(format!("Bearer {token}"));
                request = request.header(AUTHORIZATION, value.map_err(|_| HubProblem::Token)?);
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let request = request.uri(uri.clone()).body(()).map_err(|e| unusable(&e))?;
            let response = self.agent.run(request).map_err(|e| self.transport(&e))?;
            match next(&uri, &response) {
                Some(next) if method != Method::HEAD || is_hub(&next) => uri = next,
                _ => return Ok(response),
            }
        }
        Err(HubProblem::Unreachable { reason: "too many redirects".to_owned() })
    }

    /// Appends to what an earlier attempt left, checks the result and moves it into its place.
    fn download(&self, wanted: &Wanted<'_>, meta: &Meta, blob: &Path) -> Attempt<()> {
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
            let response = self.ask(&Method::GET, &self.url(wanted, &meta.commit), done)?;
            if !response.status().is_success() {
                return Err(refusal(&response, &meta.commit));
            }
            if done > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
                (out, done) = restart(&part)?;
            }
            self.report(wanted.file, done, meta.size);
            let mut body = response.into_body().into_reader();
            let mut buffer = vec![0; BUFFER];
            loop {
                let read = body.read(&mut buffer).map_err(|e| self.cut(e, done, meta.size))?;
                if read == 0 {
                    break;
                }
                out.write_all(&buffer[..read]).map_err(at(&part))?;
                done += read as u64;
                self.report(wanted.file, done, meta.size);
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

    fn transport(&self, e: &ureq::Error) -> HubProblem {
        match e {
            ureq::Error::Timeout(_) => HubProblem::Silent { waited: self.options.timeout },
            _ => HubProblem::Unreachable { reason: e.to_string() },
        }
    }

    fn cut(&self, e: std::io::Error, got: u64, expected: Option<u64>) -> HubProblem {
        match (ureq::Error::from(e), expected) {
            (e @ ureq::Error::Timeout(_), _) | (e, None) => self.transport(&e),
            (_, Some(expected)) => HubProblem::Truncated { got, expected },
        }
    }
}

/// Where a redirect leads; `None` for every other answer, and for an address that cannot be read.
fn next(from: &Uri, response: &Response<Body>) -> Option<Uri> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    if !location.starts_with('/') {
        return location.parse().ok();
    }
    let scheme = from.scheme_str()?;
    match location.strip_prefix("//") {
        Some(rest) => format!("{scheme}://{rest}").parse().ok(),
        None => format!("{scheme}://{}{location}", from.authority()?).parse().ok(),
    }
}

fn restart(part: &Path) -> Attempt<(File, u64)> {
    Ok((File::create(part).map_err(at(part))?, 0))
}

/// Commit, content and size from the headers of the hub's answer.
fn describe(response: &Response<Body>, revision: &str) -> Attempt<Meta> {
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

fn refusal(response: &Response<Body>, revision: &str) -> HubProblem {
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

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
