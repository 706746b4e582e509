//! `--set key=value`.

use super::{
    Takes,
    keys::{all, unknown},
};
use toml::{Table, Value};

/// Turns `optimizer.lr=1e-3` into a table with this one key, its value typed by what the key takes.
pub(super) fn parse_override(text: &str) -> Result<Table, String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("an override is written key=value".to_owned());
    };
    let (key, value) = (key.trim(), value.trim());
    let keys = all();
    let find = |key: &str| keys.iter().find(|(known, _)| known == key).map(|(_, field)| field.takes);
    let takes = find(key).ok_or_else(|| unknown(key))?;
    let mut sections = key.match_indices('.').map(|(dot, _)| &key[..dot]);
    if sections.any(|section| matches!(find(section), Some(Takes::Sections(_)))) {
        return Err(format!("`{key}` stands in a list; set it in the experiment file"));
    }
    let value = takes.typed(value);
    takes.check(key, &value)?;
    let mut parts = key.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let inner = Table::from_iter([(last.to_owned(), value)]);
    Ok(parts.fold(inner, |inner, name| Table::from_iter([(name.to_owned(), Value::Table(inner))])))
}
