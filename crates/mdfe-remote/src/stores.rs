//! Every store behind one set of questions: what is there, give me this, take that.

use crate::{
    Environment, Error, Location, Options, Outcome, Result, Scheme,
    operator::{Settings, sentence},
    transport,
    web::Web,
};
use futures::TryStreamExt;
use mdfe_data::{
    files::{WriteOptions, write_with},
    identity::Fingerprint,
};
use opendal::{ErrorKind, Metadata, Operator};
use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};
use tokio::runtime::{Builder, Runtime};

/// Bytes of a part of a large upload; each is sent and tried again by itself.
const PART: usize = 8 << 20;
/// Parts that are sent at the same time.
const PARTS: usize = 2;
/// Threads of the network, which wait most of the time.
const THREADS: usize = 2;

/// An object of a store, as its listing has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where it is.
    pub location: Location,
    /// Bytes; 0 where the store does not say.
    pub size: u64,
    /// Its etag, or when it was written: another one after a change. Empty where the store does not say.
    pub version: String,
}

/// The stores that the environment gives access to. Nothing is opened before the first question; every method blocks the calling
/// thread and must not be called from an async runtime.
pub struct Stores {
    pub(crate) runtime: Runtime,
    pub(crate) settings: Settings,
    web: Web,
    /// One for each bucket or container, so that connections and tokens are used again.
    operators: Mutex<HashMap<(Scheme, String), Operator>>,
}

impl Stores {
    /// Stores with these options, as `environment` describes them.
    ///
    /// # Errors
    /// [`Error::Setting`] when the system has no certificates or no threads to spare.
    pub fn new(options: Options, environment: Environment) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("mdfe-remote")
            .enable_all()
            .build()
            .map_err(|e| Error::Setting { location: "the network".to_owned(), reason: e.to_string() })?;
        let client = transport::client(&options)?;
        let settings = Settings { client, options, environment };
        Ok(Self { runtime, web: Web::new(&settings), settings, operators: Mutex::default() })
    }

    /// Stores as the environment of this process describes them.
    ///
    /// # Errors
    /// Those of [`Options::of`] and [`Stores::new`].
    pub fn of_process() -> Result<Self> {
        let environment = Environment::of_process();
        Self::new(Options::of(&environment)?, environment)
    }

    /// Every object below a folder, in the order of their paths.
    ///
    /// # Errors
    /// [`Error::Setting`] for a missing credential and for web servers, which have no listing; [`Error::Store`] for what the store says.
    pub fn list(&self, folder: &Location) -> Result<Vec<Object>> {
        let folder = folder.folder();
        let mut found = if is_web(&folder) {
            self.runtime.block_on(self.web.list(&folder))?
        } else {
            let operator = self.operator(&folder)?;
            let entries =
                self.runtime.block_on(async { operator.list_with(folder.path()).recursive(true).await });
            let entries = entries.map_err(|e| self.failed("list", &folder, &e))?;
            let files = entries.iter().filter(|entry| entry.metadata().is_file());
            files.map(|entry| object(&folder.at(entry.path()), entry.metadata())).collect()
        };
        found.sort_by(|a, b| a.location.path().cmp(b.location.path()));
        Ok(found)
    }

    /// One object.
    ///
    /// # Errors
    /// [`Error::Store`], with [`Outcome::Missing`] where there is none, [`Error::Setting`] for a missing credential.
    pub fn stat(&self, location: &Location) -> Result<Object> {
        if is_web(location) {
            return self.runtime.block_on(self.web.stat(location));
        }
        let operator = self.operator(location)?;
        let metadata = self.runtime.block_on(operator.stat(location.path()));
        Ok(object(location, &metadata.map_err(|e| self.failed("look for", location, &e))?))
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// [`Error::Store`] also for an object of more than [`Options::max_object`] bytes, [`Error::Setting`] for a missing credential.
    pub fn read(&self, location: &Location) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        let sink = |chunk: Option<&[u8]>| {
            match chunk {
                None => all.clear(),
                Some(bytes) => all.extend_from_slice(bytes),
            }
            Ok(())
        };
        self.runtime.block_on(self.read_each(location, sink))?;
        Ok(all)
    }

    /// Fetches an object into a file; returns its size.
    pub(crate) async fn fetch(&self, location: &Location, path: &Path) -> Result<u64> {
        let mut file = File::create(path).map_err(Error::io("create", path))?;
        let mut size = 0;
        self.read_each(location, |chunk| {
            let wrote = match chunk {
                None => {
                    size = 0;
                    file.rewind().and_then(|()| file.set_len(0))
                }
                Some(bytes) => {
                    size += bytes.len() as u64;
                    file.write_all(bytes)
                }
            };
            wrote.map_err(Error::io("write", path))
        })
        .await?;
        Ok(size)
    }

    /// Hands the bytes of an object to `sink` as they come; `None` says that they begin.
    async fn read_each(
        &self,
        location: &Location,
        mut sink: impl FnMut(Option<&[u8]>) -> Result<()>,
    ) -> Result<()> {
        let max = self.settings.options.max_object;
        if is_web(location) {
            return self.web.read(location, max, sink).await;
        }
        let operator = self.operator(location)?;
        let fault = |e: opendal::Error| self.failed("fetch", location, &e);
        let reader = operator.reader(location.path()).await.map_err(fault)?;
        let mut stream = reader.into_bytes_stream(..).await.map_err(fault)?;
        let (mut done, mut cut) = (0, None);
        sink(None)?;
        loop {
            let chunk = match stream.try_next().await {
                Ok(chunk) => chunk,
                Err(e) => {
                    cut = Some(e);
                    break;
                }
            };
            let Some(bytes) = chunk else { break };
            done += bytes.len() as u64;
            if done > max {
                let reason = format!("it is larger than {max} bytes");
                return Err(Error::Store {
                    action: "fetch",
                    location: location.to_string(),
                    reason,
                    outcome: Outcome::Refused,
                });
            }
            sink(Some(&bytes))?;
        }
        match cut {
            None => Ok(()),
            Some(error) => {
                Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<opendal::Error>()) {
                    Some(inner) => self.failed("fetch", location, inner),
                    None => Error::Store {
                        action: "fetch",
                        location: location.to_string(),
                        reason: self.settings.environment.redact(&error.to_string()),
                        outcome: Outcome::Failed,
                    },
                })
            }
        }
    }

    /// Whether files can be sent to `location`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a store that takes none, and for a missing setting.
    pub(crate) fn expect_writable(&self, location: &Location) -> Result<()> {
        if is_web(location) {
            let reason = "uploads go to s3://, gs://, az://, gdrive:// or file:// addresses".to_owned();
            return Err(Error::Setting { location: location.to_string(), reason });
        }
        if location.local().is_none() {
            self.operator(location)?;
        }
        Ok(())
    }

    /// Sends a file of this machine; returns what was sent.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, [`Error::Store`] when the store does not take it.
    pub(crate) fn send(&self, path: &Path, to: &Location) -> Result<()> {
        // One handle: a file that is replaced or removed meanwhile is sent as it was.
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        if let Some(target) = to.local() {
            write_with(&target, &WriteOptions::default(), |out| std::io::copy(&mut file, &mut &mut *out))?;
            return Ok(());
        }
        let operator = self.operator(to)?;
        self.runtime.block_on(async {
            let fault = |e: opendal::Error| self.failed("upload", to, &e);
            if !operator.info().capability().write_can_multi {
                let mut all = Vec::new();
                file.read_to_end(&mut all).map_err(Error::io("read", path))?;
                operator.write(to.path(), all).await.map_err(fault)?;
                return Ok(());
            }
            let mut writer =
                operator.writer_with(to.path()).chunk(PART).concurrent(PARTS).await.map_err(fault)?;
            loop {
                let mut part = Vec::with_capacity(PART);
                (&mut file).take(PART as u64).read_to_end(&mut part).map_err(Error::io("read", path))?;
                if part.is_empty() {
                    break;
                }
                if let Err(e) = writer.write(part).await {
                    // What has been sent of it costs room at the store; that it cannot be taken back either changes nothing here.
                    let _ = writer.abort().await;
                    return Err(fault(e));
                }
            }
            writer.close().await.map_err(fault)?;
            Ok(())
        })
    }

    /// The size of what lies at a place; `None` where there is nothing.
    pub(crate) fn size(&self, location: &Location) -> Result<Option<u64>> {
        if let Some(path) = location.local() {
            return Ok(path.metadata().ok().map(|metadata| metadata.len()));
        }
        match self.stat(location) {
            Ok(object) => Ok(Some(object.size)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What OpenDAL says, as an error of this crate.
    fn failed(&self, action: &'static str, location: &Location, error: &opendal::Error) -> Error {
        let outcome = match error.kind() {
            ErrorKind::NotFound => Outcome::Missing,
            ErrorKind::PermissionDenied | ErrorKind::ConfigInvalid | ErrorKind::Unsupported => {
                Outcome::Refused
            }
            _ => Outcome::Failed,
        };
        let reason = sentence(error, &self.settings.environment);
        Error::Store { action, location: location.to_string(), reason, outcome }
    }

    fn operator(&self, location: &Location) -> Result<Operator> {
        let key = (location.scheme(), location.authority().to_owned());
        let mut operators = self.operators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(operator) = operators.get(&key) {
            return Ok(operator.clone());
        }
        // The runtime is entered because some of what is built looks for it.
        let _entered = self.runtime.enter();
        let operator = self.settings.open(location)?;
        operators.insert(key, operator.clone());
        Ok(operator)
    }
}

/// The content of a file, as the ledger of uploads keeps it.
pub(crate) fn fingerprint(path: &Path) -> Result<Fingerprint> {
    Ok(Fingerprint::of_file(path)?)
}

fn is_web(location: &Location) -> bool {
    matches!(location.scheme(), Scheme::Http | Scheme::Https | Scheme::HuggingFace)
}

fn object(location: &Location, metadata: &Metadata) -> Object {
    let written = || metadata.last_modified().map(|time| time.to_string());
    let version = metadata.etag().map(str::to_owned).or_else(written).unwrap_or_default();
    Object { location: location.clone(), size: metadata.content_length(), version }
}
