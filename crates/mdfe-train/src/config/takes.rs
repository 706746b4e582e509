//! What a key takes: its type and its range.

use super::{Choice, Field};
use std::fmt;
use toml::{Table, Value};

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Takes {
    /// Any text.
    Text,
    /// The address of a folder in a store, without anything that could be a credential: it ends up in run folders.
    Address,
    /// A list of texts.
    Texts,
    /// `true` or `false`.
    Flag,
    /// One of some names.
    Choice(Names),
    /// A whole number of at least this.
    Count(i64),
    /// A list of whole numbers of at least this.
    Counts(i64),
    /// A number in a range.
    Number(Range),
    /// Two numbers in a range.
    Pair(Range),
    /// What its owner takes, who checks it himself.
    Any,
    /// A section with keys of its own.
    Section(fn() -> Vec<Field>),
    /// A list of sections.
    Sections(fn() -> Vec<Field>),
}

/// The names that a key takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    /// As messages list them.
    pub(crate) list: fn() -> Vec<&'static str>,
    /// Whether a name is one of them, or an alias.
    pub(crate) knows: fn(&str) -> bool,
}

/// The numbers from one to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    least: f64,
    most: f64,
    /// Whether `most` itself is one of them.
    closed: bool,
}

impl Range {
    /// Every finite number.
    pub(crate) const ANY: Self = Self { least: f64::NEG_INFINITY, most: f64::INFINITY, closed: false };

    /// From `least` to `most`, both allowed.
    pub(crate) const fn to(least: f64, most: f64) -> Self {
        Self { least, most, closed: true }
    }

    /// From `least` to below `limit`.
    pub(crate) const fn below(least: f64, limit: f64) -> Self {
        Self { least, most: limit, closed: false }
    }

    fn holds(self, value: &Value) -> bool {
        let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
        number.is_some_and(|n| {
            n.is_finite() && n >= self.least && if self.closed { n <= self.most } else { n < self.most }
        })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { least, most, .. } if least.is_infinite() && most.is_infinite() => Ok(()),
            Self { least, most, closed: true } => write!(f, " from {least} to {most}"),
            Self { least, most, closed: false } => write!(f, " from {least} to below {most}"),
        }
    }
}

impl Takes {
    /// One of the names of `T`.
    pub(crate) const fn choice<T: Choice>() -> Self {
        Self::Choice(Names { list: T::names, knows: T::knows })
    }

    /// `Ok` if the value is what `key` takes, the keys inside sections apart; the error is a sentence that names the key.
    pub(crate) fn check(self, key: &str, value: &Value) -> Result<(), String> {
        let fits = match self {
            Self::Text => value.is_str(),
            Self::Address => value.as_str().is_some_and(is_plain_address),
            Self::Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_str)),
            Self::Flag => value.is_bool(),
            Self::Choice(names) => value.as_str().is_some_and(names.knows),
            Self::Count(least) => value.as_integer().is_some_and(|n| n >= least),
            Self::Counts(least) => value
                .as_array()
                .is_some_and(|all| all.iter().all(|n| n.as_integer().is_some_and(|n| n >= least))),
            Self::Number(range) => range.holds(value),
            Self::Pair(range) => {
                value.as_array().is_some_and(|all| all.len() == 2 && all.iter().all(|v| range.holds(v)))
            }
            Self::Any => true,
            Self::Section(_) => value.is_table(),
            Self::Sections(_) => value.as_array().is_some_and(|all| all.iter().all(Value::is_table)),
        };
        if fits {
            return Ok(());
        }
        let found = describe(value);
        Err(match self {
            Self::Section(_) => format!("`{key}` is a section, not {found}: write [{key}]"),
            Self::Sections(_) => format!("`{key}` is a list of sections, not {found}: write [[{key}]]"),
            // What was given may hold a secret.
            Self::Address => format!("`{key}` takes {self}"),
            _ => format!("`{key}` is {found}; it takes {self}"),
        })
    }

    /// The value that a text on the command line stands for; where it is none, the text itself, which the check will refuse.
    pub(crate) fn typed(self, text: &str) -> Value {
        let plain = || Value::String(text.to_owned());
        let inner = text.trim_matches(['[', ']']);
        match self {
            Self::Text | Self::Address | Self::Choice(_) | Self::Section(_) | Self::Sections(_) => plain(),
            Self::Texts => {
                let parts = inner.split(',').map(|part| part.trim().trim_matches('"').to_owned());
                Value::Array(parts.map(Value::String).collect())
            }
            Self::Flag => text.parse().map_or_else(|_| plain(), Value::Boolean),
            Self::Count(_) => text.parse().map_or_else(|_| plain(), Value::Integer),
            Self::Counts(_) => {
                let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
                let parts = parts.map(|part| part.parse().map(Value::Integer));
                parts.collect::<Result<_, _>>().map_or_else(|_| plain(), Value::Array)
            }
            Self::Number(_) => text.parse().map_or_else(|_| plain(), Value::Float),
            Self::Pair(_) => {
                let parts = inner.split(',').map(|part| part.trim().parse().map(Value::Float));
                parts.collect::<Result<_, _>>().map_or_else(|_| plain(), Value::Array)
            }
            Self::Any => {
                let read = |text: &str| format!("value = {text}").parse::<Table>().ok()?.remove("value");
                read(text).or_else(|| read(&format!("[{text}]"))).unwrap_or_else(plain)
            }
        }
    }
}

impl fmt::Display for Takes {
    /// What follows "it takes".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a text"),
            Self::Address => f.write_str(
                "an address such as s3://bucket/folder, without a user name, password or query: credentials come from the environment",
            ),
            Self::Texts => f.write_str("a list of texts"),
            Self::Flag => f.write_str("true or false"),
            Self::Choice(names) => write!(f, "one of {}", (names.list)().join(", ")),
            Self::Count(least) => write!(f, "a whole number of at least {least}"),
            Self::Counts(least) => write!(f, "a list of whole numbers of at least {least}"),
            Self::Number(range) => write!(f, "a number{range}"),
            Self::Pair(range) => write!(f, "two numbers, each{range}"),
            Self::Any => f.write_str("a value"),
            Self::Section(_) => f.write_str("a section"),
            Self::Sections(_) => f.write_str("a list of sections"),
        }
    }
}

/// Whether a text is an address without user name, password and query.
fn is_plain_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    !scheme.is_empty() && !rest.is_empty() && !host.contains('@') && !rest.contains('?')
}

/// A value in a message.
fn describe(value: &Value) -> String {
    match value {
        Value::Table(_) => "a section".to_owned(),
        other => other.to_string().replace('\n', " "),
    }
}
