//! From a name that a user types to a row, and from a filter to rows.

use super::{Family, Pretrained, Source, table::rows};
use crate::{Error, Result};

/// How many near names an unknown one lists.
const NEAREST: usize = 5;

/// The row behind a name: timm's `NAME` (its default tag) or `NAME.TAG`, OpenCLIP's `ARCH/TAG` (or `ARCH` alone where it
/// has one tag).
///
/// # Errors
/// [`Error::UnknownBackbone`] lists the nearest names; for an OpenCLIP architecture without a tag, its tags.
pub fn pretrained(name: &str) -> Result<&'static Pretrained> {
    let of_name: Vec<_> = rows().iter().filter(|row| row.name == name).collect();
    match of_name.as_slice() {
        [row, ..] if row.source == Source::Timm => return Ok(row),
        [row] => return Ok(row),
        _ => {}
    }
    if let Some(row) = rows().iter().find(|row| row.full_name() == name) {
        return Ok(row);
    }
    let nearest = match of_name.as_slice() {
        [] => nearest(name),
        tags => tags.iter().map(|row| row.full_name()).collect(),
    };
    let quoted: Vec<String> = nearest.iter().map(|near| format!("`{near}`")).collect();
    Err(Error::UnknownBackbone { name: name.to_owned(), nearest: quoted.join(", ") })
}

/// The known full names most like `name`, the best first.
fn nearest(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let mut scored: Vec<(f64, String)> = rows()
        .iter()
        .map(|row| {
            let full = row.full_name();
            let whole = strsim::normalized_levenshtein(&lower, &full.to_lowercase());
            let bare = strsim::normalized_levenshtein(&lower, &row.name.to_lowercase());
            (whole.max(bare), full)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(NEAREST).map(|(_, full)| full).collect()
}

/// Which rows [`list`] keeps; the default keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this family. Default: all.
    pub family: Option<Family>,
    /// Only names that contain this, in any case. Default: all.
    pub name: Option<String>,
    /// Least width of the features. Default: 0.
    pub min_dim: usize,
    /// Greatest width of the features. Default: no limit.
    pub max_dim: Option<usize>,
    /// Greatest number of parameters, without the projection. Default: no limit.
    pub max_parameters: Option<u64>,
    /// Only this input size in pixels. Default: all.
    pub size: Option<usize>,
    /// Only models with a text tower. Default: all.
    pub text: bool,
}

/// The rows that fit `filter`, in the order of the table.
pub fn list(filter: &Filter) -> Vec<&'static Pretrained> {
    rows().iter().filter(|row| fits(row, filter)).collect()
}

fn fits(row: &Pretrained, filter: &Filter) -> bool {
    let part = filter.name.as_deref().map(str::to_lowercase);
    filter.family.is_none_or(|family| row.family == family)
        && part.is_none_or(|part| row.full_name().to_lowercase().contains(&part))
        && row.feature_dim >= filter.min_dim
        && filter.max_dim.is_none_or(|max| row.feature_dim <= max)
        && filter.max_parameters.is_none_or(|max| row.parameters <= max)
        && filter.size.is_none_or(|size| row.preprocess.size == [size, size])
        && (row.text.is_some() || !filter.text)
}
