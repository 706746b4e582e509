//! Writing a segment.

use super::{Facts, KEY, NONE};
use crate::{
    Dtype, Rescore, Result,
    manifest::{FileEntry, Manifest},
};
use half::f16;
use mdfe_data::{
    Embeddings, Names,
    identity::Fingerprint,
    tensors::{TensorShape, TextColumn, header},
    write_atomically,
};
use mdfe_eval::{Int8Code, sign_bits};
use safetensors::Dtype as TensorDtype;
use std::{collections::BTreeMap, path::Path};

/// Tensors in the order in which they are written, the widest type first.
#[derive(Default)]
struct Tensors {
    shapes: Vec<TensorShape>,
    bytes: Vec<u8>,
}

impl Tensors {
    fn add(&mut self, name: &str, dtype: TensorDtype, shape: impl Into<Vec<usize>>, bytes: &[u8]) {
        self.shapes.push(TensorShape::new(name, dtype, shape));
        self.bytes.extend_from_slice(bytes);
    }
}

/// Writes `rows` of `from`, whose values are finite and of unit length, as a segment of the index in `dir`. The name says where its
/// ids begin and what it holds.
pub(crate) fn write(dir: &Path, manifest: &Manifest, from: &Embeddings, rows: &[usize]) -> Result<FileEntry> {
    let (n, dim) = (rows.len(), manifest.dim);
    let columns = Columns::of(from, rows);
    let values = Values::of(manifest, from, rows);
    let mut tensors = Tensors::default();
    for (name, column) in columns.texts() {
        tensors.add(&format!("{name}_ends"), TensorDtype::I64, [column.len()], &column.end_bytes());
    }
    for (name, ids) in [("labels", &columns.labels), ("domains", &columns.domains)] {
        if ids.iter().any(|id| *id != NONE) {
            let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            tensors.add(name, TensorDtype::U32, [n], &bytes);
        }
    }
    for (name, of_rows) in [("scales", &values.scales), ("errors", &values.errors)] {
        if !of_rows.is_empty() {
            tensors.add(name, TensorDtype::F32, [n], &floats(of_rows));
        }
    }
    let finer = match manifest.rescore {
        Rescore::None => None,
        Rescore::F16 => Some((TensorDtype::F16, halves(&values.finer))),
        Rescore::F32 => Some((TensorDtype::F32, floats(&values.finer))),
    };
    match manifest.dtype {
        Dtype::F32 => tensors.add("embeddings", TensorDtype::F32, [n, dim], &floats(&values.finer)),
        Dtype::F16 => tensors.add("embeddings", TensorDtype::F16, [n, dim], &halves(&values.finer)),
        Dtype::Int8 | Dtype::Binary => {}
    }
    if let Some((dtype, bytes)) = finer {
        tensors.add("rescore", dtype, [n, dim], &bytes);
    }
    match manifest.dtype {
        Dtype::Int8 => tensors.add("embeddings", TensorDtype::I8, [n, dim], &values.coarse),
        Dtype::Binary => tensors.add("signs", TensorDtype::U8, [n, dim.div_ceil(8)], &values.coarse),
        Dtype::F32 | Dtype::F16 => {}
    }
    for (name, column) in columns.texts() {
        tensors.add(name, TensorDtype::U8, [column.text_bytes().len()], column.text_bytes());
    }
    let facts = serde_json::to_string(&Facts { longest: values.longest })
        .map_err(|e| mdfe_data::Error::Invalid(e.to_string()))?;
    let mut bytes = header(&tensors.shapes, &BTreeMap::from([(KEY.to_owned(), facts)]));
    bytes.append(&mut tensors.bytes);
    let fingerprint = Fingerprint::of(&bytes);
    let file = format!("segment-{:010}-{}.safetensors", manifest.rows(), fingerprint.short());
    write_atomically(&dir.join(&file), &bytes)?;
    Ok(FileEntry { file, rows: n, bytes: bytes.len() as u64, fingerprint })
}

/// What is known about each row besides its values.
#[derive(Default)]
struct Columns {
    labels: Vec<u32>,
    label_names: TextColumn,
    domains: Vec<u32>,
    domain_names: TextColumn,
    paths: TextColumn,
}

impl Columns {
    fn of(from: &Embeddings, rows: &[usize]) -> Self {
        let (mut labels, mut domains) = (Names::default(), Names::default());
        let mut all = Self::default();
        for &row in rows {
            all.labels.push(from.label_name(row).map_or(NONE, |name| labels.position(&name)));
            all.domains.push(from.domain_name(row).map_or(NONE, |name| domains.position(name)));
            if !from.paths.is_empty() {
                all.paths.push(from.paths.get(row).unwrap_or_default());
            }
        }
        let column = |names: &Names| names.as_slice().iter().map(String::as_str).collect();
        (all.label_names, all.domain_names) = (column(&labels), column(&domains));
        all
    }

    fn texts(&self) -> impl Iterator<Item = (&'static str, &TextColumn)> {
        let all = [
            ("label_names", &self.label_names),
            ("domain_names", &self.domain_names),
            ("paths", &self.paths),
        ];
        all.into_iter().filter(|(_, column)| !column.is_empty())
    }
}

/// The values of the rows as they are stored.
#[derive(Default)]
struct Values {
    /// What rows are scored with, `[n, D]`: rounded to f16 where that is what is kept.
    finer: Vec<f32>,
    /// Bytes or bits.
    coarse: Vec<u8>,
    scales: Vec<f32>,
    errors: Vec<f32>,
    longest: f64,
}

impl Values {
    fn of(manifest: &Manifest, from: &Embeddings, rows: &[usize]) -> Self {
        let dim = manifest.dim;
        let mut all = Self::default();
        let mut codes = vec![0i8; dim];
        let mut bits = vec![0u8; dim.div_ceil(8)];
        let rounds = manifest.dtype == Dtype::F16 || manifest.rescore == Rescore::F16;
        for &row in rows {
            let row = &from.values[row * dim..(row + 1) * dim];
            let mut finer: Vec<f32> = row.to_vec();
            if rounds {
                finer.iter_mut().for_each(|v| *v = f16::from_f32(*v).to_f32());
            }
            match manifest.dtype {
                Dtype::F32 | Dtype::F16 => {}
                Dtype::Int8 => {
                    let code = Int8Code::encode(row, &mut codes);
                    all.scales.push(code.scale);
                    if manifest.rescore == Rescore::None {
                        code.decode(&codes, &mut finer);
                    } else {
                        all.errors.push(code.error(&codes, &finer));
                    }
                    all.coarse.extend_from_slice(bytemuck::cast_slice(&codes));
                }
                Dtype::Binary => {
                    sign_bits(row, &mut bits);
                    all.coarse.extend_from_slice(&bits);
                }
            }
            let square: f64 = finer.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
            // The last digits of the f64 sum, upwards.
            all.longest = all.longest.max(square.sqrt() * (1.0 + 1e-9));
            all.finer.extend_from_slice(&finer);
        }
        all
    }
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn halves(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()
}
