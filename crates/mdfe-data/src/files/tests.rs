//! Whole or not there, whatever the options.

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

/// Every combination of options.
fn all() -> Vec<WriteOptions> {
    let mut all = Vec::new();
    for existing in [Existing::Replace, Existing::Refuse] {
        for beside in [Beside::Unique, Beside::Same] {
            all.extend([true, false].map(|sync| WriteOptions { existing, sync, beside }));
        }
    }
    all
}

#[test]
fn a_file_is_there_with_its_folders_and_nothing_is_beside_it() {
    for options in all() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/list.csv");
        write(&path, &options, b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(path.parent().unwrap()), ["list.csv"], "{options:?}");
    }
}

#[test]
fn nobody_sees_half_a_file_and_a_failure_leaves_what_was_there() {
    for options in all().into_iter().filter(|o| o.existing == Existing::Replace) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("list.csv");
        write(&path, &options, b"old").unwrap();
        let failed = write_with(&path, &options, |out| {
            // More than the buffer holds, so that some of it is on disk.
            out.write_all(&vec![b'n'; 1 << 18])?;
            assert_eq!(std::fs::read(&path).unwrap(), b"old");
            Err::<(), _>(io::Error::other("the source ended"))
        });
        let message = failed.unwrap_err().to_string();
        assert_eq!(message, format!("cannot write {}: the source ended", path.display()));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(root.path()), ["list.csv"], "{options:?}");
        assert_eq!(write_with(&path, &options, |out| out.write_all(b"new").map(|()| 7)).unwrap(), 7);
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }
}

#[test]
fn a_file_that_must_not_be_replaced_stays_also_when_it_appears_meanwhile() {
    for options in all().into_iter().filter(|o| o.existing == Existing::Refuse) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("model.safetensors");
        let refused = |result: Result<()>| {
            let error = result.unwrap_err();
            assert!(matches!(&error, Error::Exists { path: p } if *p == path), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
            assert_eq!(names(root.path()), ["model.safetensors"], "{options:?}");
        };
        let appears = write_with(&path, &options, |out| {
            std::fs::write(&path, b"theirs")?;
            out.write_all(b"ours")
        });
        refused(appears);
        refused(write_with(&path, &options, |_| panic!("nothing is made for a path that is taken")));
    }
}

#[test]
fn what_a_kill_leaves_is_overwritten_by_the_same_name_and_removed_by_any() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("1.jpg");
    let leftovers = [".mdfe-1.jpg.tmp", ".mdfe-a8Fk2.tmp"];
    leftovers.iter().for_each(|name| std::fs::write(root.path().join(name), b"a longer half").unwrap());
    write(&path, &WriteOptions::RESTARTABLE, b"whole").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    assert_eq!(names(root.path()), [".mdfe-a8Fk2.tmp", "1.jpg"]);
    remove_leftovers(root.path(), std::time::Duration::from_secs(3600)).unwrap();
    assert_eq!(names(root.path()).len(), 2, "a young one may be somebody else's");
    remove_leftovers(root.path(), std::time::Duration::ZERO).unwrap();
    assert_eq!(names(root.path()), ["1.jpg"]);
}

#[cfg(unix)]
#[test]
fn a_file_has_the_mode_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
    std::fs::write(root.path().join("usual"), b"").unwrap();
    for options in all() {
        let path = root.path().join(format!("{options:?}"));
        write(&path, &options, b"").unwrap();
        assert_eq!(mode(&path), mode(&root.path().join("usual")), "{options:?}");
    }
}

#[test]
fn errors_name_the_file_or_its_folder() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    write_atomically(&file, b"").unwrap();
    for options in all() {
        let message = write(&file.join("below"), &options, b"").unwrap_err().to_string();
        assert!(message.contains(&file.display().to_string()), "{message}");
    }
}
