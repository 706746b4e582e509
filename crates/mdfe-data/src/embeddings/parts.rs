//! A file of embeddings that is made over hours: parts of it, then the whole in input order.

use super::{EmbedderId, EmbeddingsFormat, Inputs, write::Columns};
use crate::{
    Error, Result, Skipped,
    files::write_atomically,
    identity::{Fingerprint, Fingerprinter, stamp_bytes},
    tensors::{TensorFile, TensorShape, TextColumn, header},
};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

/// The metadata key of a part.
const KEY: &str = "mdfe_part";

/// The parts of an embeddings file, in a folder beside it until it is published. A part covers `part_rows` images and is written when
/// it is whole: what a kill can cost. Memory follows the size of a part, apart from the list of images.
pub struct EmbeddingParts<'a> {
    output: PathBuf,
    folder: PathBuf,
    embedder: EmbedderId,
    dim: usize,
    inputs: &'a Inputs,
    part_rows: usize,
    /// Images without an embedding yet, in order.
    missing: Vec<usize>,
    /// How many of `missing` have come.
    done: usize,
    /// Images that could not be read, those of parts that were there already first.
    skipped: Vec<Skipped>,
    current: Part,
}

/// What the embeddings file holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Rows of the file, N.
    pub rows: usize,
    /// Images that could not be read, in order.
    pub skipped: Vec<Skipped>,
}

/// A part in memory.
#[derive(Default)]
struct Part {
    /// `[n, D]`, row-major.
    values: Vec<f32>,
    facts: PartFacts,
}

/// The metadata of a part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct PartFacts {
    /// Of the images' files as they were: name, size, times, inode.
    inputs: Option<Fingerprint>,
    /// Position of each row in the input, `[n]`.
    rows: Vec<usize>,
    skipped: Vec<(usize, String)>,
}

impl PartFacts {
    fn skipped<'a>(&'a self, inputs: &'a Inputs) -> impl Iterator<Item = Skipped> + 'a {
        self.skipped.iter().map(|(row, reason)| Skipped::new(&inputs.rows[*row].name, reason))
    }
}

/// `plan.json`: what the parts belong to.
#[derive(PartialEq, Serialize, Deserialize)]
struct PartPlan {
    embedder: EmbedderId,
    dim: usize,
    images: usize,
    part_rows: usize,
}

impl<'a> EmbeddingParts<'a> {
    /// Opens the parts of `output`, or begins them. Parts that are there count if the same embedder made them from the same images
    /// (name, size, times and inode of each file).
    ///
    /// # Errors
    /// [`Error::Invalid`] when the parts belong to another run, [`Error::Io`] when the folder cannot be written. A refusal changes
    /// nothing.
    pub fn open(
        output: &Path,
        embedder: &EmbedderId,
        dim: usize,
        inputs: &'a Inputs,
        part_rows: usize,
    ) -> Result<Self> {
        if part_rows == 0 || dim == 0 {
            return Err(Error::Invalid("embeddings need a width and parts of at least 1".into()));
        }
        EmbeddingsFormat::of(output)?;
        let mut folder = output.as_os_str().to_owned();
        folder.push(".parts");
        let folder = PathBuf::from(folder);
        let plan = PartPlan { embedder: embedder.clone(), dim, images: inputs.rows.len(), part_rows };
        let record = folder.join("plan.json");
        match std::fs::read_to_string(&record) {
            Ok(text) => match serde_json::from_str::<PartPlan>(&text) {
                Ok(found) if found == plan => {}
                Ok(found) => {
                    return Err(Error::Invalid(format!(
                        "{} holds an unfinished run of {} ({}) over {} images, this is {} ({}) over {}; give another --output, or \
                         remove that folder",
                        folder.display(),
                        found.embedder.name,
                        found.embedder.fingerprint.short(),
                        found.images,
                        embedder.name,
                        embedder.fingerprint.short(),
                        plan.images
                    )));
                }
                Err(e) => {
                    let reason = format!("is not the plan of an unfinished run ({e}); remove its folder");
                    return Err(Error::Malformed { path: record, line: None, reason });
                }
            },
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let json = serde_json::to_string(&plan).map_err(|e| Error::Invalid(e.to_string()))?;
                write_atomically(&record, json.as_bytes())?;
            }
            Err(e) => return Err(Error::io("read", &record)(e)),
        }
        let mut this = Self {
            output: output.to_path_buf(),
            folder,
            embedder: embedder.clone(),
            dim,
            inputs,
            part_rows,
            missing: Vec::new(),
            done: 0,
            skipped: Vec::new(),
            current: Part::default(),
        };
        for part in 0..this.part_count() {
            match this.read(part) {
                Ok((_, facts)) => this.skipped.extend(facts.skipped(inputs)),
                Err(_) => this.missing.extend(this.range(part)),
            }
        }
        Ok(this)
    }

    /// The images without an embedding, in order: [`EmbeddingParts::push`] or [`EmbeddingParts::skip`] take them one by one.
    pub fn missing(&self) -> &[usize] {
        &self.missing
    }

    /// The images that could not be read so far.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Adds the embedding `[D]` of image `row`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a row out of order or another width, [`Error::Io`] when the disk is full or read-only.
    pub fn push(&mut self, row: usize, embedding: &[f32]) -> Result<()> {
        if embedding.len() != self.dim {
            return Err(Error::Invalid(format!(
                "{} takes embeddings of width {}, got {}",
                self.output.display(),
                self.dim,
                embedding.len()
            )));
        }
        self.expect_next(row)?;
        self.current.values.extend_from_slice(embedding);
        self.current.facts.rows.push(row);
        self.end_row(row)
    }

    /// Notes that image `row` has no embedding, and why.
    ///
    /// # Errors
    /// As [`EmbeddingParts::push`].
    pub fn skip(&mut self, row: usize, reason: String) -> Result<()> {
        self.expect_next(row)?;
        self.skipped.push(Skipped::new(&self.inputs.rows[row].name, reason.clone()));
        self.current.facts.skipped.push((row, reason));
        self.end_row(row)
    }

    /// Puts the parts together in input order, renames the whole into its place and removes the parts.
    ///
    /// # Errors
    /// [`Error::Invalid`] when images are missing, [`Error::Io`] when the disk is full or read-only.
    pub fn publish(self) -> Result<Published> {
        if self.done < self.missing.len() {
            return Err(Error::Invalid(format!(
                "{} cannot be published: {} of {} images are not embedded; run the command again to go on",
                self.output.display(),
                self.missing.len() - self.done,
                self.inputs.rows.len()
            )));
        }
        let parts = (0..self.part_count()).map(|part| self.read(part)).collect::<Result<Vec<_>>>()?;
        let mut rows = Vec::new();
        let mut skipped = Vec::new();
        for (_, facts) in &parts {
            rows.extend_from_slice(&facts.rows);
            skipped.extend(facts.skipped(self.inputs));
        }
        let inputs = &self.inputs.rows;
        let all =
            |ids: Vec<Option<u32>>| ids.into_iter().map(|id| id.map(i64::from)).collect::<Option<Vec<i64>>>();
        // A row without a class among rows with classes: none has one, since a number that names nothing is worse.
        let labels = all(rows.iter().map(|&row| inputs[row].label).collect());
        let domains = all(rows.iter().map(|&row| inputs[row].domain).collect());
        let label_names = self.inputs.label_names.as_slice().iter().map(String::as_str).collect();
        let paths: TextColumn = rows.iter().map(|&row| inputs[row].name.as_str()).collect();
        let columns = Columns {
            rows: rows.len(),
            dim: self.dim,
            labels: labels.as_deref().filter(|_| !self.inputs.label_names.as_slice().is_empty()),
            label_names: &label_names,
            domains: domains.as_deref().filter(|_| !self.inputs.domain_names.as_slice().is_empty()),
            domain_names: self.inputs.domain_names.as_slice(),
            paths: &paths,
            embedder: Some(&self.embedder),
        };
        columns.write(&self.output, |out: &mut dyn Write| {
            for (file, facts) in &parts {
                let shape = [facts.rows.len(), self.dim];
                let bytes = file.tensor("embeddings", Dtype::F32, &shape).map_err(std::io::Error::other)?;
                out.write_all(bytes)?;
            }
            Ok(())
        })?;
        drop(parts);
        std::fs::remove_dir_all(&self.folder).map_err(Error::io("remove", &self.folder))?;
        Ok(Published { rows: rows.len(), skipped })
    }

    fn expect_next(&self, row: usize) -> Result<()> {
        match self.missing.get(self.done) {
            Some(&next) if next == row => Ok(()),
            next => Err(Error::Invalid(format!("image {row} is out of order, {next:?} is next"))),
        }
    }

    /// Counts the row, and writes the part that it ends.
    fn end_row(&mut self, row: usize) -> Result<()> {
        self.done += 1;
        let part = row / self.part_rows;
        if row + 1 == self.range(part).end {
            let mut done = std::mem::take(&mut self.current);
            done.facts.inputs = Some(self.stamps(part));
            self.write(part, &done)?;
        }
        Ok(())
    }

    fn part_count(&self) -> usize {
        self.inputs.rows.len().div_ceil(self.part_rows)
    }

    fn range(&self, part: usize) -> std::ops::Range<usize> {
        let start = part * self.part_rows;
        start..(start + self.part_rows).min(self.inputs.rows.len())
    }

    fn file(&self, part: usize) -> PathBuf {
        self.folder.join(format!("part-{part:06}.safetensors"))
    }

    /// What the files of a part are, without reading them.
    fn stamps(&self, part: usize) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe inputs");
        for row in &self.inputs.rows[self.range(part)] {
            all.field("name", row.name.as_bytes());
            match self.inputs.versions.get(&row.file) {
                Some(version) => all.field("version", version.as_bytes()),
                None => all.field("stamp", &stamp_bytes(&row.file)),
            };
        }
        all.finish()
    }

    fn write(&self, part: usize, content: &Part) -> Result<()> {
        let facts = serde_json::to_string(&content.facts).map_err(|e| Error::Invalid(e.to_string()))?;
        let shapes = [TensorShape::new("embeddings", Dtype::F32, [content.facts.rows.len(), self.dim])];
        let mut bytes = header(&shapes, &BTreeMap::from([(KEY.to_owned(), facts)]));
        bytes.extend(content.values.iter().flat_map(|v| v.to_le_bytes()));
        write_atomically(&self.file(part), &bytes)
    }

    /// A part that is whole and of the files as they are now.
    fn read(&self, part: usize) -> Result<(TensorFile, PartFacts)> {
        let file = TensorFile::open(&self.file(part))?;
        let text = file.metadata(KEY).ok_or_else(|| file.fault("is no part of embeddings".into()))?;
        let facts: PartFacts =
            serde_json::from_str(text).map_err(|e| file.fault(format!("metadata key `{KEY}`: {e}")))?;
        file.range("embeddings", Dtype::F32, &[facts.rows.len(), self.dim])?;
        let range = self.range(part);
        let all = facts.rows.iter().chain(facts.skipped.iter().map(|(row, _)| row));
        let fits = all.clone().count() == range.len() && all.clone().all(|row| range.contains(row));
        if !fits || facts.inputs != Some(self.stamps(part)) {
            return Err(file.fault("was made from other images".into()));
        }
        Ok((file, facts))
    }
}
