//! The two sides of a retrieval, from safetensors files or from CSV files and a model.

use super::model;
use crate::args::{BackboneArgs, Compute};
use anyhow::{Context, Result, bail};
use mdfe_data::{Embeddings, ReadOptions};
use mdfe_model::Embedder;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// What turns a CSV side into vectors, loaded once and only if a side needs it.
pub(crate) struct Sides<'a> {
    pub(crate) model: Option<&'a Path>,
    pub(crate) backbone: &'a BackboneArgs,
    pub(crate) compute: &'a Compute,
    embedder: Option<Embedder>,
    /// Numbers of the class names, shared by query and index.
    labels: HashMap<String, i64>,
}

impl<'a> Sides<'a> {
    pub(crate) fn new(model: Option<&'a Path>, backbone: &'a BackboneArgs, compute: &'a Compute) -> Self {
        Self { model, backbone, compute, embedder: None, labels: HashMap::new() }
    }

    /// Reads one side, with labels.
    pub(crate) fn read(&mut self, path: &Path) -> Result<Embeddings> {
        let csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        let mut side = if csv { self.embed_csv(path)? } else { Embeddings::read(path)? };
        if side.labels.is_none() {
            bail!("{} has no tensor `labels` [N] (i64); scores need the class of every row", path.display());
        }
        if side.is_empty() {
            bail!("{} holds no vectors; there is nothing to score", path.display());
        }
        unit_rows(&mut side);
        Ok(side)
    }

    fn embed_csv(&mut self, path: &Path) -> Result<Embeddings> {
        let mut options = ReadOptions::at(path.parent().unwrap_or(Path::new("")));
        options.file = path.file_name().map(PathBuf::from);
        // Every row counts in an evaluation, whatever split the file names.
        let reading =
            mdfe_data::read("csv", &options).with_context(|| format!("cannot read {}", path.display()))?;
        let data = reading.dataset;
        if self.model.is_none() && self.backbone.backbone.is_none() {
            bail!("{} is a list of images; give the embedder with --model", path.display());
        }
        let embedder = match self.embedder.take() {
            Some(embedder) => embedder,
            None => model::open(self.model, self.backbone, self.compute)?,
        };
        let paths: Vec<PathBuf> = data.samples.iter().map(|s| data.root.join(&s.path)).collect();
        let embedded = model::embed(&embedder, &paths, self.compute)?;
        let mut out = Embeddings { dim: embedder.dim(), values: embedded.values, ..Embeddings::default() };
        self.embedder = Some(embedder);
        let mut domains = Vec::new();
        let mut labels = Vec::new();
        for &row in &embedded.rows {
            let sample = &data.samples[row];
            let next = self.labels.len() as i64;
            labels.push(*self.labels.entry(data.class_names[sample.class as usize].clone()).or_insert(next));
            let known = out.domain_names.iter().position(|d| d == sample.domain.as_str());
            domains.push(known.unwrap_or_else(|| {
                out.domain_names.push(sample.domain.as_str().to_owned());
                out.domain_names.len() - 1
            }) as i64);
        }
        out.labels = Some(labels);
        out.domains = Some(domains);
        Ok(out)
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
