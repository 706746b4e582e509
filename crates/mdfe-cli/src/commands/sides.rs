//! The two sides of a retrieval, from safetensors files or from images and a model.

use super::{inputs, model};
use crate::{args::ModelArgs, exit::usage};
use anyhow::{Result, bail};
use mdfe_data::{Embeddings, Names};
use mdfe_model::Embedder;
use std::path::Path;

/// What turns images into embeddings, loaded once and only if a side needs it.
pub(crate) struct Sides<'a> {
    model: &'a ModelArgs,
    split: Option<&'a str>,
    embedder: Option<Embedder>,
    /// The class names of query and index: a class is the same where its name is.
    classes: Names,
}

/// One side, with the class of every row.
pub(crate) struct Side {
    pub(crate) rows: Embeddings,
    /// Class of each row, `[N]`, as a position in the names of both sides.
    pub(crate) labels: Vec<i64>,
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
        Self { model, split, embedder: None, classes: Names::default() }
    }

    /// Reads one side, with labels.
    pub(crate) fn read(&mut self, path: &Path) -> Result<Side> {
        let is_images = path.is_dir() || inputs::is_csv(path);
        let mut rows = if is_images { self.embed(path)? } else { Embeddings::read(path)? };
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
        unit_rows(&mut rows);
        Ok(Side { rows, labels, name })
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
        let files: Vec<_> = inputs.rows.iter().map(|row| row.file.clone()).collect();
        let embedded = model::embed(&embedder, &files, &self.model.compute)?;
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
            embedder: Some(embedder.embedder_id()),
            values: embedded.values,
            ..Embeddings::default()
        };
        self.embedder = Some(embedder);
        Ok(rows)
    }
}

/// Rows are compared by cosine; those of unit length stay as they are, to the bit.
pub(crate) fn unit_rows(side: &mut Embeddings) {
    for row in side.values.chunks_exact_mut(side.dim.max(1)) {
        let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        if (norm - 1.0).abs() > 1e-4 {
            mdfe_model::normalize(row);
        }
    }
}
