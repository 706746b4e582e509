//! The npm packages, pinned, fetched through the npm client.

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

/// A package of one version.
pub(super) struct Package {
    name: &'static str,
    version: &'static str,
}

pub(super) const NOTO: Package = Package { name: "emoji-datasource-google", version: "16.0.0" };
pub(super) const TWEMOJI: Package = Package { name: "emoji-datasource-twitter", version: "16.0.0" };
pub(super) const OPENMOJI: Package = Package { name: "openmoji", version: "17.0.0" };
pub(super) const FLUENT: Package = Package { name: "fluentui-emoji", version: "1.3.0" };

/// The folder of an unpacked package below `into`, fetched if it is not there.
pub(super) fn find(into: &Path, Package { name, version }: &Package) -> Result<PathBuf> {
    let folder = into.join(name);
    if folder.exists() {
        return Ok(folder.join("package"));
    }
    let spec = format!("{name}@{version}");
    eprintln!("fetching {spec}");
    let output = Command::new("npm")
        .args(["pack", "--silent", "--ignore-scripts", &spec])
        .current_dir(into)
        .output()
        .context("cannot start npm; the demo is rebuilt through the npm client")?;
    if !output.status.success() {
        bail!("`npm pack {spec}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let archive = into.join(format!("{name}-{version}.tgz"));
    let file = File::open(&archive).with_context(|| format!("cannot open {}", archive.display()))?;
    tar::Archive::new(GzDecoder::new(file))
        .unpack(&folder)
        .with_context(|| format!("cannot unpack {}", archive.display()))?;
    Ok(folder.join("package"))
}
