//! Addresses of images, folders of them and CSV files.

use super::{LocalPart, stores};
use crate::{
    commands::inputs::{add_list, is_url, read_csv},
    exit::Usage,
};
use anyhow::{Context, Result, bail};
use mdfe_data::{IMAGE_EXTENSIONS, InputRow, Inputs};
use mdfe_remote::{Location, Object, Parts};
use std::path::{Path, PathBuf};

/// Adds what lies at an address: an image, the images of a CSV whose paths are addresses or relative to the CSV's own, or of a folder,
/// which gives classes when every image of it lies in a class folder.
pub(in crate::commands) fn add(inputs: &mut Inputs, url: &str, split: Option<&str>) -> Result<()> {
    let location = Location::parse(url).map_err(Usage::of)?;
    if let Some(path) = location.local() {
        inputs_of_this_machine(inputs, path, split)
    } else if location.extension().as_deref() == Some("csv") {
        list(inputs, &location, split)
    } else if is_image(&location) {
        push(inputs, &stores()?.stat(&location)?, None);
        Ok(())
    } else {
        folder(inputs, &location)
    }
}

/// The address that stands in a list of this machine.
pub(in crate::commands) fn address(url: &Path) -> Result<PathBuf> {
    let location = Location::parse(&url.to_string_lossy())?;
    Ok(location.local().unwrap_or_else(|| PathBuf::from(location.to_string())))
}

/// `file://` is another way to write a path.
fn inputs_of_this_machine(inputs: &mut Inputs, path: PathBuf, split: Option<&str>) -> Result<()> {
    let found = crate::commands::inputs::read(&[path], split)?;
    for mut row in found.rows {
        let own = |id: Option<u32>, names: &mdfe_data::Names| {
            id.and_then(|id| names.as_slice().get(id as usize).cloned())
        };
        let (label, domain) = (own(row.label, &found.label_names), own(row.domain, &found.domain_names));
        row.label = label.map(|name| inputs.label_names.position(&name));
        row.domain = domain.map(|name| inputs.domain_names.position(&name));
        inputs.rows.push(row);
    }
    Ok(())
}

fn list(inputs: &mut Inputs, location: &Location, split: Option<&str>) -> Result<()> {
    let bytes = stores()?.read(location)?;
    let folder = tempfile::tempdir().context("cannot make a folder for the list")?;
    let path = folder.path().join("list.csv");
    std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let said = |error: anyhow::Error| {
        let text = crate::console::one_sentence(&error);
        anyhow::anyhow!("{}", text.replace(&path.display().to_string(), &location.to_string()))
    };
    let (data, base) = (read_csv(&path, split).map_err(said)?, location.parent());
    add_list(inputs, &data, |image| Ok(PathBuf::from(base.join(&image.to_string_lossy())?.to_string())))
}

fn folder(inputs: &mut Inputs, location: &Location) -> Result<()> {
    let mut found = stores()?.list(location)?;
    found.retain(|object| is_image(&object.location));
    if found.is_empty() {
        bail!("{location} holds no image ({})", IMAGE_EXTENSIONS.join(", "));
    }
    let root = location.folder();
    let class = |object: &Object| {
        let inside = object.location.path().strip_prefix(root.path())?;
        inside.split_once('/').map(|(class, _)| class.to_owned())
    };
    let classes: Option<Vec<String>> = found.iter().map(class).collect();
    for (i, object) in found.iter().enumerate() {
        push(inputs, object, classes.as_ref().map(|all| all[i].as_str()));
    }
    Ok(())
}

fn push(inputs: &mut Inputs, object: &Object, class: Option<&str>) {
    let file = PathBuf::from(object.location.to_string());
    let label = class.map(|class| inputs.label_names.position(class));
    inputs.rows.extend(Inputs::unlabelled(vec![file.clone()]).rows);
    if let Some(row) = inputs.rows.last_mut() {
        row.label = label;
    }
    if !object.version.is_empty() || object.size > 0 {
        inputs.versions.insert(file, format!("{} {}", object.size, object.version));
    }
}

fn is_image(location: &Location) -> bool {
    location.extension().is_some_and(|extension| IMAGE_EXTENSIONS.contains(&extension.as_str()))
}

/// The images as files of this machine, part by part: those of stores are fetched ahead into a folder that is removed again.
pub(in crate::commands) fn parts<'a>(
    rows: &'a [&'a InputRow],
) -> Result<Box<dyn Iterator<Item = Result<LocalPart>> + 'a>> {
    if !rows.iter().any(|row| is_url(&row.file)) {
        return Ok(Box::new(std::iter::once(Ok(LocalPart::of(rows)))));
    }
    let stores = stores()?;
    // One after the other: the parts of a run of addresses are fetched when those before it are done.
    let runs = rows.chunk_by(|a, b| is_url(&a.file) == is_url(&b.file));
    Ok(Box::new(runs.flat_map(move |run| -> Box<dyn Iterator<Item = Result<LocalPart>>> {
        if !is_url(&run[0].file) {
            return Box::new(std::iter::once(Ok(LocalPart::of(run))));
        }
        let locations = run.iter().map(|row| Location::parse(&row.file.to_string_lossy()));
        match locations.collect::<mdfe_remote::Result<Vec<_>>>() {
            Err(error) => Box::new(std::iter::once(Err(error.into()))),
            Ok(locations) => Box::new(Parts::new(&stores, locations).map(|part| {
                let mut part = part?;
                let fetched = std::mem::take(&mut part.objects);
                let names = fetched.iter().map(|object| object.location.to_string()).collect();
                let files = fetched.into_iter().map(|object| object.file).collect();
                Ok(LocalPart::fetched(files, names, Box::new(part)))
            })),
        }
    })))
}
