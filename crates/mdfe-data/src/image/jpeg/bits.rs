//! Bits of entropy-coded data, with byte stuffing undone.

/// Reads bits from the most significant on, and stops in front of a marker.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    position: usize,
    /// The next bits, from the top. Below `count` there may be bits of bytes that are not yet taken.
    buffer: u64,
    count: u32,
    /// Zero bits that were added behind the end of the file.
    invented: u32,
}

impl<'a> Bits<'a> {
    /// Starts at byte `position`.
    pub(super) fn new(data: &'a [u8], position: usize) -> Self {
        Self { data, position, buffer: 0, count: 0, invented: 0 }
    }

    /// The byte behind the last one that was taken up; in front of a marker if there was one.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Whether bits were read that the file does not hold.
    pub(super) fn past_end(&self) -> bool {
        self.invented > self.count
    }

    /// Makes at least 32 bits available: zeros in front of a marker, as libjpeg does, and behind the end.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(chunk) = self.data.get(self.position..).and_then(|d| d.first_chunk::<8>()) {
            let word = u64::from_be_bytes(*chunk);
            // No byte is 0xFF, the start of a marker or of a stuffed byte.
            if (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 == 0 {
                self.buffer |= word >> self.count;
                self.position += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return;
            }
        }
        self.refill_slowly();
    }

    #[cold]
    fn refill_slowly(&mut self) {
        // Bits below `count` belong to bytes that are taken up again here.
        self.buffer = if self.count == 0 { 0 } else { self.buffer >> (64 - self.count) << (64 - self.count) };
        while self.count <= 56 {
            let byte = match (self.data.get(self.position), self.data.get(self.position + 1)) {
                (None, _) | (Some(0xFF), None) => {
                    self.invented += 8;
                    0
                }
                (Some(0xFF), Some(0)) => {
                    self.position += 2;
                    0xFF
                }
                (Some(0xFF), Some(0xFF)) => {
                    self.position += 1;
                    continue;
                }
                (Some(0xFF), Some(_)) => 0,
                (Some(&byte), _) => {
                    self.position += 1;
                    byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next `n` bits, 1 to 16, without taking them; a refill comes first.
    #[inline(always)]
    pub(super) fn peek(&self, n: u32) -> usize {
        (self.buffer >> (64 - n)) as usize
    }

    /// Takes `n` bits that were looked at.
    #[inline(always)]
    pub(super) fn skip(&mut self, n: u32) {
        self.buffer <<= n;
        self.count -= n;
    }

    /// Takes `n` bits, 0 to 16; a refill comes first.
    #[inline(always)]
    pub(super) fn take(&mut self, n: u32) -> i32 {
        if n == 0 {
            return 0;
        }
        let value = self.peek(n) as i32;
        self.skip(n);
        value
    }

    /// Takes one bit, refilling.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        self.take(1) != 0
    }

    /// Takes `size` bits as a difference: JPEG's EXTEND (ITU T.81, figure F.12).
    #[inline(always)]
    pub(super) fn extend(&mut self, size: u32) -> i32 {
        let value = self.take(size);
        if size > 0 && value < 1 << (size - 1) { value - (1 << size) + 1 } else { value }
    }

    /// Goes behind the next restart marker, if one follows before any other marker.
    pub(super) fn restart(&mut self) {
        (self.buffer, self.count, self.invented) = (0, 0, 0);
        while let Some(pair) = self.data.get(self.position..self.position + 2) {
            match pair {
                [0xFF, 0xD0..=0xD7] => {
                    self.position += 2;
                    return;
                }
                [0xFF, 0x01..=0xFE] => return,
                _ => self.position += 1,
            }
        }
    }
}
