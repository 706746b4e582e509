//! Which columns of a Parquet file hold images, their classes and domains.

use crate::{
    Result,
    files::is_plain_name,
    readers::{ListedImage, Listing},
    tables::{self, Builder, Lists},
};
use arrow_array::{Array, RecordBatch, cast::AsArray};
use arrow_schema::{DataType, Schema};
use std::path::{Path, PathBuf};

/// Rows whose classes and names are in memory at once while they are listed.
const CHUNK: usize = 4096;
/// The metadata key under which the data-set library of Hugging Face describes the columns.
const FEATURES: &str = "huggingface";

/// The column with the images of a Parquet file.
#[derive(Clone, Debug)]
pub(crate) struct ImageColumn {
    path: PathBuf,
    rows: usize,
    /// The column with the bytes, such as `image.bytes`.
    pub(super) bytes: Option<String>,
    /// The column with the name or the file of each image, such as `image.path`.
    pub(super) name: Option<String>,
    /// The column with one class or several.
    label: Option<String>,
    /// The names of the classes where they are numbers.
    class_names: Vec<String>,
    has_domain: bool,
}

impl ImageColumn {
    /// Finds the columns.
    ///
    /// # Errors
    /// Those of opening; [`crate::Error::Malformed`] lists the columns where none holds images.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::of(path, &tables::open(path)?)
    }

    pub(super) fn of(path: &Path, builder: &Builder) -> Result<Self> {
        let schema = builder.schema();
        let has = |name: &str| schema.column_with_name(name).is_some();
        let first = |names: &[&str]| names.iter().find(|name| has(name)).map(|name| (*name).to_owned());
        let (bytes, name) = images(schema);
        if bytes.is_none() && name.is_none() {
            let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            return Err(tables::fault(
                path,
                format!(
                    "has no column with images (`image` with `bytes` and `path`, `bytes`, or `path`); its columns are `{}`",
                    found.join("`, `")
                ),
            ));
        }
        let label = first(&["label", "labels"]);
        let class_names = label.as_deref().map(|label| class_names(builder, label)).unwrap_or_default();
        let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        Ok(Self {
            path: path.to_path_buf(),
            rows,
            bytes,
            name,
            label,
            class_names,
            has_domain: has("domain"),
        })
    }

    /// Rows of the file.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds every row to `listing`; `table` is the path of the file there. The bytes of the images are not read. A part that is damaged
    /// is listed as skipped.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] for a column of another type.
    pub(crate) fn list(&self, table: &Path, listing: &mut Listing) -> Result<()> {
        let wanted: Vec<&str> =
            [self.name.as_deref(), self.label.as_deref(), Some("domain")].into_iter().flatten().collect();
        let mut reader = tables::columns(&self.path, tables::open(&self.path)?, &wanted, CHUNK)?;
        let mut row = 0;
        loop {
            match tables::next(&self.path, &mut reader) {
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => {
                    let fault = |reason| tables::fault(&self.path, reason);
                    let columns = Columns::of(self, &batch).map_err(fault)?;
                    for at in 0..batch.num_rows() {
                        self.add(table, row, columns.row(at), listing);
                        row += 1;
                    }
                }
                Err(error) => {
                    let reason = format!("{error}; its rows from {row} on are left out");
                    listing.skip(table, reason);
                    return Ok(());
                }
            }
        }
    }

    fn add(&self, table: &Path, row: usize, facts: Row, listing: &mut Listing) {
        let path = match (&self.bytes, facts.name) {
            (None, Some(file)) => table.parent().unwrap_or(Path::new("")).join(file),
            (_, name) => {
                let name = name.as_deref().and_then(|name| name.rsplit(['/', '\\']).next());
                let path = table.join(row.to_string());
                match name.filter(|name| is_plain_name(name) && !name.starts_with("box=")) {
                    Some(name) => path.join(name),
                    None => path,
                }
            }
        };
        let mut labels = Vec::new();
        for label in facts.labels {
            match self.class_name(label) {
                Ok(name) => labels.extend(name),
                Err(reason) => return listing.skip(&path, reason),
            }
        }
        listing.images.push(ListedImage { path, labels, domain: facts.domain });
    }

    /// The name of a class. The data-set library writes -1 where there is none.
    fn class_name(&self, label: String) -> std::result::Result<Option<String>, String> {
        if self.class_names.is_empty() {
            return Ok(Some(label));
        }
        match label.parse::<i64>() {
            Ok(-1) => Ok(None),
            Ok(id) => {
                let name = usize::try_from(id).ok().and_then(|id| self.class_names.get(id));
                let count = self.class_names.len();
                name.cloned()
                    .map(Some)
                    .ok_or_else(|| format!("its class {id} is none of the {count} that the file names"))
            }
            Err(_) => Ok(Some(label)),
        }
    }
}

/// The wanted cells of some rows.
struct Columns {
    names: Vec<Option<String>>,
    labels: Lists,
    domains: Vec<Option<String>>,
}

/// What is known about an image.
struct Row {
    name: Option<String>,
    labels: Vec<String>,
    domain: Option<String>,
}

impl Columns {
    fn of(column: &ImageColumn, batch: &RecordBatch) -> std::result::Result<Self, String> {
        let texts = |name: &str| match cells(batch, name) {
            Some(cells) => tables::texts(cells).map_err(|e| format!("column `{name}` {e}")),
            None => Ok(Vec::new()),
        };
        let label = column.label.as_deref().unwrap_or_default();
        Ok(Self {
            names: column.name.as_deref().map_or(Ok(Vec::new()), texts)?,
            labels: match cells(batch, label) {
                Some(cells) => tables::lists(cells).map_err(|e| format!("column `{label}` {e}"))?,
                None => Vec::new(),
            },
            domains: if column.has_domain { texts("domain")? } else { Vec::new() },
        })
    }

    fn row(&self, at: usize) -> Row {
        Row {
            name: self.names.get(at).cloned().flatten().filter(|name| !name.is_empty()),
            labels: self.labels.get(at).cloned().unwrap_or_default(),
            domain: self.domains.get(at).cloned().flatten().filter(|domain| !domain.is_empty()),
        }
    }
}

/// A column, or a part of one: `image.path`.
pub(super) fn cells<'b>(batch: &'b RecordBatch, name: &str) -> Option<&'b dyn Array> {
    match name.split_once('.') {
        None => batch.column_by_name(name).map(|column| column.as_ref()),
        Some((whole, part)) => {
            let column = batch.column_by_name(whole)?.as_struct_opt()?;
            column.column_by_name(part).map(|column| column.as_ref())
        }
    }
}

/// The columns with the bytes and the names of images.
fn images(schema: &Schema) -> (Option<String>, Option<String>) {
    let is_bytes =
        |kind: &DataType| matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let known = |name: &str| matches!(name, "image" | "img" | "bytes" | "path" | "file_name");
    // Columns of the usual names first.
    let mut fields: Vec<_> = schema.fields().iter().collect();
    fields.sort_by_key(|field| !known(field.name()));
    for field in &fields {
        let DataType::Struct(parts) = field.data_type() else { continue };
        let part = |name: &str, is: &dyn Fn(&DataType) -> bool| {
            let found = parts.iter().find(|part| part.name() == name && is(part.data_type()));
            found.map(|_| format!("{}.{name}", field.name()))
        };
        if let Some(bytes) = part("bytes", &is_bytes) {
            return (Some(bytes), part("path", &is_text));
        }
    }
    let named = |is: &dyn Fn(&DataType) -> bool, usual: &[&str]| {
        let fits = |field: &&&std::sync::Arc<arrow_schema::Field>| {
            is(field.data_type()) && (usual.is_empty() || usual.contains(&field.name().as_str()))
        };
        fields.iter().find(fits).map(|field| field.name().clone())
    };
    (named(&is_bytes, &[]), named(&is_text, &["path", "file_name", "image"]))
}

/// The names of the classes of column `label`, where the data-set library of Hugging Face wrote them into the file.
fn class_names(builder: &Builder, label: &str) -> Vec<String> {
    let own = builder.schema().metadata().get(FEATURES).map(String::as_str);
    let text = own.or_else(|| tables::metadata(builder, FEATURES)).unwrap_or("null");
    let described: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let feature = &described["info"]["features"][label];
    let names = [&feature["names"], &feature["feature"]["names"]].into_iter().find(|names| names.is_array());
    names.and_then(|names| serde_json::from_value(names.clone()).ok()).unwrap_or_default()
}

/// Whether the file is a table of embeddings and not of images.
///
/// # Errors
/// Those of opening.
pub fn holds_embeddings(path: &Path) -> Result<bool> {
    let builder = tables::open(path)?;
    let (bytes, _) = images(builder.schema());
    Ok(bytes.is_none() && builder.schema().column_with_name("embedding").is_some())
}
