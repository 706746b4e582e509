//! OpenDAL's operators, configured from the environment alone.

use crate::{
    Error, Location, Options, Result, Scheme,
    drive::{DriveCredential, credential},
    redact, transport,
};
use opendal::{
    ErrorKind, OperationContext, Operator,
    layers::{RetryEvent, RetryLayer, TimeoutLayer},
    services::{Azblob, Gcs, Gdrive, S3},
};
use reqwest::Client;

/// The longest pause between two attempts.
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_secs(30);

/// The operator of the bucket, container or Drive of `location`, with retries and time limits.
pub(crate) fn open(location: &Location, client: &Client, options: &Options) -> Result<Operator> {
    let setting = |reason: String| Error::Setting { location: location.to_string(), reason };
    let mut google = None;
    let operator = match location.scheme() {
        Scheme::S3 => Operator::new(s3(location).map_err(setting)?),
        Scheme::Gcs => Operator::new(gcs(location)),
        Scheme::Azure => Operator::new(azure(location).map_err(setting)?),
        Scheme::Drive => {
            google = variable("GDRIVE_ENDPOINT")
                .map(|text| {
                    text.parse().map_err(|_| setting("GDRIVE_ENDPOINT is no address of a server".to_owned()))
                })
                .transpose()?;
            Operator::new(drive().map_err(setting)?)
        }
        Scheme::HuggingFace | Scheme::Http | Scheme::Https | Scheme::File => {
            return Err(setting("it is no object store".to_owned()));
        }
    };
    let operator = operator.map_err(|e| setting(sentence(&e)))?;
    let context = OperationContext::new().with_http_transport(transport::transporter(client.clone(), google));
    let retry = RetryLayer::new()
        .with_max_times(options.retries)
        .with_min_delay(options.pause)
        .with_max_delay(LONGEST_PAUSE.max(options.pause))
        .with_jitter()
        .with_notify(note);
    let timeout = TimeoutLayer::new().with_timeout(options.timeout).with_io_timeout(options.timeout);
    Ok(operator.with_context(context).layer(timeout).layer(retry))
}

/// OpenDAL's own note shows the whole error, addresses with tokens among it.
fn note(event: RetryEvent<'_>) {
    tracing::debug!("attempt {} failed, trying again: {}", event.attempt, sentence(event.err));
}

fn s3(location: &Location) -> std::result::Result<S3, String> {
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let elsewhere =
        ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"].into_iter().find_map(variable);
    let region = match (region, &elsewhere) {
        (Some(region), _) => region,
        // Servers that are not Amazon's have no regions, or take this one.
        (None, Some(_)) => "us-east-1".to_owned(),
        (None, None) => return Err("set AWS_REGION to the bucket's region".to_owned()),
    };
    let mut builder = S3::default().bucket(location.authority()).region(&region);
    if let Some(endpoint) = elsewhere {
        builder = builder.endpoint(endpoint.trim_end_matches('/'));
    }
    Ok(if is_anonymous() { builder.skip_signature() } else { builder })
}

fn gcs(location: &Location) -> Gcs {
    let builder = Gcs::default().bucket(location.authority());
    match variable("STORAGE_EMULATOR_HOST") {
        // An emulator knows nobody.
        Some(host) => {
            let endpoint = if host.contains("://") { host } else { format!("http://{host}") };
            builder.endpoint(endpoint.trim_end_matches('/')).skip_signature()
        }
        None if is_anonymous() => builder.skip_signature(),
        None => builder,
    }
}

fn azure(location: &Location) -> std::result::Result<Azblob, String> {
    if let Some(connection) = variable("AZURE_STORAGE_CONNECTION_STRING") {
        let builder = Azblob::from_connection_string(&connection)
            .map_err(|_| "AZURE_STORAGE_CONNECTION_STRING is no connection string".to_owned())?;
        return Ok(builder.container(location.authority()));
    }
    let account = ["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"].into_iter().find_map(variable);
    let endpoint = match (variable("AZURE_STORAGE_ENDPOINT"), &account) {
        (Some(endpoint), _) => endpoint.trim_end_matches('/').to_owned(),
        (None, Some(account)) => format!("https://{account}.blob.core.windows.net"),
        (None, None) => return Err("set AZURE_STORAGE_ACCOUNT_NAME to the storage account".to_owned()),
    };
    let mut builder = Azblob::default().container(location.authority()).endpoint(&endpoint);
    if let Some(account) = account {
        builder = builder.account_name(&account);
    }
    if let Some(key) = ["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"].into_iter().find_map(variable) {
        builder = builder.account_key(&key);
    }
    Ok(if is_anonymous() { builder.skip_signature() } else { builder })
}

fn drive() -> std::result::Result<Gdrive, String> {
    Ok(match credential()? {
        DriveCredential::Access(token) => Gdrive::default().access_token(&token),
        DriveCredential::Refresh { token, client_id, client_secret } => {
            Gdrive::default().refresh_token(&token).client_id(&client_id).client_secret(&client_secret)
        }
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Whether the user wants to ask without credentials, which public buckets answer.
fn is_anonymous() -> bool {
    variable("MDFE_ANONYMOUS").is_some_and(|value| value == "1")
}

/// What OpenDAL says, as a sentence. Its own text would show the request's address and headers as well.
pub(crate) fn sentence(error: &opendal::Error) -> String {
    let said = error.message();
    let cause = std::error::Error::source(error).map(|cause| deepest(cause)).unwrap_or_default();
    let said = [said, &cause].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let said = redact(&said.replace('\n', " "));
    let short: String = said.chars().take(300).collect();
    match error.kind() {
        ErrorKind::NotFound => "there is no such object".to_owned(),
        ErrorKind::PermissionDenied => {
            format!("access is denied; check the credentials in the environment ({short})")
        }
        ErrorKind::RateLimited => format!("the store asks for fewer requests ({short})"),
        _ => short,
    }
}

/// The innermost cause: `connection refused` rather than `error sending request`.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}
