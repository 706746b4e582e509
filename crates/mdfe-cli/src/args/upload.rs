//! `mdfe upload`: run folders into stores.

use super::shared::Results;
use clap::Args;
use std::path::PathBuf;

/// What stands below the help.
const AFTER_HELP: &str = "\
Credentials come from the environment or the provider's own file, never from an address:
  s3://      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, or ~/.aws; AWS_ENDPOINT_URL for other servers
  gs://      GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`
  az://      AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN
  gdrive://  GDRIVE_ACCESS_TOKEN, or GDRIVE_REFRESH_TOKEN, GDRIVE_CLIENT_ID and GDRIVE_CLIENT_SECRET, or gcloud's file";

#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Upload {
    /// A run folder, finished or not.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Folder of a store that gets a folder of the run's name: `s3://bucket/folder`, `gs://`, `az://`, `gdrive://` or `file://`;
    /// `train.upload` of the run without it.
    #[arg(value_name = "DEST")]
    pub(crate) dest: Option<String>,
    #[command(flatten)]
    pub(crate) results: Results,
}
