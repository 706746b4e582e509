//! Texts as tensors: a million paths do not fit into a header.

use super::{TensorFile, TensorShape};
use crate::Result;
use safetensors::Dtype;

/// `n` texts in a row: their bytes, and where each ends. On disk `NAME [bytes]` (U8) and `NAME_ends [n]` (I64).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    bytes: Vec<u8>,
    ends: Vec<i64>,
}

impl TextColumn {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.bytes.extend(text.as_bytes());
        self.ends.push(self.bytes.len() as i64);
    }

    /// How many texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Text `i`; `None` past the end.
    pub fn get(&self, i: usize) -> Option<&str> {
        let end = *self.ends.get(i)? as usize;
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        std::str::from_utf8(&self.bytes[start..end]).ok()
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i).unwrap_or_default())
    }

    /// The tensors of a column, ends first: they are wider.
    pub fn shapes(&self, name: &str) -> [TensorShape; 2] {
        [
            TensorShape::new(ends(name), Dtype::I64, [self.len()]),
            TensorShape::new(name, Dtype::U8, [self.bytes.len()]),
        ]
    }

    /// The values of `NAME_ends`.
    pub fn end_bytes(&self) -> Vec<u8> {
        self.ends.iter().flat_map(|end| end.to_le_bytes()).collect()
    }

    /// The values of `NAME`.
    pub fn text_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the column `name` of `n` texts; `None` where the file has no such tensor.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] when the tensors do not fit `n` texts, or a text is not UTF-8.
    pub fn read(file: &TensorFile, name: &str, n: usize) -> Result<Option<Self>> {
        let Some((_, shape)) = file.shape(name) else { return Ok(None) };
        let length = shape.iter().product::<usize>();
        let bytes = file.tensor(name, Dtype::U8, &[length])?.to_vec();
        let ends = file.ints(&ends(name), n)?;
        let ordered = ends.is_sorted() && ends.first().is_none_or(|&first| first >= 0);
        if !ordered || ends.last().map_or(0, |&end| end as usize) != length {
            return Err(file.fault(format!("`{name}_ends` does not divide the {length} bytes of `{name}`")));
        }
        let column = Self { bytes, ends };
        match (0..n).find(|&i| column.get(i).is_none()) {
            Some(i) => Err(file.fault(format!("`{name}` is not UTF-8 in row {i}"))),
            None => Ok(Some(column)),
        }
    }
}

impl<'t> FromIterator<&'t str> for TextColumn {
    fn from_iter<I: IntoIterator<Item = &'t str>>(texts: I) -> Self {
        let mut column = Self::default();
        texts.into_iter().for_each(|text| column.push(text));
        column
    }
}

fn ends(name: &str) -> String {
    format!("{name}_ends")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::header;
    use std::collections::BTreeMap;

    fn write(path: &std::path::Path, column: &TextColumn) {
        let mut bytes = header(&column.shapes("paths"), &BTreeMap::new());
        bytes.extend(column.end_bytes());
        bytes.extend(column.text_bytes());
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn texts_survive_a_file_and_damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.safetensors");
        let column: TextColumn = ["a.jpg", "", "ä/b.jpg"].into_iter().collect();
        write(&path, &column);
        let file = TensorFile::open(&path).unwrap();
        assert_eq!(TextColumn::read(&file, "paths", 3).unwrap().unwrap(), column);
        assert_eq!(column.iter().collect::<Vec<_>>(), ["a.jpg", "", "ä/b.jpg"]);
        assert_eq!(column.get(3), None);
        assert!(TextColumn::read(&file, "other", 3).unwrap().is_none());
        assert!(TextColumn::read(&file, "paths", 2).is_err());
        let mut torn = column.clone();
        torn.ends[0] = 6;
        torn.ends[1] = 6;
        write(&path, &torn);
        let message =
            TextColumn::read(&TensorFile::open(&path).unwrap(), "paths", 3).unwrap_err().to_string();
        assert!(message.contains("not UTF-8"), "{message}");
        torn.ends[1] = 5;
        write(&path, &torn);
        let message =
            TextColumn::read(&TensorFile::open(&path).unwrap(), "paths", 3).unwrap_err().to_string();
        assert!(message.contains("does not divide"), "{message}");
    }
}
