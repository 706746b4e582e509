//! Members of an archive on disk.

use anyhow::Result;
use mdfe_data::files::{WriteOptions, write_with};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

/// What came out of an archive.
#[derive(Default)]
pub(super) struct Unpacked {
    /// Members that are on disk now.
    pub(super) files: usize,
    /// Members that were left out, one sentence each.
    pub(super) refused: Vec<String>,
}

/// Bytes that are compared at once.
const BLOCK: usize = 1 << 16;

/// Writes a member of `size` bytes, unless a file of these very bytes is there. It appears whole, by a rename.
pub(super) fn write_member(target: &Path, size: u64, content: &mut impl Read) -> Result<()> {
    // One byte more than it claims is enough to refuse it: a member that inflates without end does not fill the disk.
    let mut content = content.take(size.saturating_add(1));
    let there =
        File::open(target).ok().filter(|f| f.metadata().is_ok_and(|m| m.is_file() && m.len() == size));
    let Compared { same, rest } = match there {
        Some(file) => compare(file, &mut content)?,
        None => Compared::default(),
    };
    if same == size && rest.is_empty() {
        return Ok(());
    }
    write_with(target, &WriteOptions::RESTARTABLE, |out| {
        let mut begin = if same > 0 { io::copy(&mut File::open(target)?.take(same), out)? } else { 0 };
        out.write_all(&rest)?;
        begin += rest.len() as u64;
        let written = begin + io::copy(&mut content, out)?;
        if written != size {
            let than = if written > size { "more" } else { "fewer" };
            return Err(io::Error::other(format!("the archive says it has {size} bytes and gives {than}")));
        }
        Ok(())
    })?;
    Ok(())
}

/// How far a file agrees with what is read beside it.
#[derive(Default)]
struct Compared {
    /// Bytes from the beginning that are the same.
    same: u64,
    /// What was read behind them, as far as it was.
    rest: Vec<u8>,
}

/// Reads `content` until it ends or the file differs.
fn compare(file: File, content: &mut impl Read) -> io::Result<Compared> {
    let mut file = BufReader::with_capacity(BLOCK, file);
    let (mut same, mut block, mut beside) = (0, Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
    loop {
        block.clear();
        beside.clear();
        content.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        file.by_ref().take(block.len() as u64).read_to_end(&mut beside)?;
        if block != beside {
            return Ok(Compared { same, rest: block });
        }
        if block.is_empty() {
            return Ok(Compared { same, rest: Vec::new() });
        }
        same += block.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_same_size_is_replaced_and_one_of_the_same_bytes_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let wanted: Vec<u8> = (0..3 * BLOCK + 7).map(|i| (i / 100) as u8).collect();
        let member =
            |bytes: &[u8], size| write_member(&target, size, &mut &bytes[..]).map_err(|e| e.to_string());
        let size = wanted.len() as u64;
        for wrong in [0, BLOCK - 1, BLOCK, 2 * BLOCK + 5, wanted.len() - 1] {
            let mut other = wanted.clone();
            other[wrong] ^= 1;
            std::fs::write(&target, other).unwrap();
            member(&wanted, size).unwrap();
            assert_eq!(std::fs::read(&target).unwrap(), wanted, "byte {wrong}");
        }
        let modified = || target.metadata().unwrap().modified().unwrap();
        let before = modified();
        member(&wanted, size).unwrap();
        assert_eq!(modified(), before);
        // A member that is longer or shorter than it says is refused, also where the file begins with it.
        let named = target.display().to_string();
        let refused = |error: std::result::Result<(), String>, than: &str| {
            let error = error.unwrap_err();
            assert!(error.contains(&named) && error.contains(&format!("gives {than}")), "{error}");
            assert_eq!(std::fs::read(&target).unwrap(), wanted);
        };
        refused(member(&[wanted.as_slice(), b"x"].concat(), size), "more");
        refused(member(&wanted[..BLOCK], size), "fewer");
        refused(member(&wanted[..10], size + 1), "fewer");
    }
}
