//! Keeping credentials out of everything that is shown or written.

/// Shorter values are words that happen to stand elsewhere, and no secrets.
const SHORTEST: usize = 6;

/// Parts of a query's key that say that its value is a secret.
const SECRET_KEYS: [&str; 10] =
    ["token", "secret", "signature", "credential", "password", "passwd", "pwd", "apikey", "auth", "key"];

/// `text` without `secrets`, and without the queries and user names of addresses in it.
pub(crate) fn without_secrets(text: &str, secrets: impl IntoIterator<Item = String>) -> String {
    let mut out = text.to_owned();
    for secret in secrets {
        let secret = secret.trim();
        if secret.len() >= SHORTEST {
            out = out.replace(secret, "***");
        }
    }
    // A token that was made from a secret, and that a server repeats.
    let mut parts = out.split("Bearer ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || "\"',;".contains(c)).unwrap_or(part.len());
        out.extend(["Bearer ***", &part[end..]]);
    }
    let mut clean = String::with_capacity(out.len());
    let mut rest = out.as_str();
    while let Some(at) = rest.find("://") {
        let end = rest[at..].find(|c: char| c.is_whitespace() || "\"'<>`,;)".contains(c));
        let end = end.map_or(rest.len(), |length| at + length);
        let (before, address) = (&rest[..at], &rest[at..end]);
        let address = address.split_once('?').map_or(address, |(path, _)| path);
        let authority = &address[3..];
        let slash = authority.find('/').unwrap_or(authority.len());
        let host = authority[..slash].rsplit_once('@').map_or(&authority[..slash], |(_, host)| host);
        clean.extend([before, "://", host, &authority[slash..]]);
        rest = &rest[end..];
    }
    clean.push_str(rest);
    clean
}

/// Whether a key of a query says that its value is a secret.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key: String = key.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    key == "sig" || SECRET_KEYS.iter().any(|part| key.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_loses_values_queries_and_user_names_and_nothing_else() {
        let secrets = || ["hunter2hunter2".to_owned(), " ".to_owned(), "abc".to_owned()];
        let text = "cannot send https://me:pw@host.example/a/b?sig=XYZ&x=1, key hunter2hunter2 (abc) of s3://bucket/x@2.jpg";
        let expected = "cannot send https://host.example/a/b, key *** (abc) of s3://bucket/x@2.jpg";
        assert_eq!(without_secrets(text, secrets()), expected);
        assert_eq!(without_secrets("no address", secrets()), "no address");
        assert_eq!(without_secrets("bad Bearer ya29.x, sorry", secrets()), "bad Bearer ***, sorry");
    }

    #[test]
    fn keys_of_signed_addresses_are_known() {
        for key in ["X-Amz-Signature", "X-Amz-Credential", "sig", "access_token", "api-key", "AWSAccessKeyId"]
        {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["download", "size", "versionId", "page"] {
            assert!(!is_secret_key(key), "{key}");
        }
    }
}
