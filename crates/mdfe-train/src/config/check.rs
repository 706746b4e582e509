//! Does a table hold known keys alone, each with a value that it takes?

use super::{
    Field, Takes,
    keys::{joined, top, unknown},
};
use toml::{Table, Value};

/// Checks keys, types and ranges; the error is a sentence that names the key.
pub(crate) fn check(table: &Table) -> Result<(), String> {
    check_section("", &top(), table)
}

fn check_section(section: &str, fields: &[Field], table: &Table) -> Result<(), String> {
    for (name, value) in table {
        let key = joined(section, name);
        let field = fields.iter().find(|field| field.name == name).ok_or_else(|| unknown(&key))?;
        field.takes.check(&key, value)?;
        match (field.takes, value) {
            (Takes::Section(keys), Value::Table(inner)) => check_section(&key, &keys(), inner)?,
            (Takes::Sections(keys), Value::Array(parts)) => {
                parts
                    .iter()
                    .filter_map(Value::as_table)
                    .try_for_each(|inner| check_section(&key, &keys(), inner))?;
            }
            _ => {}
        }
    }
    Ok(())
}
