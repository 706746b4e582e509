//! Data elements: a tag with type and size, then the data.

use super::Parsed;

/// Type of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Single,
    Double,
    Int64,
    Uint64,
    Matrix,
    Compressed,
    Utf8,
    Utf16,
    Utf32,
    Unknown,
}

impl Kind {
    fn of(code: u32) -> Self {
        match code {
            1 => Self::Int8,
            2 => Self::Uint8,
            3 => Self::Int16,
            4 => Self::Uint16,
            5 => Self::Int32,
            6 => Self::Uint32,
            7 => Self::Single,
            9 => Self::Double,
            12 => Self::Int64,
            13 => Self::Uint64,
            14 => Self::Matrix,
            15 => Self::Compressed,
            16 => Self::Utf8,
            17 => Self::Utf16,
            18 => Self::Utf32,
            _ => Self::Unknown,
        }
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) kind: Kind,
    pub(super) data: &'a [u8],
    big_endian: bool,
}

impl Element<'_> {
    /// The data as numbers. 64-bit integers above 2^53 lose their last digits.
    pub(super) fn numbers(&self) -> Parsed<Vec<f64>> {
        let numbers = match self.kind {
            Kind::Int8 => self.convert(|[b]: [u8; 1]| f64::from(b as i8)),
            Kind::Uint8 => self.convert(|[b]: [u8; 1]| f64::from(b)),
            Kind::Int16 => self.convert(|b| f64::from(i16::from_le_bytes(b))),
            Kind::Uint16 => self.convert(|b| f64::from(u16::from_le_bytes(b))),
            Kind::Int32 => self.convert(|b| f64::from(i32::from_le_bytes(b))),
            Kind::Uint32 => self.convert(|b| f64::from(u32::from_le_bytes(b))),
            Kind::Single => self.convert(|b| f64::from(f32::from_le_bytes(b))),
            Kind::Double => self.convert(f64::from_le_bytes),
            Kind::Int64 => self.convert(|b| i64::from_le_bytes(b) as f64),
            Kind::Uint64 => self.convert(|b| u64::from_le_bytes(b) as f64),
            other => return Err(format!("an element of type {other:?} stands where numbers belong")),
        };
        Ok(numbers)
    }

    /// The data as text.
    pub(super) fn text(&self) -> Parsed<String> {
        let units = || self.convert(u16::from_le_bytes);
        match self.kind {
            Kind::Utf8 => {
                String::from_utf8(self.data.to_vec()).map_err(|e| format!("text is not UTF-8: {e}"))
            }
            Kind::Int8 | Kind::Uint8 => Ok(self.data.iter().map(|b| char::from(*b)).collect()),
            Kind::Utf16 | Kind::Uint16 => {
                String::from_utf16(&units()).map_err(|e| format!("text is not UTF-16: {e}"))
            }
            Kind::Utf32 => {
                let codes = self.convert(u32::from_le_bytes);
                let chars =
                    codes.into_iter().map(|c| char::from_u32(c).ok_or("text is not UTF-32".to_owned()));
                chars.collect()
            }
            other => Err(format!("an element of type {other:?} stands where text belongs")),
        }
    }

    /// Whole items of N bytes each, turned to little-endian first; a rest that is too short is no item.
    fn convert<const N: usize, T>(&self, from: impl Fn([u8; N]) -> T) -> Vec<T> {
        let (items, _) = self.data.as_chunks::<N>();
        let turned = items.iter().map(|item| {
            let mut item = *item;
            if self.big_endian {
                item.reverse();
            }
            from(item)
        });
        turned.collect()
    }
}

/// The elements in a run of bytes, one after the other.
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    big_endian: bool,
}

impl<'a> Elements<'a> {
    pub(super) fn new(bytes: &'a [u8], big_endian: bool) -> Self {
        Self { rest: bytes, big_endian }
    }

    /// The next element; nothing at the end.
    pub(super) fn next(&mut self) -> Parsed<Option<Element<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (tag, body) = self.rest.split_first_chunk::<8>().ok_or("ends inside a tag")?;
        let [t0, t1, t2, t3, small @ ..] = *tag;
        let word = self.u32([t0, t1, t2, t3]);
        if word >> 16 != 0 {
            // A small element: size and type share four bytes, the data are the other four.
            let size = (word >> 16) as usize;
            let data =
                self.rest[4..8].get(..size).ok_or("a small element says it has more than four bytes")?;
            self.rest = body;
            return Ok(Some(Element { kind: Kind::of(word & 0xffff), data, big_endian: self.big_endian }));
        }
        let kind = Kind::of(word);
        let size = self.u32(small) as usize;
        let data = body.get(..size).ok_or_else(|| {
            format!(
                "an element says it has {size} bytes where {} are left; the file is cut off or damaged",
                body.len()
            )
        })?;
        // Data are padded to eight bytes, compressed ones are not; the padding may be missing at the very end.
        let step = if kind == Kind::Compressed { size } else { size.next_multiple_of(8) };
        self.rest = body.get(step..).unwrap_or_default();
        Ok(Some(Element { kind, data, big_endian: self.big_endian }))
    }

    /// The next element, which must be there.
    pub(super) fn expect(&mut self, what: &str) -> Parsed<Element<'a>> {
        self.next()?.ok_or_else(|| format!("ends where {what} should follow"))
    }

    fn u32(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}
