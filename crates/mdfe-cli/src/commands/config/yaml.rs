//! YAML as a tree of sections, lists and texts. What a text stands for (a number, `None`) is left to the reader of the keys.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

/// Sections inside each other; a config has four.
const DEPTH: usize = 32;

/// A section or list that is still open.
enum Open {
    Section { keys: Map<String, Value>, key: Option<String> },
    List(Vec<Value>),
}

/// The one document of a YAML text; null where it holds none. The error says what is wrong with it, and where.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let (mut open, mut document): (Vec<Open>, Option<Value>) = (Vec::new(), None);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| e.to_string().replace('\n', " "))?;
        let closed = match event {
            Event::Scalar(text, style, ..) => Some(scalar(&text, style)),
            Event::MappingStart(..) => {
                open.push(Open::Section { keys: Map::new(), key: None });
                None
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingEnd | Event::SequenceEnd => open.pop().map(|inner| match inner {
                Open::Section { keys, .. } => Value::Object(keys),
                Open::List(values) => Value::Array(values),
            }),
            Event::Alias(_) => return Err(at(&span, "an alias stands here; write the value out")),
            _ => None,
        };
        if open.len() > DEPTH {
            return Err(at(&span, "too many sections inside each other"));
        }
        let Some(value) = closed else { continue };
        match open.last_mut() {
            Some(Open::List(values)) => values.push(value),
            Some(Open::Section { keys, key }) => {
                put(keys, key, value).map_err(|problem| at(&span, &problem))?
            }
            None if document.is_some() => return Err(at(&span, "a second document begins; keep one")),
            None => document = Some(value),
        }
    }
    Ok(document.unwrap_or_default())
}

/// A key, or the value of the key before it.
fn put(keys: &mut Map<String, Value>, key: &mut Option<String>, value: Value) -> Result<(), String> {
    match (key.take(), value) {
        (None, Value::String(name)) => *key = Some(name),
        (None, _) => return Err("a key is no text".to_owned()),
        (Some(name), _) if keys.contains_key(&name) => {
            return Err(format!("`{name}` stands twice in its section"));
        }
        (Some(name), value) => drop(keys.insert(name, value)),
    }
    Ok(())
}

/// A key without a value has none; all else is a text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if text.is_empty() && style == ScalarStyle::Plain { Value::Null } else { text.into() }
}

fn at(span: &Span, problem: &str) -> String {
    format!("line {}: {problem}", span.start.line())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_read_section_by_section() {
        let text = "A:\n  b: 2e-2  # a rate\n  c: [1, 'x', {y: z}]\n  t: !!python/tuple [0.5]\nD:\nE: \"\"\nF:\n- 1\n- |\n  two\n";
        let expected = json!({
            "A": { "b": "2e-2", "c": ["1", "x", { "y": "z" }], "t": ["0.5"] }, "D": null, "E": "", "F": ["1", "two\n"]
        });
        assert_eq!(read(text), Ok(expected));
        assert_eq!(read("# nothing\n"), Ok(Value::Null));
    }

    #[test]
    fn what_is_no_document_says_why_and_where() {
        for (text, part) in [
            ("a: [1", "line"),
            ("--- 1\n--- 2\n", "line 2: a second document"),
            ("a: 1\na: 2\n", "line 2: `a` stands twice"),
            ("a: &x 1\nb: *x\n", "line 2: an alias"),
            ("[1]: 2\n", "a key is no text"),
            (&"[".repeat(40), "inside each other"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(part) && !problem.contains('\n'), "{text}: {problem}");
        }
    }
}
