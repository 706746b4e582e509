//! Embeddings as a Parquet table: `path`, `label`, `domain` (text, null where unknown) and `embedding`, a list of D f32.
//!
//! Under the file's metadata keys lie, as in a safetensors file, `embedder`, `label_names` and `domains` (JSON). A table of somebody
//! else needs the column `embedding` alone: a list of floats, as long in every row.

mod rows;

pub(super) use rows::TableValues;

use super::{Embeddings, EmbeddingsFile, column::Column, read::Values, write::Columns};
use crate::{
    Result,
    files::{self, WriteOptions},
    tables,
};
use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::{
    arrow::ArrowWriter,
    basic::Compression,
    file::{metadata::KeyValue, properties::WriterProperties},
    schema::types::ColumnPath,
};
use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

/// The column of the embeddings.
pub(super) const EMBEDDING: &str = "embedding";
/// Rows that are in memory at once, apart from the writer's row group.
const CHUNK: usize = 1024;
/// Bytes of the embeddings of a row group, which the writer holds in memory.
const GROUP: usize = 64 << 20;

/// This build has Parquet.
pub(super) fn is_built(_: &Path) -> Result<()> {
    Ok(())
}

/// Writes the table; `embeddings` writes `rows * dim` little-endian f32.
pub(super) fn write(
    columns: &Columns<'_>,
    path: &Path,
    embeddings: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    files::write_with(path, &WriteOptions::default(), |out| {
        let schema = schema(columns.dim);
        let properties = properties(columns)?;
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
        let mut table = Table { columns, schema, writer, bytes: Vec::new(), row: 0 };
        embeddings(&mut table)?;
        table.put(usize::MAX)?;
        table.writer.close()?;
        Ok(())
    })
}

fn schema(dim: usize) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let list = DataType::FixedSizeList(element(), dim as i32);
    Arc::new(Schema::new(vec![
        text("path"),
        text("label"),
        text("domain"),
        Field::new(EMBEDDING, list, false),
    ]))
}

fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Float32, false))
}

fn properties(columns: &Columns<'_>) -> io::Result<WriterProperties> {
    let mut metadata = Vec::new();
    let mut add = |key: &str, json: serde_json::Result<String>| {
        json.map(|json| metadata.push(KeyValue::new(key.to_owned(), json)))
    };
    if let Some(embedder) = columns.embedder {
        add("embedder", serde_json::to_string(embedder))?;
    }
    if columns.labels.is_some() && !columns.label_names.is_empty() {
        add("label_names", serde_json::to_string(&columns.label_names.iter().collect::<Vec<_>>()))?;
    }
    if columns.domains.is_some() {
        add("domains", serde_json::to_string(columns.domain_names))?;
    }
    let floats = ColumnPath::from(vec![EMBEDDING.to_owned(), "list".into(), "element".into()]);
    let rows = (GROUP / (4 * columns.dim.max(1))).clamp(CHUNK, 1 << 20);
    Ok(WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        // Floats do not repeat: a dictionary of them costs time and saves nothing.
        .set_column_dictionary_enabled(floats, false)
        .set_max_row_group_row_count(Some(rows))
        .set_key_value_metadata(Some(metadata))
        .build())
}

/// Takes the bytes of the embeddings and writes rows.
struct Table<'a, W: Write + Send> {
    columns: &'a Columns<'a>,
    schema: SchemaRef,
    writer: ArrowWriter<W>,
    /// Those that are no whole chunk yet.
    bytes: Vec<u8>,
    /// The next row.
    row: usize,
}

impl<W: Write + Send> Table<'_, W> {
    /// Writes whole rows, at most `most`.
    fn put(&mut self, most: usize) -> io::Result<()> {
        let dim = self.columns.dim;
        let rows = (self.bytes.len() / (4 * dim)).min(most);
        if rows == 0 {
            return Ok(());
        }
        let rest = self.bytes.split_off(rows * dim * 4);
        let bytes = std::mem::replace(&mut self.bytes, rest);
        let values: Float32Array =
            bytes.as_chunks::<4>().0.iter().map(|b| Some(f32::from_le_bytes(*b))).collect();
        let range = self.row..self.row + rows;
        let columns = self.columns;
        let texts = |of: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
            Arc::new(range.clone().map(of).collect::<StringArray>())
        };
        let list = FixedSizeListArray::try_new(element(), dim as i32, Arc::new(values), None);
        let arrays: Vec<ArrayRef> = vec![
            texts(&|row| columns.paths.get(row).map(str::to_owned)),
            texts(&|row| columns.label(row)),
            texts(&|row| columns.domain(row).map(str::to_owned)),
            Arc::new(list.map_err(io::Error::other)?),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(io::Error::other)?;
        self.row += rows;
        Ok(self.writer.write(&batch)?)
    }
}

impl<W: Write + Send> Write for Table<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= CHUNK * self.columns.dim * 4 {
            self.put(CHUNK)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a table with a column `embedding`.
pub(super) fn open(path: &Path) -> Result<EmbeddingsFile> {
    let builder = tables::open(path)?;
    let fault = |reason: String| tables::fault(path, reason);
    let schema = Arc::clone(builder.schema());
    if schema.column_with_name(EMBEDDING).is_none() {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(fault(format!(
            "has no column `{EMBEDDING}` with lists of floats, as `mdfe embed` writes it; its columns are `{}`",
            names.join("`, `")
        )));
    }
    let json = |key: &str| -> Result<Option<serde_json::Value>> {
        let parse = |text| serde_json::from_str(text);
        let value = tables::metadata(&builder, key).map(parse).transpose();
        value.map_err(|e| fault(format!("metadata key `{key}`: {e}")))
    };
    let names = |key: &str| -> Result<Vec<String>> {
        let list = json(key)?.map(serde_json::from_value).transpose();
        Ok(list.map_err(|e| fault(format!("metadata key `{key}`: {e}")))?.unwrap_or_default())
    };
    let embedder = json("embedder")?.map(serde_json::from_value).transpose();
    let embedder = embedder.map_err(|e| fault(format!("metadata key `embedder`: {e}")))?;
    let (label_names, domain_names) = (names("label_names")?, names("domains")?);
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows())
        .map_err(|_| fault("has a negative number of rows".into()))?;

    let mut columns = ["path", "label", "domain"].map(|name| (name, Vec::<Option<String>>::new()));
    let mut reader = tables::columns(path, builder, &columns.each_ref().map(|(name, _)| *name), CHUNK)?;
    while let Some(batch) = tables::next(path, &mut reader)? {
        for (name, cells) in &mut columns {
            if let Some(column) = batch.column_by_name(name) {
                cells.extend(
                    tables::texts(column.as_ref()).map_err(|e| fault(format!("column `{name}` {e}")))?,
                );
            }
        }
    }
    let [(_, paths), (_, labels), (_, domains)] = columns;
    let ids = |cells: &[Option<String>], names: &[String]| {
        let mut column = Column::new(names);
        cells.iter().for_each(|cell| column.push(cell.as_deref()));
        column.finish()
    };
    let (labels, label_names) = ids(&labels, &label_names);
    let (domains, domain_names) = ids(&domains, &domain_names);
    let has_paths = paths.iter().any(Option::is_some);
    let paths = paths.iter().filter(|_| has_paths).map(|path| path.as_deref().unwrap_or_default()).collect();
    let values = TableValues::open(path)?;
    let facts = Embeddings {
        values: Vec::new(),
        dim: values.dim(),
        labels,
        label_names: label_names.iter().map(String::as_str).collect(),
        domains,
        domain_names,
        paths,
        embedder,
    };
    Ok(EmbeddingsFile { rows, facts, values: Values::Table(values) })
}
