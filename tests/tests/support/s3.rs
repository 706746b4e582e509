//! The part of Amazon S3's protocol that mdfe uses, from memory, for the tests; a GET without a signature makes it a web server too, and
//! below `/api/datasets/` and `/datasets/` it answers as the Hugging Face hub does.
#![allow(clippy::unwrap_used, dead_code)]

use crate::http::{Reply, Request, Server};
use std::collections::BTreeMap;

/// The one key that is accepted.
pub(crate) const KEY_ID: &str = "AKIALOOPBACK7EXAMPLE";
/// What nobody may ever see.
pub(crate) const SECRET: &str = "s3cr3t/NeverToBeSeen+Anywhere0123456789";

/// Buckets in one map, by `bucket/key`.
#[derive(Default)]
pub(crate) struct Bucket {
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// Unfinished uploads: parts by number.
    pub(crate) uploads: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    started: usize,
    /// Objects in a page of a listing; 0 for all.
    pub(crate) page: usize,
}

impl Bucket {
    pub(crate) fn with(objects: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self { objects: objects.into_iter().collect(), ..Self::default() }
    }
}

pub(crate) fn start(bucket: Bucket) -> Server<Bucket> {
    Server::start(bucket, handle)
}

/// The variables that lead a process to the server.
pub(crate) fn variables(server: &Server<Bucket>) -> [(&'static str, String); 6] {
    [
        ("AWS_ENDPOINT_URL", server.endpoint.clone()),
        ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("HF_ENDPOINT", server.endpoint.clone()),
        ("MDFE_REMOTE_TIMEOUT", "2".to_owned()),
    ]
}

fn etag(bytes: &[u8]) -> String {
    let sum = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    format!("\"{sum:016x}\"")
}

fn missing() -> Reply {
    Reply::new(
        404,
        "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
    )
}

fn handle(bucket: &mut Bucket, request: &Request) -> Reply {
    let path = request.path.trim_start_matches('/');
    if let Some(rest) = path.strip_prefix("api/datasets/") {
        return tree(bucket, rest);
    }
    if let Some(rest) = path.strip_prefix("datasets/") {
        let key = format!("datasets/{}", rest.replacen("/resolve/main/", "/", 1));
        return object(bucket, &key, request);
    }
    // A public page needs no signature; everything else does.
    let signed = request.header("authorization").contains(KEY_ID);
    if !signed && !path.starts_with("public/") {
        return Reply::new(403, "<Error><Code>AccessDenied</Code><Message>not signed</Message></Error>");
    }
    match (request.method.as_str(), request.query("uploads"), request.query("uploadId")) {
        ("GET", ..) if request.query("list-type").is_some() => {
            list(bucket, path.trim_end_matches('/'), request)
        }
        ("GET" | "HEAD", ..) => object(bucket, path, request),
        ("POST", Some(_), _) => {
            bucket.started += 1;
            let id = format!("upload-{}", bucket.started);
            bucket.uploads.insert(id.clone(), BTreeMap::new());
            let xml = format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            );
            Reply::new(200, xml)
        }
        ("PUT", _, Some(id)) => {
            let number = request.query("partNumber").unwrap().parse().unwrap();
            let Some(parts) = bucket.uploads.get_mut(id) else { return missing() };
            parts.insert(number, request.body.clone());
            Reply::new(200, "").with("etag", etag(&request.body))
        }
        ("POST", _, Some(id)) => {
            let Some(parts) = bucket.uploads.remove(id) else { return missing() };
            let all = parts.into_values().flatten().collect::<Vec<u8>>();
            let tag = etag(&all);
            bucket.objects.insert(path.to_owned(), all);
            let xml =
                format!("<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>");
            Reply::new(200, xml)
        }
        ("DELETE", _, Some(id)) => {
            bucket.uploads.remove(id);
            Reply::new(204, "")
        }
        ("PUT", ..) => {
            bucket.objects.insert(path.to_owned(), request.body.clone());
            Reply::new(200, "").with("etag", etag(&request.body))
        }
        _ => Reply::new(405, "<Error><Code>MethodNotAllowed</Code></Error>"),
    }
}

fn object(bucket: &Bucket, key: &str, request: &Request) -> Reply {
    let Some(bytes) = bucket.objects.get(key) else { return missing() };
    let range = request.header("range").strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let total = bytes.len();
    let stamp =
        |reply: Reply| reply.with("etag", etag(bytes)).with("last-modified", "Tue, 24 Nov 2026 12:00:00 GMT");
    match range {
        Some((from, to)) => {
            let from: usize = from.parse().unwrap_or(0);
            let to = to.parse().unwrap_or(usize::MAX).min(total.saturating_sub(1));
            if from >= total {
                return Reply::new(416, "<Error><Code>InvalidRange</Code></Error>");
            }
            let reply = Reply::new(206, &bytes[from..=to]);
            stamp(reply.with("content-range", format!("bytes {from}-{to}/{total}")))
        }
        None => stamp(Reply::new(200, bytes.clone()).with("content-length", total.to_string())),
    }
}

fn list(bucket: &Bucket, name: &str, request: &Request) -> Reply {
    let prefix = format!("{name}/{}", request.query("prefix").unwrap_or_default());
    let after = request.query("continuation-token").unwrap_or_default();
    let found = bucket.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && key.as_str() > after);
    let limit = if bucket.page == 0 { usize::MAX } else { bucket.page };
    let keys: Vec<_> = found.collect();
    let more = keys.len() > limit;
    let mut xml = format!("<ListBucketResult><Name>{name}</Name><IsTruncated>{more}</IsTruncated>");
    for (key, bytes) in keys.iter().take(limit) {
        let inside = key.strip_prefix(&format!("{name}/")).unwrap().replace('&', "&amp;");
        xml += &format!(
            "<Contents><Key>{inside}</Key><LastModified>2026-11-24T12:00:00.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
            etag(bytes),
            bytes.len()
        );
    }
    if more {
        xml += &format!("<NextContinuationToken>{}</NextContinuationToken>", keys[limit - 1].0);
    }
    Reply::new(200, xml + "</ListBucketResult>")
}

/// The hub's listing, `ORG/NAME/tree/main/PATH`.
fn tree(bucket: &Bucket, rest: &str) -> Reply {
    let Some((set, path)) = rest.split_once("/tree/main/") else { return missing() };
    let prefix = format!("datasets/{set}/");
    let entries = bucket.objects.iter().filter_map(|(key, bytes)| {
        let inside = key.strip_prefix(&prefix).filter(|inside| inside.starts_with(path))?;
        let tag = etag(bytes).replace('"', "");
        let size = bytes.len();
        Some(format!(r#"{{"type":"file","path":"{inside}","size":{size},"oid":"{tag}"}}"#))
    });
    Reply::new(200, format!("[{}]", entries.collect::<Vec<_>>().join(",")))
}
