//! A mapped segment.

use super::{Facts, KEY, NONE, text::TextView};
use crate::{
    Dtype, Rescore, Result,
    manifest::{FileEntry, Manifest},
};
use half::{f16, slice::HalfFloatSliceExt};
use mdfe_data::tensors::{TensorFile, TextColumn};
use mdfe_eval::Int8Code;
use safetensors::Dtype as TensorDtype;
use std::{ops::Range, path::Path};

/// A mapped segment, its header and shapes checked.
#[derive(Debug)]
pub(crate) struct Segment {
    file: TensorFile,
    /// The id of its first row.
    pub(crate) first: u32,
    pub(crate) rows: usize,
    dim: usize,
    /// A length that no row that is scored with exceeds.
    pub(crate) longest: f64,
    coarse: Option<Coarse>,
    finer: Option<Finer>,
    labels: Option<Range<usize>>,
    label_names: TextColumn,
    domains: Option<Range<usize>>,
    domain_names: TextColumn,
    paths: Option<TextView>,
}

/// Where bytes or bits lie.
#[derive(Debug)]
enum Coarse {
    Int8 { codes: Range<usize>, scales: Range<usize>, errors: Option<Range<usize>> },
    Binary { bits: Range<usize> },
}

/// Where f32 or f16 values lie.
#[derive(Debug)]
enum Finer {
    F32(Range<usize>),
    F16(Range<usize>),
}

/// The values that a first pass looks at, all rows of the segment.
pub(crate) enum Store<'a> {
    /// `[n, D]`
    F32(&'a [f32]),
    /// `[n, D]`
    F16(&'a [f16]),
    /// `[n, D]` and `[n]` each.
    Int8 { codes: &'a [i8], scales: &'a [f32], errors: Option<&'a [f32]> },
    /// `[n, ceil(D / 8)]`
    Binary(&'a [u8]),
}

impl Segment {
    /// Opens the segment of `entry`, whose ids begin at `first`.
    pub(crate) fn open(dir: &Path, manifest: &Manifest, entry: &FileEntry, first: u32) -> Result<Self> {
        let file = TensorFile::open(&dir.join(&entry.file))?;
        let (n, dim) = (entry.rows, manifest.dim);
        let text = file.metadata(KEY).ok_or_else(|| file.fault("is no segment of an index".into()))?;
        let facts: Facts =
            serde_json::from_str(text).map_err(|e| file.fault(format!("metadata key `{KEY}`: {e}")))?;
        let optional = |name: &str, dtype| {
            file.shape(name).is_some().then(|| aligned(&file, name, dtype, &[n])).transpose()
        };
        let names = |name: &str| -> mdfe_data::Result<TextColumn> {
            let ends = file.shape(&format!("{name}_ends")).and_then(|(_, shape)| shape.first().copied());
            Ok(TextColumn::read(&file, name, ends.unwrap_or(0))?.unwrap_or_default())
        };
        let values = |name: &str, dtype| aligned(&file, name, dtype, &[n, dim]);
        let coarse = match manifest.dtype {
            Dtype::F32 | Dtype::F16 => None,
            Dtype::Int8 => Some(Coarse::Int8 {
                codes: values("embeddings", TensorDtype::I8)?,
                scales: aligned(&file, "scales", TensorDtype::F32, &[n])?,
                errors: match manifest.rescore {
                    Rescore::None => None,
                    _ => Some(aligned(&file, "errors", TensorDtype::F32, &[n])?),
                },
            }),
            Dtype::Binary => {
                Some(Coarse::Binary { bits: file.range("signs", TensorDtype::U8, &[n, dim.div_ceil(8)])? })
            }
        };
        let finer = match (manifest.dtype, manifest.rescore) {
            (Dtype::F32, _) => Some(Finer::F32(values("embeddings", TensorDtype::F32)?)),
            (Dtype::F16, _) => Some(Finer::F16(values("embeddings", TensorDtype::F16)?)),
            (_, Rescore::F32) => Some(Finer::F32(values("rescore", TensorDtype::F32)?)),
            (_, Rescore::F16) => Some(Finer::F16(values("rescore", TensorDtype::F16)?)),
            (_, Rescore::None) => None,
        };
        let (label_names, domain_names) = (names("label_names")?, names("domain_names")?);
        let paths = TextView::open(&file, "paths", n)?;
        let labels = optional("labels", TensorDtype::U32)?;
        let domains = optional("domains", TensorDtype::U32)?;
        let longest = facts.longest;
        Ok(Self {
            first,
            rows: n,
            dim,
            longest,
            coarse,
            finer,
            labels,
            label_names,
            domains,
            domain_names,
            paths,
            file,
        })
    }

    /// What the first pass of a search looks at.
    pub(crate) fn store(&self) -> Store<'_> {
        match (&self.coarse, &self.finer) {
            (Some(Coarse::Int8 { codes, scales, errors }), _) => Store::Int8 {
                codes: self.cast(codes),
                scales: self.cast(scales),
                errors: errors.as_ref().map(|range| self.cast(range)),
            },
            (Some(Coarse::Binary { bits }), _) => Store::Binary(self.cast(bits)),
            (None, Some(Finer::F16(range))) => Store::F16(self.cast(range)),
            (None, Some(Finer::F32(range))) => Store::F32(self.cast(range)),
            (None, None) => Store::F32(&[]),
        }
    }

    /// The values that rows are scored with in the end, where they are kept as f32 or f16.
    pub(crate) fn finer(&self) -> Option<Store<'_>> {
        self.finer.as_ref().map(|finer| match finer {
            Finer::F32(range) => Store::F32(self.cast(range)),
            Finer::F16(range) => Store::F16(self.cast(range)),
        })
    }

    /// Writes what the row at `position` is scored with, `[D]`.
    pub(crate) fn row(&self, position: usize, out: &mut [f32]) {
        let own = position * self.dim..(position + 1) * self.dim;
        match (&self.finer, &self.coarse) {
            (Some(Finer::F32(range)), _) => out.copy_from_slice(&self.cast::<f32>(range)[own]),
            (Some(Finer::F16(range)), _) => self.cast::<f16>(range)[own].convert_to_f32_slice(out),
            (None, Some(Coarse::Int8 { codes, scales, .. })) => {
                let scale = self.cast::<f32>(scales)[position];
                Int8Code { scale }.decode(&self.cast::<i8>(codes)[own], out);
            }
            (None, Some(Coarse::Binary { bits })) => {
                let bytes = self.dim.div_ceil(8);
                let bits = &self.cast::<u8>(bits)[position * bytes..(position + 1) * bytes];
                let unit = 1.0 / (self.dim as f32).sqrt();
                for (d, value) in out.iter_mut().enumerate() {
                    *value = if bits[d / 8] >> (d % 8) & 1 == 1 { unit } else { -unit };
                }
            }
            (None, None) => out.fill(0.0),
        }
    }

    /// The path of the row at `position`; `None` where it has none.
    pub(crate) fn path(&self, position: usize) -> Option<&str> {
        self.paths.as_ref()?.get(&self.file, position).filter(|path| !path.is_empty())
    }

    /// The name of its class.
    pub(crate) fn label(&self, position: usize) -> Option<&str> {
        self.label_names.get(*self.labels()?.get(position)? as usize)
    }

    /// The name of its domain.
    pub(crate) fn domain(&self, position: usize) -> Option<&str> {
        self.domain_names.get(*self.domains()?.get(position)? as usize)
    }

    /// The position of each row's class in the names, `[n]`.
    pub(crate) fn labels(&self) -> Option<&[u32]> {
        self.labels.as_ref().map(|range| self.cast(range))
    }

    /// The position of each row's domain in the names, `[n]`.
    pub(crate) fn domains(&self) -> Option<&[u32]> {
        self.domains.as_ref().map(|range| self.cast(range))
    }

    /// The names of its classes.
    pub(crate) fn label_names(&self) -> &TextColumn {
        &self.label_names
    }

    /// The names of its domains.
    pub(crate) fn domain_names(&self) -> &TextColumn {
        &self.domain_names
    }

    /// Reads everything that opening leaves unread; the first thing that does not fit.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        let named = |ids: Option<&[u32]>, names: &TextColumn| {
            ids.unwrap_or_default().iter().all(|&id| id == NONE || (id as usize) < names.len())
        };
        if !named(self.labels(), &self.label_names) || !named(self.domains(), &self.domain_names) {
            return Err("has a label or domain that names nothing".into());
        }
        let unread = |paths: &TextView| (0..self.rows).find(|&i| paths.get(&self.file, i).is_none());
        if let Some(i) = self.paths.as_ref().and_then(unread) {
            return Err(format!("row {i} has no readable path"));
        }
        let mut row = vec![0.0; self.dim];
        for i in 0..self.rows {
            self.row(i, &mut row);
            let square: f64 = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
            if square.is_nan() || square.sqrt() > self.longest {
                return Err(format!(
                    "row {i} has a value that is not finite, or is longer than the segment says"
                ));
            }
        }
        Ok(())
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    /// The values at `range`, which [`aligned`] has checked.
    fn cast<T: bytemuck::AnyBitPattern>(&self, range: &Range<usize>) -> &[T] {
        bytemuck::try_cast_slice(&self.file.bytes()[range.clone()]).unwrap_or_default()
    }
}

/// Where a tensor lies, if its values can be read in place.
fn aligned(
    file: &TensorFile,
    name: &str,
    dtype: TensorDtype,
    shape: &[usize],
) -> mdfe_data::Result<Range<usize>> {
    let range = file.range(name, dtype, shape)?;
    let width = dtype.bitsize() / 8;
    // A map begins at a page, so that the place in the file decides.
    if range.start.is_multiple_of(width) {
        Ok(range)
    } else {
        Err(file.fault(format!("tensor `{name}` is not aligned")))
    }
}
