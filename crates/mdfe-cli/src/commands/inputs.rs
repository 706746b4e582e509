//! `--input`, `--query` and `--index`: images, folders of them, lists and archives, of this machine or of a store.

use super::remote;
use anyhow::{Context, Result, bail};
use mdfe_data::{Dataset, IMAGE_EXTENSIONS, Inputs, Listing, ReadOptions, container, images, is_archive};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The split that stands for all of a CSV's.
const EVERY_SPLIT: &str = "*";

/// The domain of images whose list names none.
const NO_DOMAIN: &str = "images";

/// The file that describes the images of its folder.
const METADATA: &str = "metadata.jsonl";

/// The images of `paths`, in the order given; those of a folder in sorted order, its subfolders included.
///
/// A CSV, a tar, a Parquet file and a folder with `metadata.jsonl` give classes and domains. Another folder gives classes when every image of
/// it lies in a class folder.
pub(crate) fn read(paths: &[PathBuf], split: Option<&str>) -> Result<Inputs> {
    let mut inputs = Inputs::default();
    for path in paths {
        let folder = path.parent().unwrap_or(Path::new(""));
        if is_url(path) {
            remote::add(&mut inputs, &path.to_string_lossy(), split)?;
        } else if path.is_dir() && path.join(METADATA).is_file() {
            add_described(&mut inputs, path)?;
        } else if path.is_dir() {
            add_folder(&mut inputs, path)?;
        } else if is_csv(path) {
            add_dataset(&mut inputs, &read_csv(path, split)?, folder)?;
        } else if is_archive(path) {
            let file = path.strip_prefix(folder).unwrap_or(path);
            let listing = Listing::read(folder, file)?;
            inputs.list(&listing, folder, |image| folder.join(image).to_string_lossy().into_owned());
        } else if container(path).is_some() {
            inputs.rows.extend(Inputs::unlabelled(vec![path.clone()]).rows);
        } else {
            bail!(
                "{} does not exist; name images, folders of images, CSV files, tars or Parquet files",
                path.display()
            );
        }
    }
    Ok(inputs)
}

/// Adds the images of a list; `file` says where the image of a path in it is, which is also the name that it keeps.
pub(super) fn add_list(
    inputs: &mut Inputs,
    data: &Dataset,
    file: impl Fn(&Path) -> Result<PathBuf>,
) -> Result<()> {
    let first = inputs.rows.len();
    inputs.add(data, |image| image.to_string_lossy().into_owned());
    // A list that names no domain has none: it may be compared with one that does.
    let has_domains = has_domains(data);
    for row in &mut inputs.rows[first..] {
        row.file = file(Path::new(&row.name))?;
        row.name = row.file.to_string_lossy().into_owned();
        row.domain = row.domain.filter(|_| has_domains);
    }
    Ok(())
}

/// Whether a path is an address of a store.
pub(crate) fn is_url(path: &Path) -> bool {
    let scheme = |scheme: &str| scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
    path.to_str().and_then(|text| text.split_once("://")).is_some_and(|(name, _)| scheme(name))
}

/// Whether a path is read as a list of images.
pub(crate) fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"))
}

/// A folder whose images a file describes; one whose images have no class has none.
fn add_described(inputs: &mut Inputs, folder: &Path) -> Result<()> {
    let listing = Listing::read(folder, Path::new(METADATA))?;
    if listing.images.iter().all(|image| image.labels.is_empty()) {
        inputs.list(&listing, folder, |image| folder.join(image).to_string_lossy().into_owned());
    } else {
        add_dataset(inputs, &mdfe_data::read("image_folder", &ReadOptions::at(folder))?.dataset, folder)?;
    }
    Ok(())
}

/// Adds a list of this machine, whose paths are relative to `folder` or addresses.
fn add_dataset(inputs: &mut Inputs, data: &Dataset, folder: &Path) -> Result<()> {
    add_list(inputs, data, |image| {
        Ok(if is_url(image) { remote::address(image)? } else { folder.join(image) })
    })
}

fn add_folder(inputs: &mut Inputs, folder: &Path) -> Result<()> {
    let found = images(folder)?;
    if found.is_empty() {
        bail!("{} holds no image ({})", folder.display(), IMAGE_EXTENSIONS.join(", "));
    }
    let data = mdfe_data::read("image_folder", &ReadOptions::at(folder))?.dataset;
    let classes: HashMap<&Path, u32> = data.samples.iter().map(|s| (s.path.as_path(), s.class)).collect();
    let labelled = found.iter().all(|path| classes.contains_key(path.as_path()));
    let files = found.iter().map(|path| folder.join(path)).collect();
    for (mut row, path) in Inputs::unlabelled(files).rows.into_iter().zip(&found) {
        if let Some(&class) = classes.get(path.as_path()).filter(|_| labelled) {
            row.label = Some(inputs.label_names.position(&data.class_names[class as usize]));
        }
        inputs.rows.push(row);
    }
    Ok(())
}

pub(super) fn read_csv(path: &Path, split: Option<&str>) -> Result<Dataset> {
    let mut options = ReadOptions::at(path.parent().unwrap_or(Path::new("")));
    options.file = path.file_name().map(PathBuf::from);
    options.split = Some(split.unwrap_or(EVERY_SPLIT).to_owned());
    let reading =
        mdfe_data::read("csv", &options).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(reading.dataset)
}

fn has_domains(data: &Dataset) -> bool {
    data.samples.iter().any(|sample| sample.domain.as_str() != NO_DOMAIN)
}
