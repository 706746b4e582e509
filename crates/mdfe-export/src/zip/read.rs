//! Reading an archive of stored entries back.

use super::ELSEWHERE;
use std::collections::BTreeMap;

/// Bytes of the record that ends an archive without a comment.
const END: usize = 22;
/// Bytes of the record before it that says where a directory of 64 bits ends.
const LOCATOR: usize = 20;

/// The entries of an archive, by name; `None` where its headers do not fit together, an entry is packed, or bytes are not those that
/// were written (CRC-32).
pub(crate) fn read(archive: &[u8]) -> Option<BTreeMap<String, &[u8]>> {
    let (count, start) = directory(archive)?;
    let mut entries = BTreeMap::new();
    let mut at = start;
    for _ in 0..count {
        signed(archive, at, b"PK\x01\x02")?;
        let [name_len, extra_len] = [28, 30].map(|field| number(archive, at + field, 2));
        let (name_len, extra_len) = (name_len?, extra_len?);
        let name = String::from_utf8(archive.get(at + 46..at + 46 + name_len)?.to_vec()).ok()?;
        let mut local = number(archive, at + 42, 4)?;
        if local == ELSEWHERE as usize {
            // Behind the extra field's own head of four bytes.
            local = number(archive, at + 46 + name_len + 4, 8)?;
        }
        entries.insert(name, content(archive, at, local)?);
        at += 46 + name_len + extra_len;
    }
    Some(entries)
}

/// How many entries the directory lists, and where it begins.
fn directory(archive: &[u8]) -> Option<(usize, usize)> {
    let end = archive.len().checked_sub(END)?;
    signed(archive, end, b"PK\x05\x06")?;
    match end.checked_sub(LOCATOR).filter(|at| signed(archive, *at, b"PK\x06\x07").is_some()) {
        Some(locator) => {
            let wide = number(archive, locator + 8, 8)?;
            signed(archive, wide, b"PK\x06\x06")?;
            Some((number(archive, wide + 32, 8)?, number(archive, wide + 48, 8)?))
        }
        None => Some((number(archive, end + 10, 2)?, number(archive, end + 16, 4)?)),
    }
}

/// The bytes of the entry that stands in the directory at `listed`, its own header at `local`.
fn content(archive: &[u8], listed: usize, local: usize) -> Option<&[u8]> {
    signed(archive, local, b"PK\x03\x04")?;
    // Method, time, CRC, sizes.
    let header = |at: usize| archive.get(at..at.checked_add(18)?);
    if header(listed + 10)? != header(local.checked_add(8)?)? || number(archive, listed + 10, 2)? != 0 {
        return None;
    }
    let (crc, size) = (number(archive, listed + 16, 4)?, number(archive, listed + 24, 4)?);
    let start = local + 30 + number(archive, local + 26, 2)? + number(archive, local + 28, 2)?;
    let bytes = archive.get(start..start.checked_add(size)?)?;
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    (sum.sum() as usize == crc).then_some(bytes)
}

/// A number of `length` bytes, little-endian.
fn number(archive: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = archive.get(at..at.checked_add(length)?)?;
    let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    usize::try_from(value).ok()
}

fn signed(archive: &[u8], at: usize, signature: &[u8; 4]) -> Option<()> {
    (archive.get(at..at.checked_add(4)?)? == signature).then_some(())
}
