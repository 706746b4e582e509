//! Where stores are and who one is to them: variables of the environment, as a value.

use crate::secrets::without_secrets;
use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc};

/// Variables whose values are secrets. What is read from a provider's own file never reaches a text of this crate by itself;
/// [`Environment::redact`] takes the query of every address away as well, which is where providers put tokens.
const SECRETS: [&str; 14] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_CLIENT_SECRET",
    "GDRIVE_ACCESS_TOKEN",
    "GDRIVE_REFRESH_TOKEN",
    "GDRIVE_CLIENT_ID",
    "GDRIVE_CLIENT_SECRET",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
];

/// Variables of an environment. They hold secrets, which its `Debug` does not show.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Arc<HashMap<String, String>>,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable, without blanks around it; `None` where there is none, or nothing in it.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The first of these variables that has a value.
    pub(crate) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }

    /// A folder below the user's own.
    pub(crate) fn home(&self, path: &str) -> Option<PathBuf> {
        Some(PathBuf::from(self.get("HOME")?).join(path))
    }

    /// `text` without the secrets of these variables, and without the queries and user names of addresses.
    pub fn redact(&self, text: &str) -> String {
        without_secrets(text, SECRETS.iter().filter_map(|name| self.get(name)))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: Arc::new(variables.into_iter().collect()) }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}
