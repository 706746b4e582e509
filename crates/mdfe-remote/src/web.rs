//! Plain web servers, and the data sets of the Hugging Face hub, which are files of a web server with a listing.

use crate::{
    Error, Location, Outcome, Result, Scheme,
    operator::{Settings, deepest},
    stores::Object,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Response,
    header::{ETAG, LAST_MODIFIED, LINK},
};
use serde::Deserialize;
use std::{future::Future, path::PathBuf};

const HUB: &str = "https://huggingface.co";
/// The branch that is meant when no revision is given.
const MAIN: &str = "main";
/// Everything but RFC 3986's unreserved characters is percent-encoded, in a path but for the `/` too.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// An entry of the hub's listing.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    oid: String,
}

/// Why an attempt failed.
struct Failure {
    reason: String,
    outcome: Outcome,
}

impl Failure {
    /// Whether another attempt may do better.
    fn may_pass(&self) -> bool {
        self.outcome == Outcome::Failed
    }
}

/// A web server, asked with patience.
#[derive(Clone)]
pub(crate) struct Web {
    settings: Settings,
    hub: String,
    /// For the hub alone; the client drops it where a redirect leads to another host.
    token: Option<String>,
    offline: bool,
}

impl Web {
    /// As the environment describes the hub, by the variables that Python's huggingface_hub reads.
    pub(crate) fn new(settings: &Settings) -> Self {
        let environment = &settings.environment;
        let variable = |name: &str| environment.get(name);
        let token = variable("HF_TOKEN").or_else(|| {
            let folder = variable("HF_HOME").map(PathBuf::from);
            let folder = folder.or_else(|| environment.home(".cache/huggingface"))?;
            let path = variable("HF_TOKEN_PATH").map_or_else(|| folder.join("token"), PathBuf::from);
            std::fs::read_to_string(path).ok()
        });
        let offline = variable("HF_HUB_OFFLINE")
            .is_some_and(|v| ["1", "true", "yes", "on"].contains(&v.to_lowercase().as_str()));
        Self {
            settings: settings.clone(),
            hub: variable("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned()).trim_end_matches('/').to_owned(),
            token: token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
            offline,
        }
    }

    /// The bytes of an object, at most `max` of them, handed to `sink` as they come. A new attempt begins with `None`.
    pub(crate) async fn read(
        &self,
        location: &Location,
        max: u64,
        mut sink: impl FnMut(Option<&[u8]>) -> Result<()>,
    ) -> Result<()> {
        let mut pause = self.settings.options.pause;
        let mut left = self.settings.options.retries;
        let url = self.url(location)?;
        loop {
            sink(None)?;
            let attempt = self.attempt(location, &url, max, &mut sink).await?;
            match attempt {
                Ok(()) => return Ok(()),
                Err(failure) if failure.may_pass() && left > 0 => {
                    tracing::debug!("{location}: {}; trying again", failure.reason);
                    tokio::time::sleep(pause).await;
                    (left, pause) = (left - 1, pause * 2);
                }
                Err(failure) => return Err(failed("fetch", location, failure)),
            }
        }
    }

    /// One attempt; the outer error is the sink's.
    async fn attempt(
        &self,
        location: &Location,
        url: &str,
        max: u64,
        sink: &mut impl FnMut(Option<&[u8]>) -> Result<()>,
    ) -> Result<std::result::Result<(), Failure>> {
        let mut response = match self.ask(location, url).await {
            Ok(response) => response,
            Err(failure) => return Ok(Err(failure)),
        };
        let expected = response.content_length();
        let mut done = 0;
        loop {
            let chunk = match self.within(response.chunk()).await {
                Ok(chunk) => chunk,
                Err(failure) => return Ok(Err(failure)),
            };
            let Some(chunk) = chunk else { break };
            done += chunk.len() as u64;
            if done > max {
                let reason = format!("it is larger than {max} bytes");
                return Ok(Err(Failure { reason, outcome: Outcome::Refused }));
            }
            sink(Some(&chunk))?;
        }
        Ok(match expected {
            Some(expected) if expected != done => {
                let reason = format!("the server closed after {done} of {expected} bytes");
                Err(Failure { reason, outcome: Outcome::Failed })
            }
            _ => Ok(()),
        })
    }

    /// A successful answer.
    async fn ask(&self, location: &Location, url: &str) -> std::result::Result<Response, Failure> {
        let mut request = self.settings.client.get(url);
        if location.scheme() == Scheme::HuggingFace
            && let Some(token) = &self.token
        {
            request = request.bearer_auth(token);
        }
        let response = self.within(request.send()).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(Failure {
            reason: match status.as_u16() {
                404 | 410 => "there is no such object".to_owned(),
                401 | 403 => format!("access is denied (status {status})"),
                _ => format!("the server answered {status}"),
            },
            outcome: match status.as_u16() {
                404 | 410 => Outcome::Missing,
                429 | 500.. => Outcome::Failed,
                _ => Outcome::Refused,
            },
        })
    }

    /// Where the bytes of an object are.
    fn url(&self, location: &Location) -> Result<String> {
        if location.scheme() != Scheme::HuggingFace {
            return Ok(location.to_string());
        }
        let (set, revision) = self.hub_set(location)?;
        Ok(format!(
            "{}/{set}/resolve/{}/{}",
            self.hub,
            utf8_percent_encode(revision, SEGMENT),
            utf8_percent_encode(location.path(), PATH)
        ))
    }

    /// `datasets/ORG/NAME` and the revision.
    fn hub_set<'l>(&self, location: &'l Location) -> Result<(&'l str, &'l str)> {
        if self.offline {
            let reason = "HF_HUB_OFFLINE is set; unset it, or name files of this machine".to_owned();
            return Err(Error::Setting { location: location.to_string(), reason });
        }
        Ok(location.authority().split_once('@').unwrap_or((location.authority(), MAIN)))
    }

    /// The files of a data set below a folder.
    pub(crate) async fn list(&self, folder: &Location) -> Result<Vec<Object>> {
        if folder.scheme() != Scheme::HuggingFace {
            let reason =
                "a web server has no listing; name the images, or a CSV with `path,label` that lies there"
                    .to_owned();
            return Err(Error::Setting { location: folder.to_string(), reason });
        }
        let (set, revision) = self.hub_set(folder)?;
        let path = folder.path().trim_end_matches('/');
        let mut next = Some(format!(
            "{}/api/{set}/tree/{}/{}?recursive=true",
            self.hub,
            utf8_percent_encode(revision, SEGMENT),
            utf8_percent_encode(path, PATH)
        ));
        let mut found = Vec::new();
        while let Some(url) = next {
            let (page, after) = self.page(folder, &url).await?;
            for entry in page.into_iter().filter(|entry| entry.kind == "file") {
                found.push(Object { location: folder.at(&entry.path), size: entry.size, version: entry.oid });
            }
            // The token goes to the hub alone, wherever the answer leads.
            next = after.filter(|url| url.starts_with(&self.hub));
        }
        Ok(found)
    }

    /// A page of a listing, and the address of the one after it.
    async fn page(&self, folder: &Location, url: &str) -> Result<(Vec<Entry>, Option<String>)> {
        let (mut pause, mut left) = (self.settings.options.pause, self.settings.options.retries);
        loop {
            let failure = match self.ask(folder, url).await {
                Ok(response) => {
                    let link = response.headers().get(LINK).and_then(|link| link.to_str().ok());
                    let after = link.and_then(next_page);
                    match self.within(response.bytes()).await {
                        Ok(bytes) => {
                            let page = serde_json::from_slice(&bytes).map_err(|e| Error::Store {
                                action: "list",
                                location: folder.to_string(),
                                reason: format!("the answer is no listing of the hub: {e}"),
                                outcome: Outcome::Refused,
                            })?;
                            return Ok((page, after));
                        }
                        Err(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            if !failure.may_pass() || left == 0 {
                return Err(failed("list", folder, failure));
            }
            tokio::time::sleep(pause).await;
            (left, pause) = (left - 1, pause * 2);
        }
    }

    /// Size and version of an object, by asking for it without its bytes.
    pub(crate) async fn stat(&self, location: &Location) -> Result<Object> {
        let response =
            self.ask(location, &self.url(location)?).await.map_err(|f| failed("fetch", location, f))?;
        let text = |name| {
            response.headers().get(name).and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok())
        };
        let version = text(ETAG).or(text(LAST_MODIFIED)).unwrap_or_default().to_owned();
        Ok(Object { location: location.clone(), size: response.content_length().unwrap_or(0), version })
    }

    /// What a server is asked for, if it answers in time.
    async fn within<T>(
        &self,
        asked: impl Future<Output = reqwest::Result<T>>,
    ) -> std::result::Result<T, Failure> {
        let passing = |reason: String| Failure { reason, outcome: Outcome::Failed };
        let limit = self.settings.options.timeout;
        match tokio::time::timeout(limit, asked).await {
            Err(_) => Err(passing(format!("the server was silent for {} s", limit.as_secs_f64()))),
            Ok(Err(error)) => Err(passing(self.settings.environment.redact(&deepest(&error)))),
            Ok(Ok(value)) => Ok(value),
        }
    }
}

fn failed(action: &'static str, location: &Location, failure: Failure) -> Error {
    Error::Store { action, location: location.to_string(), reason: failure.reason, outcome: failure.outcome }
}

/// The address behind `rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let part = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    Some(part.split_once('<')?.1.split_once('>')?.0.to_owned())
}
