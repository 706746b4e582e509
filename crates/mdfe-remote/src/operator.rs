//! OpenDAL's operators, configured from the environment alone.

use crate::{
    Environment, Error, Location, Options, Result, Scheme,
    drive::{DriveCredential, credential},
    transport,
};
use opendal::{
    ErrorKind, OperationContext, Operator,
    layers::{RetryEvent, RetryLayer, TimeoutLayer},
    services::{Azblob, Gcs, Gdrive, S3},
};
use reqwest::Client;

/// The longest pause between two attempts.
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_secs(30);

/// What operators are made with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) client: Client,
    pub(crate) options: Options,
    pub(crate) environment: Environment,
}

impl Settings {
    /// The operator of the bucket, container or Drive of `location`, with retries and time limits.
    pub(crate) fn open(&self, location: &Location) -> Result<Operator> {
        let (options, environment) = (&self.options, self.environment.clone());
        let setting = |reason: String| Error::Setting { location: location.to_string(), reason };
        let mut google = None;
        let operator = match location.scheme() {
            Scheme::S3 => Operator::new(self.s3(location).map_err(setting)?),
            Scheme::Gcs => Operator::new(self.gcs(location)),
            Scheme::Azure => Operator::new(self.azure(location).map_err(setting)?),
            Scheme::Drive => {
                let bad = || setting("GDRIVE_ENDPOINT is no address of a server".to_owned());
                let endpoint = environment.get("GDRIVE_ENDPOINT");
                google = endpoint.map(|text| text.parse().map_err(|_| bad())).transpose()?;
                Operator::new(self.drive().map_err(setting)?)
            }
            Scheme::HuggingFace | Scheme::Http | Scheme::Https | Scheme::File => {
                return Err(setting("it is no object store".to_owned()));
            }
        };
        let operator = operator.map_err(|e| setting(sentence(&e, &environment)))?;
        let transporter = transport::transporter(self.client.clone(), google);
        let retry = RetryLayer::new()
            .with_max_times(options.retries)
            .with_min_delay(options.pause)
            .with_max_delay(LONGEST_PAUSE.max(options.pause))
            .with_jitter()
            // OpenDAL's own note shows the whole error, addresses with tokens among it.
            .with_notify(move |event: RetryEvent<'_>| {
                let reason = sentence(event.err, &environment);
                tracing::debug!("attempt {} failed, trying again: {reason}", event.attempt);
            });
        let timeout = TimeoutLayer::new().with_timeout(options.timeout).with_io_timeout(options.timeout);
        let context = OperationContext::new().with_http_transport(transporter);
        Ok(operator.with_context(context).layer(timeout).layer(retry))
    }

    fn s3(&self, location: &Location) -> std::result::Result<S3, String> {
        let get = |name: &str| self.environment.get(name);
        let region = self.environment.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let elsewhere = self.environment.first(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]);
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
        // Without these, the files in ~/.aws, the roles of machines and the like are asked in their usual order.
        if let (Some(id), Some(secret)) = (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
            builder = builder.access_key_id(&id).secret_access_key(&secret);
            if let Some(token) = get("AWS_SESSION_TOKEN") {
                builder = builder.session_token(&token);
            }
        }
        Ok(if self.is_anonymous() { builder.skip_signature() } else { builder })
    }

    fn gcs(&self, location: &Location) -> Gcs {
        let builder = Gcs::default().bucket(location.authority());
        if let Some(host) = self.environment.get("STORAGE_EMULATOR_HOST") {
            // An emulator knows nobody.
            let endpoint = if host.contains("://") { host } else { format!("http://{host}") };
            return builder.endpoint(endpoint.trim_end_matches('/')).skip_signature();
        }
        match self.environment.get("GOOGLE_APPLICATION_CREDENTIALS") {
            _ if self.is_anonymous() => builder.skip_signature(),
            Some(path) => builder.credential_path(&path),
            None => builder,
        }
    }

    fn azure(&self, location: &Location) -> std::result::Result<Azblob, String> {
        let get = |name: &str| self.environment.get(name);
        if let Some(connection) = get("AZURE_STORAGE_CONNECTION_STRING") {
            let builder = Azblob::from_connection_string(&connection)
                .map_err(|_| "AZURE_STORAGE_CONNECTION_STRING is no connection string".to_owned())?;
            return Ok(builder.container(location.authority()));
        }
        let account = self.environment.first(&["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"]);
        let endpoint = match (get("AZURE_STORAGE_ENDPOINT"), &account) {
            (Some(endpoint), _) => endpoint.trim_end_matches('/').to_owned(),
            (None, Some(account)) => format!("https://{account}.blob.core.windows.net"),
            (None, None) => return Err("set AZURE_STORAGE_ACCOUNT_NAME to the storage account".to_owned()),
        };
        let mut builder = Azblob::default().container(location.authority()).endpoint(&endpoint);
        if let Some(account) = account {
            builder = builder.account_name(&account);
        }
        if let Some(key) = self.environment.first(&["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"]) {
            builder = builder.account_key(&key);
        }
        if let Some(token) = get("AZURE_STORAGE_SAS_TOKEN") {
            builder = builder.sas_token(&token);
        }
        Ok(if self.is_anonymous() { builder.skip_signature() } else { builder })
    }

    fn drive(&self) -> std::result::Result<Gdrive, String> {
        Ok(match credential(&self.environment)? {
            DriveCredential::Access(token) => Gdrive::default().access_token(&token),
            DriveCredential::Refresh { token, client_id, client_secret } => {
                Gdrive::default().refresh_token(&token).client_id(&client_id).client_secret(&client_secret)
            }
        })
    }

    /// Whether the user wants to ask without credentials, which public buckets answer.
    fn is_anonymous(&self) -> bool {
        self.environment.get("MDFE_ANONYMOUS").is_some_and(|value| value == "1")
    }
}

/// What OpenDAL says, as a sentence. Its own text would show the request's address and headers as well.
pub(crate) fn sentence(error: &opendal::Error, environment: &Environment) -> String {
    let said = error.message();
    let cause = std::error::Error::source(error).map(deepest).unwrap_or_default();
    let said = [said, &cause].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let said = if said.is_empty() { answered(error) } else { said };
    let said = environment.redact(&said.replace('\n', " "));
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

/// The status of an answer that says nothing else; OpenDAL has it in its own text alone.
fn answered(error: &opendal::Error) -> String {
    let whole = error.to_string();
    let digits = whole.split_once("status: ").map_or("", |(_, rest)| rest);
    let status: String = digits.chars().take_while(char::is_ascii_digit).collect();
    if status.is_empty() {
        "the store gave no reason".to_owned()
    } else {
        format!("the store answered {status}")
    }
}

/// The innermost cause: `connection refused` rather than `error sending request`.
pub(crate) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}
