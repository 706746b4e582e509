//! The tables in a README, between markers.

use super::Figures;
use anyhow::{Context, Result, bail};
use std::path::Path;

const OPEN: &str = "<!-- results: ";
const END: &str = " -->";

/// The README's text.
pub(super) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The names between the markers, in order.
pub(super) fn names(text: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    replaced(text, |name| {
        names.push(name.to_owned());
        Ok(String::new())
    })?;
    Ok(names)
}

/// The text with every table as `results` has it.
pub(super) fn filled(text: &str, results: &Path) -> Result<String> {
    replaced(text, |name| Ok(Figures::read(results, name)?.block()))
}

/// The text with what `block` gives between the markers of each name.
fn replaced(text: &str, mut block: impl FnMut(&str) -> Result<String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (name, after) = after.split_once(END).with_context(|| format!("`{OPEN}` without `{END}`"))?;
        let close = format!("<!-- /results: {name}{END}");
        let Some((_, after)) = after.split_once(&close) else {
            bail!("`{OPEN}{name}{END}` without `{close}`");
        };
        out += &format!("{before}{OPEN}{name}{END}\n{}\n{close}", block(name)?);
        rest = after;
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_markers_is_replaced_and_nothing_else() {
        let text = "a\n<!-- results: x -->\nold\n<!-- /results: x -->\nb <!-- a comment -->\n<!-- results: y -->\n<!-- /results: y -->\n";
        let new = replaced(text, |name| Ok(format!("table {name}"))).unwrap();
        assert_eq!(
            new,
            "a\n<!-- results: x -->\ntable x\n<!-- /results: x -->\nb <!-- a comment -->\n<!-- results: y -->\ntable y\n<!-- /results: y -->\n"
        );
        assert_eq!(replaced(&new, |name| Ok(format!("table {name}"))).unwrap(), new, "it stays");
        assert_eq!(names(text).unwrap(), ["x", "y"]);
        let open = replaced("<!-- results: x -->\n", |_| Ok(String::new())).unwrap_err().to_string();
        assert!(open.contains("/results: x"), "{open}");
    }
}
