//! The two sides of a retrieval, from files of embeddings or from images and a model.

use super::{inputs, model};
use crate::{args::ModelArgs, exit::usage};
use anyhow::{Result, bail};
use mdfe_data::{Embeddings, Names, holds_embeddings, is_archive};
use mdfe_model::Embedder;
use mdfe_report::Described;
use std::path::Path;

/// What turns images into embeddings, loaded once and only if a side needs it.
pub(crate) struct Sides<'a> {
    model: &'a ModelArgs,
    split: Option<&'a str>,
    embedder: Option<Embedder>,
    /// Whether rows are made unit length, so that they are compared by cosine.
    pub(crate) normalise: bool,
    /// The class names of query and index: a class is the same where its name is.
    classes: Names,
}

/// One side, with the class of every row.
pub(crate) struct Side {
    pub(crate) rows: Embeddings,
    /// The classes of each row, `[N]`, as positions in the names of both sides; several where an image shows several.
    pub(crate) labels: Vec<Vec<i64>>,
    /// What the user called it.
    name: String,
}

impl Side {
    /// Refuses to compare embeddings of two embedders; a file that does not say whose they are is taken.
    pub(crate) fn expect_same_embedder(&self, index: &Self) -> Result<()> {
        if self.rows.dim != index.rows.dim {
            bail!(
                "{} has embeddings of {} dimensions, {} of {}; embed both with the same model",
                self.name,
                self.rows.dim,
                index.name,
                index.rows.dim
            );
        }
        if let (Some(own), Some(other)) = (&self.rows.embedder, &index.rows.embedder) {
            own.expect_same(other, &self.name, &index.name)?;
        }
        Ok(())
    }
}

impl<'a> Sides<'a> {
    pub(crate) fn new(model: &'a ModelArgs, split: Option<&'a str>) -> Self {
        Self { model, split, embedder: None, normalise: true, classes: Names::default() }
    }

    /// Reads one side, with labels.
    pub(crate) fn read(&mut self, path: &Path) -> Result<Side> {
        let mut rows = if is_images(path)? { self.embed(path)? } else { Embeddings::read(path)? };
        let name = path.display().to_string();
        if rows.is_empty() {
            bail!("{name} holds no embeddings; there is nothing to score");
        }
        let labels: Option<Vec<i64>> = (0..rows.len())
            .map(|row| rows.label_name(row).map(|class| i64::from(self.classes.position(&class))))
            .collect();
        let Some(labels) = labels else {
            bail!(
                "{name} does not say the class of every row, which scores need: embed a folder with one folder per class or a CSV with \
                 `path,label`, or add a tensor `labels` [N] (i64)"
            );
        };
        let labels = join_labels(&mut rows, labels);
        if self.normalise {
            unit_rows(&mut rows);
        }
        Ok(Side { rows, labels, name })
    }

    /// The rows of a side as people speak of them; a row without a path goes by its number.
    pub(crate) fn described(&self, side: &Side) -> Vec<Described> {
        let class = |&label: &i64| self.classes.as_slice().get(label as usize).map_or("", String::as_str);
        let describe = |row: usize| {
            let path = side.rows.paths.get(row).filter(|path| !path.is_empty());
            Described {
                path: path.map_or_else(|| format!("row {row}"), str::to_owned),
                label: Some(side.labels[row].iter().map(class).collect::<Vec<_>>().join("|")),
                domain: side.rows.domain_name(row).map(str::to_owned),
            }
        };
        (0..side.rows.len()).map(describe).collect()
    }

    fn embed(&mut self, path: &Path) -> Result<Embeddings> {
        let inputs = inputs::read(&[path.to_path_buf()], self.split)?;
        if self.model.model.is_none() && self.model.backbone.backbone.is_none() {
            usage!("{} is a list of images; give the embedder with --model", path.display());
        }
        let embedder = match self.embedder.take() {
            Some(embedder) => embedder,
            None => model::open(self.model)?,
        };
        let embedded = model::embed(&embedder, &inputs.rows, &self.model.compute)?;
        let of = |id: &dyn Fn(usize) -> Option<u32>| -> Option<Vec<i64>> {
            embedded.rows.iter().map(|&row| id(row).map(i64::from)).collect()
        };
        let labels = of(&|row| inputs.rows[row].label);
        let domains = of(&|row| inputs.rows[row].domain);
        let rows = Embeddings {
            dim: embedder.dim(),
            labels,
            label_names: inputs.label_names.as_slice().iter().map(String::as_str).collect(),
            domains,
            domain_names: inputs.domain_names.as_slice().to_vec(),
            paths: embedded.rows.iter().map(|&row| inputs.rows[row].name.as_str()).collect(),
            embedder: Some(embedder.embedder_id()),
            values: embedded.values,
        };
        self.embedder = Some(embedder);
        Ok(rows)
    }
}

/// Whether a path is read as images and not as embeddings: folders, lists, tars, and Parquet files that hold images.
pub(super) fn is_images(path: &Path) -> Result<bool> {
    if path.is_dir() || inputs::is_csv(path) || inputs::is_url(path) {
        return Ok(true);
    }
    // A pattern of files is one of images.
    Ok(is_archive(path) && (!path.is_file() || is_tar(path) || !holds_embeddings(path)?))
}

fn is_tar(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tar"))
}

/// Rows that follow each other with the same path and embedding and another class are one image of several classes, as lists and embeddings
/// have it: they become one row. Returns the classes of each row.
fn join_labels(side: &mut Embeddings, labels: Vec<i64>) -> Vec<Vec<i64>> {
    let dim = side.dim;
    let row = |i: usize| &side.values[i * dim..(i + 1) * dim];
    let mut kept: Vec<usize> = Vec::new();
    let mut sets: Vec<Vec<i64>> = Vec::new();
    for (i, label) in labels.into_iter().enumerate() {
        if let (Some(&last), Some(set)) = (kept.last(), sets.last_mut()) {
            let path = side.paths.get(i).filter(|path| !path.is_empty());
            let is_same = path.is_some() && side.paths.get(last) == path && row(last) == row(i);
            if is_same && side.domain_name(last) == side.domain_name(i) && !set.contains(&label) {
                set.push(label);
                continue;
            }
        }
        kept.push(i);
        sets.push(vec![label]);
    }
    if kept.len() < side.len() {
        side.values = kept.iter().flat_map(|&i| row(i).to_vec()).collect();
        side.domains = side.domains.as_ref().map(|ids| kept.iter().map(|&i| ids[i]).collect());
        side.paths = kept.iter().map(|&i| side.paths.get(i).unwrap_or_default()).collect();
        // The classes are in what is returned.
        side.labels = None;
    }
    sets
}

/// Rows are compared by cosine; those of unit length stay as they are, to the bit.
pub(crate) fn unit_rows(side: &mut Embeddings) {
    side.values.chunks_exact_mut(side.dim.max(1)).for_each(mdfe_model::to_unit);
}
