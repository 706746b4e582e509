//! From images, sentences and embeddings to queries.

use super::super::{inputs, model, sides::unit_rows};
use crate::args::Search;
use anyhow::{Context, Result, bail};
use mdfe_data::{EmbedderId, Embeddings};
use mdfe_index::combine;
use mdfe_model::Embedder;
use std::path::{Path, PathBuf};

/// What queries are compared with.
pub(super) struct Target<'a> {
    pub(super) name: &'a Path,
    pub(super) dim: usize,
    pub(super) embedder: Option<&'a EmbedderId>,
}

impl Target<'_> {
    /// Refuses what another model made.
    fn expect(&self, dim: usize, id: Option<&EmbedderId>, whose: &str) -> Result<()> {
        if dim != self.dim {
            bail!(
                "{} holds embeddings of {} dimensions, {whose} {dim}; embed both with the same model",
                self.name.display(),
                self.dim
            );
        }
        if let (Some(own), Some(other)) = (self.embedder, id) {
            own.expect_same(other, &self.name.display().to_string(), whose)?;
        }
        Ok(())
    }
}

/// Queries of unit length with their names.
#[derive(Default)]
struct Named {
    names: Vec<String>,
    values: Vec<f32>,
}

/// The queries' names and embeddings of unit length `[Q, D]`: images first, then embeddings, then sentences; or one from all of them.
pub(super) fn read(args: &Search, target: &Target<'_>) -> Result<(Vec<String>, Vec<f32>)> {
    let (mut plus, mut minus) = (Named::default(), Named::default());
    let mut files = Named::default();
    for path in &args.vector {
        let rows = Embeddings::read(path)?;
        target.expect(rows.dim, rows.embedder.as_ref(), &format!("{} has", path.display()))?;
        if rows.is_empty() {
            bail!("{} holds no embeddings", path.display());
        }
        let name =
            |row| rows.paths.get(row).map_or_else(|| format!("{}, row {row}", path.display()), str::to_owned);
        files.names.extend((0..rows.len()).map(name));
        files.values.extend_from_slice(&rows.values);
    }
    let images = !args.query.is_empty() || !args.minus_image.is_empty();
    if images || !args.text.is_empty() || !args.minus.is_empty() {
        let embedder = model::open(&args.model)?;
        target.expect(embedder.dim(), Some(&embedder.embedder_id()), "the model's are")?;
        plus.add_images(&embedder, args, &args.query)?;
        minus.add_images(&embedder, args, &args.minus_image)?;
        plus.append(files);
        plus.add_texts(&embedder, args, &args.text)?;
        minus.add_texts(&embedder, args, &args.minus)?;
    } else {
        plus.append(files);
    }
    if plus.names.is_empty() {
        bail!("no query is left: none of the images could be read");
    }
    for named in [&mut plus, &mut minus] {
        let mut rows = Embeddings {
            dim: target.dim,
            values: std::mem::take(&mut named.values),
            ..Embeddings::default()
        };
        unit_rows(&mut rows);
        named.values = rows.values;
    }
    if !args.together && minus.names.is_empty() {
        return Ok((plus.names, plus.values));
    }
    let added: Vec<&[f32]> = plus.values.chunks(target.dim).collect();
    let taken: Vec<&[f32]> = minus.values.chunks(target.dim).collect();
    let one = combine(&added, &taken).context("cannot take the queries together")?;
    let mut name = plus.names.join(" + ");
    for taken in &minus.names {
        name = format!("{name} - {taken}");
    }
    Ok((vec![name], one))
}

impl Named {
    fn append(&mut self, other: Self) {
        self.names.extend(other.names);
        self.values.extend(other.values);
    }

    fn add_images(&mut self, embedder: &Embedder, args: &Search, paths: &[PathBuf]) -> Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        let inputs = inputs::read(paths, None)?;
        let paths: Vec<_> = inputs.rows.into_iter().map(|row| row.file).collect();
        let embedded = model::embed(embedder, &paths, &args.model.compute)?;
        self.names.extend(embedded.rows.iter().map(|&row| paths[row].to_string_lossy().into_owned()));
        self.values.extend(embedded.values);
        Ok(())
    }

    fn add_texts(&mut self, embedder: &Embedder, args: &Search, texts: &[String]) -> Result<()> {
        if texts.is_empty() {
            return Ok(());
        }
        self.values.extend(embedder.text_encoder(args.tokenizer.as_deref())?.embed(texts)?);
        self.names.extend(texts.iter().cloned());
        Ok(())
    }
}
