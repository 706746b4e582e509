//! A ZIP archive of stored entries, written in one go: each entry's bytes begin at a multiple of 64, as PyTorch's own archives
//! have it, so that a reader may map them. Beyond 4 GiB the directory is ZIP64.

mod read;

pub(crate) use read::read;
use std::io::{self, Write};

/// Where the bytes of an entry begin, in bytes: multiples of this.
const ALIGNMENT: u64 = 64;
/// PyTorch's extra field, which only fills.
const FILLER: &[u8; 2] = b"FB";
/// Values of 32 bits that stand in a ZIP64 extra field instead.
const ELSEWHERE: u32 = u32::MAX;
/// 1980-01-01, the first day that ZIP knows: the same model has the same bytes.
const DATE: u16 = (1 << 5) | 1;

/// A written entry, for the directory.
struct Entry {
    name: String,
    crc: u32,
    size: u32,
    offset: u64,
}

/// An archive under construction.
pub(crate) struct Archive<'a> {
    out: &'a mut dyn Write,
    written: u64,
    entries: Vec<Entry>,
}

/// The fields that a local header and a directory entry share.
struct Common<'a> {
    entry: &'a Entry,
    /// 10, or 45 where ZIP64 is needed.
    version: u16,
    extra: u16,
}

impl<'a> Archive<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, written: 0, entries: Vec::new() }
    }

    /// Adds an entry of at most 4 GiB.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let too_large = || io::Error::other(format!("{name} has more than 4 GiB"));
        let size = u32::try_from(bytes.len()).ok().filter(|s| *s != ELSEWHERE).ok_or_else(too_large)?;
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let entry = Entry { name: name.to_owned(), crc: crc.sum(), size, offset: self.written };
        // 30 bytes of header, the name, 4 bytes of the extra field before its filling.
        let start = self.written + 30 + name.len() as u64 + 4;
        let fill = start.next_multiple_of(ALIGNMENT) - start;
        let mut header = b"PK\x03\x04".to_vec();
        Common { entry: &entry, version: 10, extra: 4 + fill as u16 }.write(&mut header);
        header.extend_from_slice(name.as_bytes());
        header.extend_from_slice(FILLER);
        header.extend((fill as u16).to_le_bytes());
        header.resize(header.len() + fill as usize, b'Z');
        self.put(&header)?;
        self.put(bytes)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes the directory.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let start = self.written;
        let entries = std::mem::take(&mut self.entries);
        for entry in &entries {
            let far = entry.offset >= u64::from(ELSEWHERE);
            let mut record = b"PK\x01\x02".to_vec();
            let version: u16 = if far { 45 } else { 10 };
            record.extend(version.to_le_bytes());
            Common { entry, version, extra: if far { 12 } else { 0 } }.write(&mut record);
            // No comment, first disk, no attributes.
            record.extend([0; 10]);
            record.extend(u32::try_from(entry.offset).unwrap_or(ELSEWHERE).to_le_bytes());
            record.extend_from_slice(entry.name.as_bytes());
            if far {
                record.extend([1, 0, 8, 0]);
                record.extend(entry.offset.to_le_bytes());
            }
            self.put(&record)?;
        }
        let size = self.written - start;
        let count = entries.len() as u64;
        if self.written >= u64::from(ELSEWHERE) || count >= u64::from(u16::MAX) {
            self.zip64_end(count, size, start)?;
        }
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        let count = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
        end.extend(count);
        end.extend(count);
        end.extend(u32::try_from(size).unwrap_or(ELSEWHERE).to_le_bytes());
        end.extend(u32::try_from(start).unwrap_or(ELSEWHERE).to_le_bytes());
        end.extend([0, 0]);
        self.put(&end)
    }

    /// The end of a directory of 64 bits and where it lies.
    fn zip64_end(&mut self, count: u64, size: u64, start: u64) -> io::Result<()> {
        let at = self.written;
        let mut end = b"PK\x06\x06".to_vec();
        end.extend(44_u64.to_le_bytes());
        end.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [count, count, size, start] {
            end.extend(value.to_le_bytes());
        }
        end.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        end.extend(at.to_le_bytes());
        end.extend(1_u32.to_le_bytes());
        self.put(&end)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

impl Common<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let Entry { name, crc, size, .. } = self.entry;
        out.extend(self.version.to_le_bytes());
        // No flags, stored, midnight.
        out.extend([0; 6]);
        out.extend(DATE.to_le_bytes());
        for value in [*crc, *size, *size] {
            out.extend(value.to_le_bytes());
        }
        out.extend((name.len() as u16).to_le_bytes());
        out.extend(self.extra.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_and_begin_at_multiples_of_64() {
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes);
        let entries = [("a/data.pkl", vec![1; 3]), ("a/data/0", vec![2; 1000]), ("a/empty", Vec::new())];
        for (name, data) in &entries {
            archive.add(name, data).unwrap();
        }
        archive.finish().unwrap();
        let found = read(&bytes).unwrap();
        assert_eq!(found.len(), entries.len());
        for (name, data) in &entries {
            let entry = found[*name];
            assert_eq!(entry, data);
            assert_eq!((entry.as_ptr() as usize - bytes.as_ptr() as usize) % 64, 0, "{name}");
        }
        let mut other = bytes.clone();
        let content = found["a/data/0"].as_ptr() as usize - bytes.as_ptr() as usize;
        other[content + 999] = 3;
        assert!(read(&other).is_none(), "a byte that differs is seen");
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_none(), "cut after {length} bytes");
        }
    }
}
