//! TFRecord files: each record is its length (u64), the length's checksum, the data, the data's checksum; all little endian.
//!
//! See <https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>.

use super::crc32c::crc32c;

/// Bytes of a length and its checksum.
const HEAD: usize = 12;
/// Bytes of a checksum.
const CRC: usize = 4;

/// Appends a record to `out`.
pub(super) fn push(out: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    out.extend(length);
    out.extend(masked(&length));
    out.extend(data);
    out.extend(masked(data));
}

/// The records of a file, up to its end or to the first that is not whole: a kill may leave half of one.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, crc) = rest.get(..HEAD)?.split_at(8);
        if crc != masked(length) {
            return None;
        }
        let end = HEAD.checked_add(usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?)?;
        let (data, crc) = (rest.get(HEAD..end)?, rest.get(end..end.checked_add(CRC)?)?);
        if crc != masked(data) {
            return None;
        }
        rest = &rest[end + CRC..];
        Some(data)
    })
}

/// A checksum as the format stores it: turned, so that the checksum of data that holds checksums is not trivial.
fn masked(bytes: &[u8]) -> [u8; CRC] {
    crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_records_are_read_and_a_damaged_or_half_one_ends_the_file() {
        let mut file = Vec::new();
        for data in [b"one".as_slice(), b"", b"three"] {
            push(&mut file, data);
        }
        let read = |bytes: &[u8]| records(bytes).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(read(&file), [b"one".to_vec(), Vec::new(), b"three".to_vec()]);
        // Wherever a kill or a full disk cuts it.
        for end in 0..file.len() {
            let whole = [19, 35].into_iter().filter(|&record| record <= end).count();
            assert_eq!(read(&file[..end]).len(), whole, "cut after {end} bytes");
        }
        for byte in [0, 9, 13, 17] {
            let mut damaged = file.clone();
            damaged[byte] ^= 1;
            assert!(read(&damaged).is_empty(), "byte {byte}");
        }
    }
}
