//! The one HTTP client of this crate: nothing else of it opens connections.

use crate::{Error, Options, Result};
use http::{Request, Response, Uri};
use opendal::{Buffer, ErrorKind, HttpBody, HttpTransport, HttpTransporter};
use opendal_http_transport_reqwest::ReqwestTransport;
use reqwest::Client;
use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;

/// A client with the TLS of the hub's client: rustls with ring, certificates checked as the system does it.
pub(crate) fn client(options: &Options) -> Result<Client> {
    let failed = |reason: String| Error::Setting {
        location: "the network".to_owned(),
        reason: format!("TLS does not start: {reason}"),
    };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|e| failed(e.to_string()))?
        .with_no_client_auth();
    Client::builder()
        .user_agent(concat!("mdfe/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.timeout)
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|e| failed(e.without_url().to_string()))
}

/// The client as OpenDAL takes it. `google`, where it is given, stands in for Google's servers, whose addresses OpenDAL's Drive
/// service has built in.
pub(crate) fn transporter(client: Client, google: Option<Uri>) -> HttpTransporter {
    let inner = HttpTransporter::new(ReqwestTransport::new(client));
    match google {
        None => inner,
        Some(google) => HttpTransporter::new(Instead { inner, google }),
    }
}

/// Sends what is meant for Google to another server.
struct Instead {
    inner: HttpTransporter,
    google: Uri,
}

impl HttpTransport for Instead {
    async fn fetch(&self, mut request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        if request.uri().host().is_some_and(|host| host.ends_with("googleapis.com")) {
            let base = self.google.to_string();
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let there = format!("{}{path}", base.trim_end_matches('/'));
            *request.uri_mut() = there.parse().map_err(|_| {
                opendal::Error::new(ErrorKind::ConfigInvalid, "GDRIVE_ENDPOINT is no address of a server")
            })?;
        }
        self.inner.fetch(request).await
    }
}
