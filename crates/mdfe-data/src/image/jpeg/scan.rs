//! Scans: the entropy-coded part of a JPEG file, block by block.

use super::{
    bits::Bits,
    block::{ac_first, ac_refine, dc, sequential},
    header::{Component, Frame, Parsed, Scan, Tables, broken, by_place},
    huffman::Huffman,
    idct::{Idct, idct, idct_flat},
};

/// The samples or, of a progressive file, the coefficients of a component.
pub(super) struct Plane {
    /// Samples, rows of `8 * blocks[0]` bytes.
    pub(super) samples: Vec<u8>,
    /// Coefficients of a progressive file, 64 for each block.
    coefficients: Vec<i16>,
}

impl Plane {
    /// Memory for a component.
    pub(super) fn new(component: &Component, progressive: bool) -> Self {
        let count = component.blocks[0] * component.blocks[1] * 64;
        Self { samples: vec![0; count], coefficients: vec![0; if progressive { count } else { 0 }] }
    }

    /// Transforms the coefficients of a progressive file.
    pub(super) fn finish(&mut self, component: &Component) {
        let (stride, transform) = (component.blocks[0] * 8, idct());
        let quant = by_place(&component.quant.unwrap_or([0; 64]));
        let mut block = [0; 64];
        for (i, coefficients) in self.coefficients.chunks_exact(64).enumerate() {
            for ((out, &value), &q) in block.iter_mut().zip(coefficients).zip(&quant) {
                *out = i32::from(value) * q;
            }
            let (y, x) = (i / component.blocks[0], i % component.blocks[0]);
            transform(&block, &mut self.samples[y * 8 * stride + x * 8..], stride);
        }
    }
}

/// What a scan keeps for one of its components.
struct Part<'a> {
    index: usize,
    tables: [Option<&'a Huffman>; 2],
    quant: [i32; 64],
    last: i32,
}

/// Decodes the scan whose data begins at `position`; returns where the next marker is to be looked for.
pub(super) fn decode_scan(
    data: &[u8],
    position: usize,
    (frame, scan): (&Frame, &Scan),
    tables: &Tables,
    planes: &mut [Plane],
) -> Parsed<usize> {
    let mut parts: Vec<Part<'_>> = scan
        .parts
        .iter()
        .map(|&(index, dc, ac)| Part {
            index,
            tables: [tables.huffman[0][dc].as_ref(), tables.huffman[1][ac].as_ref()],
            quant: frame.components[index].quant.unwrap_or([0; 64]),
            last: 0,
        })
        .collect();
    check_tables(frame, scan, &parts)?;
    let mut state = State { bits: Bits::new(data, position), run: 0, transform: idct(), block: [0; 64] };
    // A scan of one component goes by its own blocks, without the padding of MCUs.
    let single = if let [part] = &parts[..] { Some(&frame.components[part.index]) } else { None };
    let (columns, rows) = match single {
        Some(c) => (c.width.div_ceil(8), c.height.div_ceil(8)),
        None => (frame.width.div_ceil(8 * frame.h_max), frame.height.div_ceil(8 * frame.v_max)),
    };
    let mut until_restart = tables.restart_interval;
    for my in 0..rows {
        for mx in 0..columns {
            if tables.restart_interval > 0 {
                if until_restart == 0 {
                    state.bits.restart();
                    state.run = 0;
                    parts.iter_mut().for_each(|p| p.last = 0);
                    until_restart = tables.restart_interval;
                }
                until_restart -= 1;
            }
            for part in &mut parts {
                let component = &frame.components[part.index];
                let (h, v) = if single.is_some() { (1, 1) } else { (component.h, component.v) };
                let plane = &mut planes[part.index];
                for y in my * v..my * v + v {
                    for x in mx * h..mx * h + h {
                        state.decode((frame, scan), part, (x, y), plane);
                    }
                }
            }
        }
        if state.bits.past_end() {
            let part = 100 * my / rows;
            return Err(format!(
                "the JPEG file is truncated: its data ends at {part} % of the image's height"
            ));
        }
    }
    Ok(state.bits.position())
}

fn check_tables(frame: &Frame, scan: &Scan, parts: &[Part<'_>]) -> Parsed<()> {
    let needs_dc = !frame.progressive || (scan.band.start == 0 && scan.band.high == 0);
    let needs_ac = !frame.progressive || scan.band.start > 0;
    if parts.iter().any(|p| (needs_dc && p.tables[0].is_none()) || (needs_ac && p.tables[1].is_none())) {
        return Err(broken("missing Huffman table"));
    }
    Ok(())
}

struct State<'a> {
    bits: Bits<'a>,
    /// Blocks that are still to end at once, of a progressive scan.
    run: u32,
    transform: Idct,
    block: [i32; 64],
}

impl State<'_> {
    #[inline(always)]
    fn decode(
        &mut self,
        (frame, scan): (&Frame, &Scan),
        part: &mut Part<'_>,
        (x, y): (usize, usize),
        plane: &mut Plane,
    ) {
        let width = frame.components[part.index].blocks[0];
        if frame.progressive {
            let start = (y * width + x) * 64;
            return self.progressive(scan, part, &mut plane.coefficients[start..start + 64]);
        }
        let [Some(dc), Some(ac)] = part.tables else { return };
        let used = sequential(&mut self.bits, (dc, ac), &mut part.last, &part.quant, &mut self.block);
        let out = &mut plane.samples[y * 8 * width * 8 + x * 8..];
        if used == 0 {
            idct_flat(self.block[0], out, width * 8);
        } else {
            (self.transform)(&self.block, out, width * 8);
        }
    }

    fn progressive(&mut self, scan: &Scan, part: &mut Part<'_>, block: &mut [i16]) {
        let band = scan.band;
        match (band.start, band.high, part.tables) {
            (0, 0, [Some(table), _]) => {
                block[0] = (dc(&mut self.bits, table, &mut part.last) << band.low) as i16
            }
            (0, ..) => block[0] |= i16::from(self.bits.bit()) << band.low,
            (_, 0, [_, Some(table)]) => ac_first(&mut self.bits, table, band, &mut self.run, block),
            (_, _, [_, Some(table)]) => ac_refine(&mut self.bits, table, band, &mut self.run, block),
            _ => {}
        }
    }
}
