//! Stray quotes in a CSV. Where a field begins with a quote that nobody meant, the csv crate reads on to the next one, and the
//! rows between are lost in that field.

/// A quote that does not do what quotes are for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stray {
    /// Lines between the first line of the record and the one with the quote.
    pub(super) line: u64,
    /// One sentence without its full stop.
    pub(super) reason: String,
}

/// Looks for one in `record`: the bytes of a record as they are in the file, without line ends before it. Rows of the table have
/// `width` fields.
///
/// A quoted field may span lines. It may not run to the end of the file, nor go on behind its closing quote, nor hold lines that
/// would all be rows of the table if its first quote were not there.
pub(super) fn stray(record: &[u8], width: usize) -> Option<Stray> {
    if !record.contains(&b'"') {
        return None;
    }
    let fields = Fields { rest: record, line: 0 };
    let mut spanning: Vec<Spanning> = Vec::new();
    let mut count = 0;
    for field in fields {
        let line = field.line;
        match field.end {
            End::Plain => {}
            End::Open => {
                let reason = "a quote opens in this row and never closes".to_owned();
                return Some(Stray { line, reason });
            }
            End::Text => {
                let reason =
                    "a quote opens here and text follows where it closes; remove it, or write quotes \
                    inside of a quoted field twice"
                        .to_owned();
                return Some(Stray { line, reason });
            }
            End::Quoted => {
                let lines = commas_by_line(field.text);
                if lines.len() > 1 {
                    spanning.push(Spanning { position: count, line, lines });
                }
            }
        }
        count += 1;
    }
    let field = spanning.iter().find(|field| field.looks_like_rows(count, width))?;
    let reason = format!(
        "a quote opens here, and the {} lines up to the one where it closes look like rows of the table; remove it",
        field.lines.len()
    );
    Some(Stray { line: field.line, reason })
}

/// A quoted field of several lines.
struct Spanning {
    /// Position among the fields of its record.
    position: usize,
    /// As in [`Stray`].
    line: u64,
    /// Commas in each line that is not blank, at least two lines.
    lines: Vec<usize>,
}

impl Spanning {
    /// Whether every line would be a row of `width` fields without the quote; the record has `count` fields.
    fn looks_like_rows(&self, count: usize, width: usize) -> bool {
        let last = self.lines.len() - 1;
        self.lines.iter().enumerate().all(|(i, commas)| {
            let before = if i == 0 { self.position } else { 0 };
            let after = if i == last { count - self.position - 1 } else { 0 };
            before + commas + after + 1 == width
        })
    }
}

fn commas_by_line(text: &[u8]) -> Vec<usize> {
    let lines = text.split(|b| matches!(b, b'\r' | b'\n'));
    let commas = |line: &[u8]| line.iter().filter(|b| **b == b',').count();
    // The first and the last line hold other fields of the record as well, so they count where they are blank here.
    let all: Vec<&[u8]> = lines.collect();
    let last = all.len() - 1;
    let counted = all.iter().enumerate().filter(|(i, line)| *i == 0 || *i == last || !line.is_empty());
    counted.map(|(_, line)| commas(line)).collect()
}

/// How a field ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has no quotes around it.
    Plain,
    /// With a quote before the comma or the line end.
    Quoted,
    /// With a quote and text behind it.
    Text,
    /// Not at all: it is still open where the record ends.
    Open,
}

struct Field<'a> {
    /// What is between the quotes; of a plain field nothing.
    text: &'a [u8],
    /// The line on which it begins, as in [`Stray`].
    line: u64,
    end: End,
}

/// The fields of one record.
struct Fields<'a> {
    rest: &'a [u8],
    line: u64,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let line = self.line;
        let [first, inner @ ..] = self.rest else { return None };
        let ends = |b: &u8| matches!(b, b',' | b'\r' | b'\n');
        if *first != b'"' {
            let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
            self.rest = after(&self.rest[end..]);
            return Some(Field { text: &[], line, end: End::Plain });
        }
        let mut at = 0;
        let text = loop {
            let Some(quote) = inner[at..].iter().position(|b| *b == b'"') else {
                self.rest = &[];
                return Some(Field { text: inner, line, end: End::Open });
            };
            at += quote + 1;
            if inner.get(at) != Some(&b'"') {
                break &inner[..at - 1];
            }
            at += 1;
        };
        self.line += text.iter().filter(|b| **b == b'\n').count() as u64;
        let end = if inner.get(at).is_none_or(ends) { End::Quoted } else { End::Text };
        self.rest = after(&inner[at..]);
        Some(Field { text, line, end })
    }
}

/// What follows a field: nothing behind a line end or the end, what is behind a comma elsewhere. (A comma at the very end is
/// followed by an empty field, which has no quote and is not looked for.)
fn after(rest: &[u8]) -> &[u8] {
    match rest {
        [b',', rest @ ..] => rest,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(record: &str, width: usize) -> Option<(u64, String)> {
        stray(record.as_bytes(), width).map(|stray| (stray.line, stray.reason))
    }

    #[test]
    fn quotes_that_are_meant_are_left_alone() {
        for record in [
            "a,b\n",
            "\"a\",\"b, c\"\r\n",
            "\"say \"\"a\"\"\",b",
            "a,5\" pipe\n",
            "a, \"b\n",
            "a,\n",
            "\"\",\"\"\n",
            "\"two\nlines\",b\n",
            "\"two\r\nlines, and, commas\",b\r\n",
            "a,\"first\n\nthird\"\n",
            // As many commas in each line as rows have, but not in the right places.
            "\"a,\n,b\",c\n",
        ] {
            assert_eq!(found(record, 2), None, "{record:?}");
        }
    }

    #[test]
    fn a_quote_that_swallows_rows_is_found_on_its_line() {
        let rows = |record: &str, width| {
            found(record, width).map(|(line, reason)| (line, reason.contains("look like rows")))
        };
        assert_eq!(rows("a,\"b\nc,d\"\n", 2), Some((0, true)));
        assert_eq!(rows("a,\"b\r\n\r\nc,d\r\ne,f\"\r\n", 2), Some((0, true)));
        assert_eq!(rows("\"a,b\nc\",d\n", 2), Some((0, true)));
        assert_eq!(rows("\"x, y\",a,\"b\n1,2,3\n4,5,6\"\n", 3), Some((0, true)));
        assert_eq!(rows("\"x\ny\",a,\"b\n1,2,3\"\n", 3), Some((1, true)), "behind a field of two lines");
        assert_eq!(rows("\"a\nb\"\n", 1), Some((0, true)));
        assert_eq!(rows("a,\"b\nc\n d,e\"\n", 2), None, "the second line is no row");
        assert!(found("a,\"b\nc,\"d\n", 2).unwrap().1.contains("text follows"));
        assert!(found("a,\"b\"c\n", 2).unwrap().1.contains("text follows"));
        assert!(found("a,\"b\nc,d\n", 2).unwrap().1.contains("never closes"));
    }
}
