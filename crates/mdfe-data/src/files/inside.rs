//! Paths that come from an annotation file or an archive: do they stay inside their folder?

use std::path::{Component, Path, PathBuf};

/// `path` without its `.` parts, where it names something below the folder that it is relative to; `None` where it is
/// empty, absolute or leads out of the folder (any `..`). Links on disk are not looked at.
pub fn inside(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!clean.as_os_str().is_empty()).then_some(clean)
}

/// Whether `name` can be the name of one file or folder on every system: not empty, and no way out of its folder.
pub fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_inside_its_folder_is_cleaned_and_any_other_is_refused() {
        let cleaned = |path: &str| inside(Path::new(path));
        assert_eq!(cleaned("./a/./b.jpg"), Some("a/b.jpg".into()));
        assert_eq!(cleaned("..a/b..jpg"), Some("..a/b..jpg".into()));
        for outside in ["", ".", "./.", "/a", "..", "a/../../b", "a/../b", "../a"] {
            assert_eq!(cleaned(outside), None, "{outside}");
        }
    }

    #[test]
    fn a_plain_name_is_one_name() {
        assert!(["a", "..a", "long sleeve top", "…"].into_iter().all(is_plain_name));
        for name in ["", ".", "..", "a/b", "/", "a\\b", "a\0"] {
            assert!(!is_plain_name(name), "{name}");
        }
    }
}
