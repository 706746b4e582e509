//! Who one is to Google Drive.

use crate::Environment;
use serde::Deserialize;
use std::path::PathBuf;

/// A credential for Drive.
pub(crate) enum DriveCredential {
    /// A token that lasts for an hour.
    Access(String),
    /// What new tokens are asked for with.
    Refresh { token: String, client_id: String, client_secret: String },
}

/// What `gcloud auth application-default login` leaves.
#[derive(Deserialize)]
struct AdcFile {
    #[serde(rename = "type")]
    kind: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
}

const WAYS: &str = "set GDRIVE_ACCESS_TOKEN, or GDRIVE_REFRESH_TOKEN with GDRIVE_CLIENT_ID and GDRIVE_CLIENT_SECRET, or run `gcloud auth \
                    application-default login --scopes=https://www.googleapis.com/auth/drive.file`";

/// The credential of the environment, or of the provider's own file; the error says what is missing.
pub(crate) fn credential(environment: &Environment) -> Result<DriveCredential, String> {
    let variable = |name: &str| environment.get(name);
    if let Some(token) = variable("GDRIVE_REFRESH_TOKEN") {
        let (id, secret) = (variable("GDRIVE_CLIENT_ID"), variable("GDRIVE_CLIENT_SECRET"));
        let (Some(client_id), Some(client_secret)) = (id, secret) else {
            return Err(
                "GDRIVE_REFRESH_TOKEN needs GDRIVE_CLIENT_ID and GDRIVE_CLIENT_SECRET beside it".to_owned()
            );
        };
        return Ok(DriveCredential::Refresh { token, client_id, client_secret });
    }
    if let Some(token) = variable("GDRIVE_ACCESS_TOKEN") {
        return Ok(DriveCredential::Access(token));
    }
    let Some(path) = adc_file(environment) else { return Err(format!("there is no credential: {WAYS}")) };
    let shown = path.display();
    // The reason of a failure may hold what the file says, which is secret.
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{shown} cannot be read: {e}"))?;
    let file: AdcFile =
        serde_json::from_str(&text).map_err(|_| format!("{shown} is no file of credentials; {WAYS}"))?;
    match (file.refresh_token, file.client_id, file.client_secret) {
        (Some(token), Some(client_id), Some(client_secret)) => {
            Ok(DriveCredential::Refresh { token, client_id, client_secret })
        }
        _ => Err(format!("{shown} is of the kind `{}`, Drive needs `authorized_user`; {WAYS}", file.kind)),
    }
}

/// The provider's own file, where it is there.
fn adc_file(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = environment.get("GOOGLE_APPLICATION_CREDENTIALS") {
        return Some(path.into());
    }
    let config = environment.get("CLOUDSDK_CONFIG").map(PathBuf::from);
    let config = config.or_else(|| environment.home(".config/gcloud"))?;
    Some(config.join("application_default_credentials.json")).filter(|path| path.exists())
}
