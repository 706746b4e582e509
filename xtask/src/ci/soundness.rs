//! Every unsafe block says why it is sound, and CI prints the list.

use super::sources;
use anyhow::{Result, bail};

/// How an argument begins.
const ARGUMENT: &str = "// SAFETY:";

/// A place that the compiler does not check.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// Counted from 1.
    line: usize,
    /// The argument's first line; `None` where there is none.
    argument: Option<String>,
}

/// Prints every unsafe block and implementation with its argument.
///
/// Fails when one has none: a comment that begins with `// SAFETY:` directly above, attributes between them aside.
pub(super) fn check() -> Result<()> {
    let mut bare = Vec::new();
    let mut count = 0;
    for source in sources::all()? {
        for Place { line, argument } in places(&source.text) {
            count += 1;
            match argument {
                Some(argument) => eprintln!("   {}:{line}: {argument}", source.path),
                None => bare.push(format!("{}:{line}", source.path)),
            }
        }
    }
    eprintln!("   {count} unsafe places");
    if !bare.is_empty() {
        bail!("unsafe without a `{ARGUMENT}` comment directly above:\n  {}", bare.join("\n  "));
    }
    Ok(())
}

/// The unsafe blocks and implementations of a file. An `unsafe fn` states its conditions in its docs; the blocks that call it argue.
fn places(text: &str) -> Vec<Place> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_place = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        // The words stand in texts and in this file's own patterns, too.
        (code.contains("unsafe {") || code.contains("unsafe impl")) && !code.contains('"')
    };
    let found = lines.iter().enumerate().filter(|(_, line)| is_place(line));
    found.map(|(i, _)| Place { line: i + 1, argument: argument(&lines[..i]) }).collect()
}

/// The argument in the comment that ends `above`.
fn argument(above: &[&str]) -> Option<String> {
    let belongs = |line: &&&str| line.starts_with("//") || line.starts_with("#[");
    let block: Vec<_> = above.iter().rev().take_while(belongs).collect();
    let first = block.iter().find(|line| line.starts_with(ARGUMENT))?;
    Some(first[ARGUMENT.len()..].trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_stands_directly_above() {
        let text = "// SAFETY: checked above,\n// and below.\n#[allow(x)]\nlet a = unsafe { f() };\n\nlet b = unsafe { f() };\n\
                    // SAFETY: far away.\nlet c = 1;\nlet d = unsafe { f() };\n// unsafe { in a comment }\nlet e = \"unsafe { in a text }\";\n\
                    // SAFETY: owned.\nunsafe impl Send for A {}\n";
        let found = places(text);
        let said = |argument: &str| Some(argument.to_owned());
        assert_eq!(
            found.iter().map(|p| (p.line, p.argument.clone())).collect::<Vec<_>>(),
            [(4, said("checked above,")), (6, None), (9, None), (13, said("owned."))]
        );
    }
}
