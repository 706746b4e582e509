//! The 512 bytes in front of a member (POSIX ustar, with GNU's and pax's long names).

/// Headers and the bytes of members begin at multiples of this.
pub(super) const BLOCK: usize = 512;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// GNU: the name of the next member.
    LongName,
    /// pax: facts about the next member.
    Records,
    /// Says nothing that is needed, about the next member or all of them.
    Ignored,
    /// A folder, link or device.
    Other,
}

/// What is needed of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Bytes of the member.
    pub(super) size: u64,
    prefix: Vec<u8>,
    name: Vec<u8>,
}

impl Header {
    /// Reads a header and checks its sum.
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, String> {
        let sum = octal(&block[148..156]).ok_or("this is no header of a member")?;
        let counted = |byte: fn(u8) -> i64| -> i64 {
            let blank = i64::from(b' ') * 8;
            let around = block[..148].iter().chain(&block[156..]);
            around.map(|b| byte(*b)).sum::<i64>() + blank
        };
        // Some old programs added the bytes up as signed numbers.
        let sums = [counted(i64::from), counted(|b| i64::from(b as i8))];
        if !sums.contains(&(sum as i64)) {
            return Err(format!("the sum of the header is {}, it says {sum}", sums[0]));
        }
        let kind = match block[156] {
            0 | b'0' | b'7' => Kind::File,
            b'L' => Kind::LongName,
            b'x' => Kind::Records,
            b'K' | b'g' => Kind::Ignored,
            _ => Kind::Other,
        };
        let size = number(&block[124..136]).ok_or("the size of the member is no number")?;
        // Links name a size that takes no room.
        let size = if kind == Kind::Other && matches!(block[156], b'1'..=b'6') { 0 } else { size };
        let is_posix = block[257..263] == *b"ustar\0";
        Ok(Self {
            kind,
            size,
            prefix: if is_posix { text(&block[345..500]).to_vec() } else { Vec::new() },
            name: text(&block[..100]).to_vec(),
        })
    }

    /// The name as far as the header holds it.
    pub(super) fn name(&self) -> String {
        let name = String::from_utf8_lossy(&self.name);
        if self.prefix.is_empty() {
            return name.into_owned();
        }
        format!("{}/{name}", String::from_utf8_lossy(&self.prefix))
    }
}

/// The pairs of a pax record: `LENGTH KEY=VALUE\n`, one after the other, as far as they are whole.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let blank = rest.iter().position(|b| *b == b' ')?;
        let length: usize = std::str::from_utf8(&rest[..blank]).ok()?.parse().ok()?;
        let pair = rest.get(blank + 1..length.checked_sub(1)?)?;
        rest = rest.get(length..)?;
        std::str::from_utf8(pair).ok()?.split_once('=')
    })
}

/// The bytes up to the first zero.
fn text(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|b| *b == 0).unwrap_or(field.len())]
}

/// A number: octal digits, or, where the first bit is set, GNU's big-endian bytes.
fn number(field: &[u8]) -> Option<u64> {
    match field.split_first() {
        Some((first, rest)) if first & 0x80 != 0 => {
            let high = first & 0x7f;
            let (front, low) = rest.split_at(rest.len().checked_sub(8)?);
            let fits = high == 0 && front.iter().all(|b| *b == 0);
            fits.then(|| low.try_into().ok().map(u64::from_be_bytes)).flatten()
        }
        _ => octal(field),
    }
}

/// Octal digits between blanks; nothing is zero.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text(field)).ok()?.trim();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}
