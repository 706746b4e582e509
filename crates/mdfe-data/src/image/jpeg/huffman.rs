//! Huffman tables of a JPEG file.

use super::bits::Bits;

/// Bits that one look-up decides.
const LOOKUP: u32 = 10;

/// Codes of up to [`LOOKUP`] bits are looked up, longer ones are searched by length.
#[derive(Clone)]
pub(super) struct Huffman {
    /// `length << 8 | symbol` for the next bits; 0 for a longer code.
    lookup: Vec<u16>,
    /// A whole AC coefficient, code and value bits together: `value << 16 | run << 8 | length`; 0 where it is longer.
    coefficients: Vec<i32>,
    /// For each length: the first code behind those of this length, aligned to 16 bits.
    limit: [u32; 17],
    /// For each length: index of its first symbol minus its first code.
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length 1..=16 and the symbols; `None` if they are no prefix code.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            lookup: vec![0; 1 << LOOKUP],
            coefficients: vec![0; 1 << LOOKUP],
            limit: [0; 17],
            offset: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            table.offset[length as usize] = index as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                let symbol = *symbols.get(index)?;
                if code >= 1 << length {
                    return None;
                }
                if length <= LOOKUP {
                    let first = (code << (LOOKUP - length)) as usize;
                    let entry = (length as u16) << 8 | u16::from(symbol);
                    table.lookup[first..first + (1 << (LOOKUP - length))].fill(entry);
                }
                code += 1;
                index += 1;
            }
            table.limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        table.join_coefficients();
        Some(table)
    }

    fn join_coefficients(&mut self) {
        for bits in 0..1_u32 << LOOKUP {
            let entry = u32::from(self.lookup[bits as usize]);
            let (length, run, size) = (entry >> 8, entry >> 4 & 15, entry & 15);
            if length == 0 || size == 0 || length + size > LOOKUP {
                continue;
            }
            let value = (bits >> (LOOKUP - length - size) & ((1 << size) - 1)) as i32;
            let value = if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value };
            self.coefficients[bits as usize] = value << 16 | (run << 8 | (length + size)) as i32;
        }
    }

    /// Takes a code and returns its symbol; a refill comes first. A code that is in no table counts as symbol 0, as in
    /// libjpeg.
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> u8 {
        let entry = self.lookup[bits.peek(LOOKUP)];
        if entry != 0 {
            bits.skip(u32::from(entry >> 8));
            return entry as u8;
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits<'_>) -> u8 {
        let code = bits.peek(16) as u32;
        for length in LOOKUP + 1..=16 {
            if code < self.limit[length as usize] {
                bits.skip(length);
                let index = (code >> (16 - length)) as i32 + self.offset[length as usize];
                return self.symbols.get(index as usize).copied().unwrap_or(0);
            }
        }
        bits.skip(16);
        0
    }

    /// Takes an AC coefficient's code and value, if both fit the look-up: `(value, run)`; a refill comes first.
    #[inline(always)]
    pub(super) fn coefficient(&self, bits: &mut Bits<'_>) -> Option<(i32, usize)> {
        let entry = self.coefficients[bits.peek(LOOKUP)];
        if entry == 0 {
            return None;
        }
        bits.skip(entry as u32 & 0xFF);
        Some((entry >> 16, (entry >> 8 & 0xFF) as usize))
    }
}
