//! Patterns of file names: `x-{000..010}.tar`, `{a,b}.parquet`, `train-*.parquet`.

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// More files than this are a slip of the pen.
const MOST: usize = 1_000_000;

/// Whether a path stands for several files.
fn is_pattern(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.contains(['{', '*']))
}

/// The files that `pattern` stands for, relative to `folder`: those of braces in the order of the pattern, also where they are not there,
/// those of a `*`, which stands for a part of a file's name, as they are there, sorted.
///
/// # Errors
/// [`Error::Missing`] when none is there, [`Error::Invalid`] for a range of too many.
pub(super) fn expand(folder: &Path, pattern: &Path) -> Result<Vec<PathBuf>> {
    if folder.join(pattern).is_file() {
        return Ok(vec![pattern.to_path_buf()]);
    }
    let mut files = Vec::new();
    for name in braces(&pattern.to_string_lossy())? {
        if name.contains('*') {
            files.extend(there(folder, Path::new(&name))?);
        } else {
            files.push(PathBuf::from(name));
        }
    }
    if files.iter().any(|file| folder.join(file).is_file()) {
        return Ok(files);
    }
    let remedy = match is_pattern(pattern) {
        true => "no file of this pattern is there",
        false => "name a .tar or .parquet file, or a pattern of them such as name-{000..010}.tar",
    };
    Err(Error::Missing { path: folder.join(pattern), remedy: remedy.to_owned() })
}

/// Every text that the braces of `pattern` stand for.
fn braces(pattern: &str) -> Result<Vec<String>> {
    let Some((before, (inner, after))) =
        pattern.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return Ok(vec![pattern.to_owned()]);
    };
    let choices = match inner.split_once("..") {
        Some((first, last)) => range(first, last).ok_or_else(|| {
            Error::Invalid(format!(
                "`{{{inner}}}` in {pattern} is no range of at most {MOST} numbers, such as {{000..010}}"
            ))
        })?,
        None => inner.split(',').map(str::to_owned).collect(),
    };
    // The last brace changes fastest, as in a shell.
    let rests = braces(after)?;
    let with =
        |choice: &String| rests.iter().map(|rest| format!("{before}{choice}{rest}")).collect::<Vec<_>>();
    Ok(choices.iter().flat_map(with).collect())
}

/// The numbers from first to last, with the zeros that the first begins with.
fn range(first: &str, last: &str) -> Option<Vec<String>> {
    let (low, high): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    let width = first.len();
    (low <= high && high - low < MOST).then(|| (low..=high).map(|n| format!("{n:0width$}")).collect())
}

/// The files of a pattern with a `*`, sorted.
fn there(folder: &Path, pattern: &Path) -> Result<Vec<PathBuf>> {
    let inside = pattern.parent().unwrap_or(Path::new(""));
    let wanted = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let parts: Vec<&str> = wanted.split('*').collect();
    let here = folder.join(inside);
    let here = if here.as_os_str().is_empty() { PathBuf::from(".") } else { here };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&here).map_err(Error::io("read", &here))? {
        let name = entry.map_err(Error::io("read", &here))?.file_name();
        if name.to_str().is_some_and(|name| fits(name, &parts)) {
            found.push(inside.join(name));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether `name` is made of `parts` with anything between them.
fn fits(name: &str, parts: &[&str]) -> bool {
    let [first, middle @ .., last] = parts else { return parts == [name] };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_ranges_with_leading_zeros_and_choices_in_the_order_of_a_shell() {
        assert_eq!(braces("x-{008..010}.tar").unwrap(), ["x-008.tar", "x-009.tar", "x-010.tar"]);
        assert_eq!(braces("{a,b}-{0..1}").unwrap(), ["a-0", "a-1", "b-0", "b-1"]);
        assert_eq!(braces("x.tar").unwrap(), ["x.tar"]);
        for bad in ["{3..1}", "{0..99999999}", "{a..b}"] {
            assert!(braces(bad).unwrap_err().to_string().contains(bad), "{bad}");
        }
    }

    #[test]
    fn a_star_is_any_part_of_a_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["train-01.tar", "train-00.tar", "test-00.tar", "train-00.txt"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let found = expand(dir.path(), Path::new("train-*.tar")).unwrap();
        assert_eq!(found, [PathBuf::from("train-00.tar"), "train-01.tar".into()]);
        let message = expand(dir.path(), Path::new("val-*.tar")).unwrap_err().to_string();
        assert!(message.contains("val-*.tar") && message.contains("no file of this pattern"), "{message}");
        // Of a range those that are not there are named, too.
        let found = expand(dir.path(), Path::new("test-{00..01}.tar")).unwrap();
        assert_eq!(found.len(), 2);
    }
}
