//! What goes into an index: images that are embedded, and embeddings that are there already.

use super::super::{
    inputs,
    model::{self, BadImages},
};
use crate::{
    args::IndexInput,
    exit::{Stopped, usage},
};
use anyhow::Result;
use mdfe_data::{EmbedderId, Embeddings, Inputs, Skipped};
use mdfe_index::{Added, Existing, Writer};
use mdfe_model::Embedder;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// Images that a kill can cost, and rows of a segment.
const PART_ROWS: usize = 1024;

/// The input, read but for the images.
pub(super) struct Source<'a> {
    args: &'a IndexInput,
    files: Vec<(PathBuf, Embeddings)>,
    inputs: Inputs,
    /// Loaded where there are images.
    embedder: Option<Embedder>,
}

/// What was added, and what could not be read.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) added: Added,
    pub(super) skipped: Vec<Skipped>,
}

impl<'a> Source<'a> {
    /// Reads lists and embeddings, and loads the model where there are images.
    pub(super) fn open(args: &'a IndexInput) -> Result<Self> {
        let is_embeddings =
            |path: &&PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("safetensors"));
        let (files, images): (Vec<_>, Vec<_>) = args.input.iter().partition(is_embeddings);
        let read = |path: &PathBuf| Ok((path.clone(), Embeddings::read(path)?));
        let files = files.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        let images: Vec<PathBuf> = images.into_iter().cloned().collect();
        let mut inputs = inputs::read(&images, args.split.as_deref())?;
        let mut seen = HashSet::new();
        let before = inputs.rows.len();
        inputs.rows.retain(|row| seen.insert(row.name.clone()));
        if inputs.rows.len() < before {
            tracing::warn!(
                "{} images come more than once in the input; the first of each counts",
                before - inputs.rows.len()
            );
        }
        let embedder = if images.is_empty() {
            None
        } else if args.model.model.is_none() && args.model.backbone.backbone.is_none() {
            usage!(
                "{} is no file of embeddings; give the embedder of images with --model",
                images[0].display()
            );
        } else {
            Some(model::open(&args.model)?)
        };
        Ok(Self { args, files, inputs, embedder })
    }

    /// Width and maker of the rows: the model's, else the first file's.
    pub(super) fn kind(&self) -> (usize, Option<EmbedderId>) {
        match (&self.embedder, self.files.first()) {
            (Some(embedder), _) => (embedder.dim(), Some(embedder.embedder_id())),
            (None, Some((_, rows))) => (rows.dim, rows.embedder.clone()),
            (None, None) => (0, None),
        }
    }

    /// Whether there are rows that nothing can be known again by.
    pub(super) fn has_nameless(&self) -> bool {
        self.files.iter().any(|(_, rows)| rows.paths.is_empty())
    }

    /// Refuses, before anything is embedded, what the index does not take.
    pub(super) fn check(&self, writer: &mut Writer, existing: Existing) -> Result<()> {
        let index = writer.index();
        if let Some(embedder) = &self.embedder {
            index.expect_embedder(Some(&embedder.embedder_id()), "the model's are")?;
            if embedder.dim() != index.dim() {
                let (what, got, dim) = ("the model makes", embedder.dim(), index.dim());
                return Err(mdfe_index::Error::Dim { what, got, dim }.into());
            }
        }
        if existing == Existing::Refuse {
            let names = self.inputs.rows.iter().map(|row| row.name.as_str());
            let there: Vec<&str> = names.filter(|name| writer.holds(name)).collect();
            if let Some(first) = there.first() {
                let (count, rows, first) = (there.len(), self.inputs.rows.len(), (*first).to_owned());
                return Err(mdfe_index::Error::PathsExist { count, rows, first }.into());
            }
        }
        Ok(())
    }

    /// Adds all of it: each file of embeddings in one step, images in steps of [`PART_ROWS`].
    pub(super) fn add(&self, writer: &mut Writer, existing: Existing) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        for (path, rows) in &self.files {
            let added = writer
                .add(rows, existing)
                .map_err(|e| anyhow::Error::from(e).context(format!("cannot add {}", path.display())))?;
            outcome.count(added);
        }
        let Some(embedder) = &self.embedder else { return Ok(outcome) };
        let mut wanted: Vec<usize> = (0..self.inputs.rows.len()).collect();
        if existing == Existing::Skip {
            wanted.retain(|&row| !writer.holds(&self.inputs.rows[row].name));
            outcome.added.skipped += self.inputs.rows.len() - wanted.len();
        }
        let paths: Vec<PathBuf> = wanted.iter().map(|&row| self.inputs.rows[row].file.clone()).collect();
        let mut part = Part::default();
        let done = model::embed_each(embedder, &paths, &self.args.model.compute, |item, embedding| {
            let row = wanted[item];
            match embedding {
                Ok(embedding) => part.push(row, embedding),
                Err(reason) => outcome.skipped.push(Skipped::new(&self.inputs.rows[row].name, reason)),
            }
            if part.rows.len() == PART_ROWS {
                outcome.count(self.flush(&mut part, writer, existing)?);
            }
            Ok(())
        });
        // Who is stopped keeps what is done.
        if done.as_ref().err().is_none_or(|e| e.is::<Stopped>()) {
            outcome.count(self.flush(&mut part, writer, existing)?);
        }
        done?;
        let first = outcome.skipped.first().map_or("", |skipped| skipped.reason.as_str());
        let bad = BadImages { count: outcome.skipped.len(), total: paths.len(), first };
        model::check_bad(bad, &self.args.model.compute)?;
        Ok(outcome)
    }

    /// Adds the part and empties it.
    fn flush(&self, part: &mut Part, writer: &mut Writer, existing: Existing) -> Result<Added> {
        let part = std::mem::take(part);
        if part.rows.is_empty() {
            return Ok(Added::default());
        }
        let (dim, embedder) = self.kind();
        let inputs = &self.inputs;
        let all =
            |id: &dyn Fn(usize) -> Option<u32>| part.rows.iter().map(|&row| id(row).map(i64::from)).collect();
        let rows = Embeddings {
            dim,
            labels: all(&|row| inputs.rows[row].label),
            label_names: inputs.label_names.as_slice().iter().map(String::as_str).collect(),
            domains: all(&|row| inputs.rows[row].domain),
            domain_names: inputs.domain_names.as_slice().to_vec(),
            paths: part.rows.iter().map(|&row| inputs.rows[row].name.as_str()).collect(),
            embedder,
            values: part.values,
        };
        Ok(writer.add(&rows, existing)?)
    }
}

/// Images that are embedded and not in the index yet.
#[derive(Default)]
struct Part {
    rows: Vec<usize>,
    values: Vec<f32>,
}

impl Part {
    fn push(&mut self, row: usize, embedding: &[f32]) {
        self.rows.push(row);
        self.values.extend_from_slice(embedding);
    }
}

impl Outcome {
    fn count(&mut self, more: Added) {
        self.added.added += more.added;
        self.added.replaced += more.replaced;
        self.added.skipped += more.skipped;
    }
}

/// `FOLDER.parts`, beside it.
pub(super) fn parts(folder: &Path) -> PathBuf {
    let mut name = folder.components().as_path().as_os_str().to_owned();
    name.push(".parts");
    PathBuf::from(name)
}
