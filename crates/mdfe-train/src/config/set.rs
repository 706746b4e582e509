//! `--set key=value`.

use super::schema::{self, Kind, check_value};
use toml::{Table, Value};

/// Turns `optimizer.lr=1e-3` into a table with this one key, its value typed by the schema.
pub(super) fn parse_override(text: &str) -> Result<Table, String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("an override is written key=value".to_owned());
    };
    let (key, value) = (key.trim(), value.trim());
    let keys = schema::keys();
    let Some(&(_, kind)) = keys.iter().find(|(known, _)| known == key) else {
        return Err(schema::unknown(key, &keys));
    };
    if key.starts_with("data.train.") || key.starts_with("data.eval.") {
        return Err(format!("`{key}` stands in a list; set it in the experiment file"));
    }
    let value = typed(value, kind);
    check_value(key, &value, kind)?;
    let parts = key.rsplit('.');
    let nested = parts.fold(value, |inner, name| Value::Table(Table::from_iter([(name.to_owned(), inner)])));
    match nested {
        Value::Table(table) => Ok(table),
        _ => Err(format!("`{key}` is no key")),
    }
}

/// The value as its key wants it; where it can't be, the text itself, which the check will refuse.
fn typed(text: &str, kind: Kind) -> Value {
    let plain = || Value::String(text.to_owned());
    match kind {
        Kind::Text | Kind::Choice(_) => plain(),
        Kind::Texts => {
            let parts = text.trim_matches(['[', ']']).split(',').map(|part| part.trim().trim_matches('"'));
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        Kind::Flag => text.parse().map_or_else(|_| plain(), Value::Boolean),
        Kind::Count(_) => text.parse().map_or_else(|_| plain(), Value::Integer),
        Kind::Number(..) => text.parse().map_or_else(|_| plain(), Value::Float),
        Kind::Betas | Kind::Numbers => {
            let parts =
                text.trim_matches(['[', ']']).split(',').map(|part| part.trim().parse().map(Value::Float));
            parts.collect::<Result<_, _>>().map_or_else(|_| plain(), Value::Array)
        }
    }
}
