//! The expressions of the code that this crate writes: calls, names, numbers and lists.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// `v1`, `self.norm_weight`, `None`, `True`.
    Name(String),
    /// `-1`, `1e-6`.
    Number(f64),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `torch.add(a, b)`.
    Call(String, Vec<Expression>),
}

impl Expression {
    /// Calls `f` with every name that is read.
    pub(super) fn names<'a>(&'a self, f: &mut impl FnMut(&'a str)) {
        match self {
            Self::Name(name) => f(name),
            Self::Number(_) => {}
            Self::List(parts) | Self::Call(_, parts) => parts.iter().for_each(|part| part.names(f)),
        }
    }
}

/// Reads one expression; `None` for any other text.
pub(super) fn parse(text: &str) -> Option<Expression> {
    let mut rest = text;
    let expression = expression(&mut rest)?;
    rest.is_empty().then_some(expression)
}

fn expression(rest: &mut &str) -> Option<Expression> {
    if let Some(inner) = rest.strip_prefix('[') {
        *rest = inner;
        return Some(Expression::List(parts(rest, ']')?));
    }
    let numeric = rest.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let mut before = ' ';
    let end = rest.find(|c: char| {
        // A sign belongs to a number at its start and behind its e.
        let sign = numeric && c == '-' && matches!(before, ' ' | 'e');
        before = c;
        !(sign || c.is_ascii_alphanumeric() || c == '_' || c == '.')
    });
    let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = behind;
    if numeric {
        return word.parse().ok().map(Expression::Number);
    }
    if word.is_empty() {
        return None;
    }
    if let Some(inner) = rest.strip_prefix('(') {
        *rest = inner;
        return Some(Expression::Call(word.to_owned(), parts(rest, ')')?));
    }
    Some(Expression::Name(word.to_owned()))
}

/// Expressions with commas between them, up to and with `close`.
fn parts(rest: &mut &str, close: char) -> Option<Vec<Expression>> {
    let mut parts = Vec::new();
    loop {
        if let Some(behind) = rest.strip_prefix(close) {
            *rest = behind;
            return Some(parts);
        }
        if !parts.is_empty() {
            *rest = rest.strip_prefix(", ")?;
        }
        parts.push(expression(rest)?);
    }
}

#[cfg(test)]
mod tests {
    use super::{Expression::*, parse};

    #[test]
    fn expressions_read_as_they_are_written() {
        let name = |name: &str| Name(name.to_owned());
        let call = |function: &str, parts| Call(function.to_owned(), parts);
        let norm = call("torch.norm", vec![name("v1"), List(vec![Number(-1.0)]), name("True")]);
        assert_eq!(parse("torch.norm(v1, [-1], True)"), Some(norm));
        let eps = call("torch.add", vec![call("f", vec![name("self.a_b")]), Number(1e-6)]);
        assert_eq!(parse("torch.add(f(self.a_b), 1e-6)"), Some(eps));
        assert_eq!(parse("[]"), Some(List(vec![])));
        for text in
            ["", "f(", "f(a", "f(a b)", "f(a,b)", "[a", "a b", "1-2", "f(a))", "\"a\"", "a + b", "(a)"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
