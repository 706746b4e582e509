//! `--input`, `--query` and `--index`: images, folders of them and CSV files.

use anyhow::{Context, Result, bail};
use mdfe_data::{Dataset, IMAGE_EXTENSIONS, Inputs, ReadOptions, images};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The split that stands for all of a CSV's.
const EVERY_SPLIT: &str = "*";

/// The domain of images whose list names none.
const NO_DOMAIN: &str = "images";

/// The images of `paths`, in the order given; those of a folder in sorted order, its subfolders included.
///
/// A CSV gives classes and domains. A folder gives classes when every image of it lies in a class folder.
pub(crate) fn read(paths: &[PathBuf], split: Option<&str>) -> Result<Inputs> {
    let mut inputs = Inputs::default();
    for path in paths {
        if path.is_dir() {
            add_folder(&mut inputs, path)?;
        } else if is_csv(path) {
            let (data, folder) = (read_csv(path, split)?, path.parent().unwrap_or(Path::new("")));
            inputs.add(&data, |image| folder.join(image).to_string_lossy().into_owned());
            // A list that names no domain has none: it may be compared with one that does.
            if !has_domains(&data) {
                inputs.rows.iter_mut().rev().take(data.samples.len()).for_each(|row| row.domain = None);
            }
        } else if path.exists() {
            inputs.rows.extend(Inputs::unlabelled(vec![path.clone()]).rows);
        } else {
            bail!("{} does not exist; name images, folders of images or CSV files", path.display());
        }
    }
    Ok(inputs)
}

/// Whether a path is read as a list of images.
pub(crate) fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"))
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

fn read_csv(path: &Path, split: Option<&str>) -> Result<Dataset> {
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
