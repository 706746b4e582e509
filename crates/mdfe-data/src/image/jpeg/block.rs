//! Entropy-coded blocks of 64 coefficients: sequential and progressive.

use super::{bits::Bits, huffman::Huffman};

/// Position in a block, row by row, of each coefficient in zigzag order. Sixteen more entries stand behind the 64, so that
/// a run past the end of a broken block stays inside.
pub(super) const ZIGZAG: [u8; 80] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
];

/// The DC coefficient: the last one of the component plus a difference.
#[inline(always)]
pub(super) fn dc(bits: &mut Bits<'_>, table: &Huffman, last: &mut i32) -> i32 {
    bits.refill();
    let size = u32::from(table.symbol(bits)).min(16);
    bits.refill();
    *last = last.wrapping_add(bits.extend(size));
    *last
}

/// How the blocks of a component of a sequential file are coded.
#[derive(Clone, Copy)]
pub(super) struct Coding<'a> {
    pub(super) dc: &'a Huffman,
    pub(super) ac: &'a Huffman,
    /// Quantisation in zigzag order.
    pub(super) quant: &'a [i32; 64],
}

/// A block of a sequential file, dequantised, row by row. Returns the last zigzag index used.
#[inline(always)]
pub(super) fn sequential(
    bits: &mut Bits<'_>,
    coding: Coding<'_>,
    last: &mut i32,
    block: &mut [i32; 64],
) -> usize {
    let Coding { ac, quant, .. } = coding;
    *block = [0; 64];
    block[0] = dc(bits, coding.dc, last).wrapping_mul(quant[0]);
    let (mut k, mut used) = (1, 0);
    while k < 64 {
        bits.refill();
        let (value, run) = match ac.coefficient(bits) {
            Some(found) => found,
            None => {
                let symbol = ac.symbol(bits);
                let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
                if size == 0 {
                    if run != 15 {
                        break;
                    }
                    k += 16;
                    continue;
                }
                (bits.extend(size), run)
            }
        };
        k += run;
        block[usize::from(ZIGZAG[k]) & 63] = value * quant[k & 63];
        used = k;
        k += 1;
    }
    used.min(63)
}

/// The spectral band and bit position of a progressive scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    /// First and last zigzag index.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Bit position of the scan before, 0 for the first.
    pub(super) high: u32,
    /// Bit position of this scan.
    pub(super) low: u32,
}

/// First scan of a band of AC coefficients; `run` counts the blocks that are still to end at once.
pub(super) fn ac_first(bits: &mut Bits<'_>, table: &Huffman, band: Band, run: &mut u32, block: &mut [i16]) {
    if *run > 0 {
        *run -= 1;
        return;
    }
    let mut k = band.start;
    while k <= band.end {
        bits.refill();
        let symbol = table.symbol(bits);
        let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size > 0 {
            k += zeros;
            block[usize::from(ZIGZAG[k])] = (bits.extend(size) << band.low) as i16;
            k += 1;
        } else if zeros == 15 {
            k += 16;
        } else {
            *run = (1 << zeros) + bits.take(zeros as u32) as u32 - 1;
            break;
        }
    }
}

/// Later scan of a band of AC coefficients: one more bit of each that is not zero, and new ones.
pub(super) fn ac_refine(bits: &mut Bits<'_>, table: &Huffman, band: Band, run: &mut u32, block: &mut [i16]) {
    let bit = 1_i16 << band.low;
    let mut k = band.start;
    if *run == 0 {
        while k <= band.end {
            bits.refill();
            let symbol = table.symbol(bits);
            let (mut zeros, size) = (symbol >> 4, symbol & 15);
            let mut value = 0;
            if size > 0 {
                value = if bits.bit() { bit } else { -bit };
            } else if zeros < 15 {
                *run = (1 << zeros) + bits.take(u32::from(zeros)) as u32;
                break;
            }
            while k <= band.end {
                let coefficient = &mut block[usize::from(ZIGZAG[k])];
                k += 1;
                if *coefficient != 0 {
                    refine(bits, coefficient, bit);
                } else if zeros == 0 {
                    *coefficient = value;
                    break;
                } else {
                    zeros -= 1;
                }
            }
        }
    }
    if *run > 0 {
        for &place in &ZIGZAG[k..=band.end.max(k)] {
            let coefficient = &mut block[usize::from(place)];
            if k <= band.end && *coefficient != 0 {
                refine(bits, coefficient, bit);
            }
        }
        *run -= 1;
    }
}

#[inline(always)]
fn refine(bits: &mut Bits<'_>, coefficient: &mut i16, bit: i16) {
    if bits.bit() && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
    }
}
