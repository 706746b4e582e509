//! Building mdfe for the devices at hand.

use anyhow::{Context, Result, bail};
use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

/// Builds the binary and returns where it is.
pub(super) fn mdfe(profile: &str, devices: &[String]) -> Result<PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "build",
        "-p",
        "mdfe-cli",
        "--profile",
        profile,
        "--message-format=json-render-diagnostics",
    ]);
    let features = features(devices);
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("building mdfe ended with {}", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    executable(&messages).context("cargo names no binary of mdfe")
}

/// The features of mdfe-cli that the devices need.
fn features(devices: &[String]) -> Vec<&'static str> {
    let needs = |kind: &str| devices.iter().any(|device| device.split(':').next() == Some(kind));
    ["cuda", "metal"].into_iter().filter(|kind| needs(kind)).collect()
}

/// The binary in cargo's messages, one JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    let lines = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut binaries =
        lines.filter(|line| line["target"]["name"] == "mdfe" && line["executable"].is_string());
    Some(PathBuf::from(binaries.next()?["executable"].as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_bring_their_features_once() {
        let of = |devices: &[&str]| features(&devices.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["cpu", "cpu"]), [""; 0]);
        assert_eq!(of(&["cuda:0", "cuda:1", "cpu"]), ["cuda"]);
        assert_eq!(of(&["metal", "cuda"]), ["cuda", "metal"]);
    }

    #[test]
    fn binary_is_the_one_called_mdfe() {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"mdfe_cli\"},\"executable\":null}\nno json\n\
                        {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"mdfe\"},\"executable\":\"/t/mdfe\"}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/mdfe")));
        assert_eq!(executable(""), None);
    }
}
