//! Addresses of objects and folders in stores, as the user types them.

use crate::{
    Error, Result,
    secrets::{is_secret_key, without_secrets},
};
use std::{fmt, path::PathBuf};

/// What kind of store an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// `s3://BUCKET/KEY`, Amazon S3 and what speaks its protocol.
    S3,
    /// `gs://BUCKET/KEY`, Google Cloud Storage.
    Gcs,
    /// `az://CONTAINER/KEY`, Azure Blob Storage.
    Azure,
    /// `gdrive://FOLDER/NAME`, Google Drive.
    Drive,
    /// `hf://datasets/ORG/NAME[@REVISION]/PATH`, data sets of the Hugging Face hub.
    HuggingFace,
    /// `http://HOST/PATH`.
    Http,
    /// `https://HOST/PATH`.
    Https,
    /// `file:///PATH`, this machine.
    File,
}

impl Scheme {
    const ALL: [(&str, Self); 8] = [
        ("s3", Self::S3),
        ("gs", Self::Gcs),
        ("az", Self::Azure),
        ("gdrive", Self::Drive),
        ("hf", Self::HuggingFace),
        ("http", Self::Http),
        ("https", Self::Https),
        ("file", Self::File),
    ];

    /// As it stands before `://`.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, scheme)| *scheme == self).map_or("", |(name, _)| name)
    }
}

/// An object or a folder in a store, without any credential: a text that carries one is no [`Location`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    scheme: Scheme,
    /// Bucket, container, host or `datasets/ORG/NAME[@REVISION]`; empty for Drive and this machine.
    authority: String,
    /// Without a slash in front; of a folder with one at the end, or empty.
    path: String,
}

/// Whether a text is an address of a store, of a kind that is known or not.
pub fn is_url(text: &str) -> bool {
    let scheme =
        |scheme: &str| scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+');
    text.split_once("://").is_some_and(|(name, _)| scheme(name))
}

impl Location {
    /// Reads an address.
    ///
    /// # Errors
    /// [`Error::Address`] for another kind of store, a missing part, or a user name, password or signature in it, which the message
    /// does not repeat.
    pub fn parse(text: &str) -> Result<Self> {
        let shown = without_secrets(text, []);
        let bad = |reason: &str| Error::Address { shown: shown.clone(), reason: reason.to_owned() };
        let (name, rest) = text.split_once("://").ok_or_else(|| bad("it has no `://`"))?;
        let scheme = Scheme::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((_, scheme)) = scheme else {
            let known: Vec<String> = Scheme::ALL.iter().map(|(name, _)| format!("{name}://")).collect();
            return Err(bad(&format!("mdfe knows {}", known.join(", "))));
        };
        if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            return Err(bad(
                "it carries a user name or password, which would end up in lists and logs; leave it out, credentials come from the \
                 environment or the provider's own file",
            ));
        }
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        if query.split('&').any(|pair| is_secret_key(pair.split('=').next().unwrap_or_default())) {
            return Err(bad(
                "its query carries a token, key or signature, which would end up in lists and logs; leave it out, credentials come from \
                 the environment or the provider's own file",
            ));
        }
        let (authority, path) = match scheme {
            Scheme::Drive => ("", rest),
            Scheme::File => match rest.strip_prefix('/') {
                Some(path) => ("", path),
                None => return Err(bad("a path of this machine is absolute, `file:///folder`")),
            },
            Scheme::HuggingFace => {
                let slash = rest.match_indices('/').nth(2).map_or(rest.len(), |(at, _)| at);
                (&rest[..slash], rest[slash..].trim_start_matches('/'))
            }
            _ => rest.split_once('/').unwrap_or((rest, "")),
        };
        match scheme {
            Scheme::S3 | Scheme::Gcs if authority.is_empty() => return Err(bad("it names no bucket")),
            Scheme::Azure if authority.is_empty() => return Err(bad("it names no container")),
            Scheme::Http | Scheme::Https if authority.is_empty() => return Err(bad("it names no host")),
            Scheme::HuggingFace => {
                let parts: Vec<&str> = authority.split('/').collect();
                if parts.len() != 3 || parts[0] != "datasets" || parts.iter().any(|part| part.is_empty()) {
                    return Err(bad(
                        "a data set of the hub is `hf://datasets/ORG/NAME/PATH`, with `@REVISION` after the name or without",
                    ));
                }
            }
            _ => {}
        }
        if path.split('/').any(|part| part == "..") && !matches!(scheme, Scheme::Http | Scheme::Https) {
            return Err(bad("`..` leads nowhere in a store"));
        }
        Ok(Self { scheme: *scheme, authority: authority.to_owned(), path: path.to_owned() })
    }

    /// The kind of store.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The path inside of bucket, container, host or data set, without a slash in front.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Bucket, container, host or data set; empty for Drive and this machine.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The file of this machine that a `file://` address stands for.
    pub fn local(&self) -> Option<PathBuf> {
        (self.scheme == Scheme::File).then(|| PathBuf::from(format!("/{}", self.path)))
    }

    /// What stands behind the last slash of the path.
    pub fn name(&self) -> &str {
        self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// What stands behind the last point of the name, in small letters.
    pub fn extension(&self) -> Option<String> {
        let name = self.name().split('?').next().unwrap_or_default();
        name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, end)| end.to_lowercase())
    }

    /// The same as a folder: its path ends with a slash.
    pub fn folder(&self) -> Self {
        let path = match self.path.trim_end_matches('/') {
            "" => String::new(),
            path => format!("{path}/"),
        };
        Self { path, ..self.clone() }
    }

    /// The folder that this lies in.
    pub fn parent(&self) -> Self {
        let path = self.path.trim_end_matches('/');
        let end = path.rfind('/').map_or(0, |at| at + 1);
        Self { path: path[..end].to_owned(), ..self.clone() }
    }

    /// What lies at `path` inside this folder; an address stands for itself.
    ///
    /// # Errors
    /// Those of [`Location::parse`].
    pub fn join(&self, path: &str) -> Result<Self> {
        if is_url(path) {
            return Self::parse(path);
        }
        Self::parse(&format!("{}{}", self.folder(), path.trim_start_matches("./").trim_start_matches('/')))
    }

    /// An object of the same store by its whole path.
    pub(crate) fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, authority, path } = self;
        match scheme {
            Scheme::Drive => write!(f, "{}://{path}", scheme.name()),
            _ => write!(f, "{}://{authority}/{path}", scheme.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_alike() {
        for (text, authority, path) in [
            ("s3://bucket/a/b.jpg", "bucket", "a/b.jpg"),
            ("s3://bucket/", "bucket", ""),
            ("gs://b/x/", "b", "x/"),
            ("az://container/x y?.jpg", "container", "x y?.jpg"),
            ("gdrive://embedders/2024", "", "embedders/2024"),
            ("hf://datasets/org/name@v1/data/a.png", "datasets/org/name@v1", "data/a.png"),
            ("https://host:8080/a.jpg?size=2", "host:8080", "a.jpg?size=2"),
            ("file:///mnt/x", "", "mnt/x"),
        ] {
            let location = Location::parse(text).unwrap();
            assert_eq!((location.authority(), location.path()), (authority, path), "{text}");
            assert_eq!(location.to_string(), text);
        }
        assert_eq!(Location::parse("s3://bucket").unwrap().to_string(), "s3://bucket/");
        assert!(
            is_url("s3://x")
                && is_url("ftp://x")
                && !is_url("a/b.jpg")
                && !is_url("C:/x")
                && !is_url("c://x")
        );
    }

    #[test]
    fn a_credential_in_an_address_is_refused_and_not_repeated() {
        for text in [
            "s3://AKIA:hunter2hunter2@bucket/x",
            "https://user@host/x",
            "https://host/x?X-Amz-Signature=hunter2hunter2",
            "az://c/x?sv=2020&sig=hunter2hunter2",
            "gdrive://f?access_token=hunter2hunter2",
        ] {
            let message = Location::parse(text).unwrap_err().to_string();
            assert!(!message.contains("hunter2") && !message.contains("AKIA"), "{message}");
            assert!(message.contains("credentials come from"), "{message}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, reason) in [
            ("ftp://host/x", "mdfe knows s3://, gs://"),
            ("s3://", "no bucket"),
            ("hf://models/org/name/x", "hf://datasets/ORG/NAME/PATH"),
            ("hf://datasets/org", "hf://datasets/ORG/NAME/PATH"),
            ("file://host/x", "absolute"),
            ("s3://b/../x", "`..`"),
        ] {
            let message = Location::parse(text).unwrap_err().to_string();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }

    #[test]
    fn lists_name_their_images_relative_to_themselves() {
        let list = Location::parse("s3://bucket/sets/a/list.csv").unwrap();
        let folder = list.parent();
        assert_eq!(folder.join("./img/1.jpg").unwrap().to_string(), "s3://bucket/sets/a/img/1.jpg");
        assert_eq!(folder.join("https://host/2.jpg").unwrap().to_string(), "https://host/2.jpg");
        assert_eq!((list.name(), list.extension().as_deref()), ("list.csv", Some("csv")));
        assert_eq!(Location::parse("s3://b/x").unwrap().folder().to_string(), "s3://b/x/");
        assert_eq!(Location::parse("https://h/a.JPG?x=1").unwrap().extension().as_deref(), Some("jpg"));
    }
}
