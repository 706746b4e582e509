//! Scans: the entropy-coded part of a JPEG file, block by block.

use super::{
    bits::Bits,
    block::{Band, Coding, ac_first, ac_refine, dc, sequential},
    header::{Component, Frame, Parsed, Scan, ScanPart, Tables, broken, by_place},
    huffman::Huffman,
    idct,
};
use mdfe_simd::Level;

/// The samples or, of a progressive file that is not yet finished, the coefficients of a component. [`Frame::demand`] counts
/// its memory.
pub(super) struct Plane {
    /// Samples, rows of `8 * blocks[0]` bytes.
    pub(super) samples: Vec<u8>,
    /// Coefficients, 64 for each block.
    coefficients: Vec<i16>,
}

impl Plane {
    /// Memory for a component.
    pub(super) fn new(component: &Component, progressive: bool) -> Self {
        let count = component.blocks[0] * component.blocks[1] * 64;
        if progressive {
            return Self { samples: Vec::new(), coefficients: vec![0; count] };
        }
        Self { samples: vec![0; count], coefficients: Vec::new() }
    }

    /// Transforms the coefficients of a progressive file, and frees them.
    pub(super) fn finish(&mut self, component: &Component, level: Level) {
        let coefficients = std::mem::take(&mut self.coefficients);
        self.samples = vec![0; coefficients.len()];
        let stride = component.blocks[0] * 8;
        let quant = by_place(&component.quant.unwrap_or([0; 64]));
        let mut block = [0; 64];
        for (i, coefficients) in coefficients.chunks_exact(64).enumerate() {
            for ((out, &value), &q) in block.iter_mut().zip(coefficients).zip(&quant) {
                *out = i32::from(value) * q;
            }
            let (y, x) = (i / component.blocks[0], i % component.blocks[0]);
            idct::transform(level, &block, &mut self.samples[y * 8 * stride + x * 8..], stride);
        }
    }
}

/// What the blocks of a scan are read by.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) frame: &'a Frame,
    pub(super) scan: &'a Scan,
    pub(super) tables: &'a Tables,
    pub(super) level: Level,
}

/// What a scan keeps for one of its components.
struct Part<'a> {
    component: &'a Component,
    /// Which component and plane it is.
    index: usize,
    dc: Option<&'a Huffman>,
    ac: Option<&'a Huffman>,
    quant: [i32; 64],
    /// The last DC coefficient.
    last: i32,
}

/// Column and row of a block in its component.
#[derive(Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
}

/// Decodes the scan whose data `bits` reads; returns where the next marker is to be looked for.
pub(super) fn decode_scan(context: Context<'_>, bits: Bits<'_>, planes: &mut [Plane]) -> Parsed<usize> {
    let Context { frame, scan, tables, level } = context;
    let part = |part: &ScanPart| {
        let component = &frame.components[part.component];
        Part {
            component,
            index: part.component,
            dc: tables.huffman[0][part.dc].as_ref(),
            ac: tables.huffman[1][part.ac].as_ref(),
            quant: component.quant.unwrap_or([0; 64]),
            last: 0,
        }
    };
    let mut parts: Vec<Part<'_>> = scan.parts.iter().map(part).collect();
    check_tables(frame, scan, &parts)?;
    let mut state = State { bits, run: 0, level, block: [0; 64] };
    // A scan of one component goes by its own blocks, without the padding of MCUs.
    let single = if let [part] = &parts[..] { Some(part.component) } else { None };
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
                let (h, v) = if single.is_some() { (1, 1) } else { (part.component.h, part.component.v) };
                let plane = &mut planes[part.index];
                for y in my * v..my * v + v {
                    for x in mx * h..mx * h + h {
                        if frame.progressive {
                            state.progressive(scan.band, part, Place { x, y }, plane);
                        } else {
                            state.sequential(part, Place { x, y }, plane);
                        }
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
    if parts.iter().any(|p| (needs_dc && p.dc.is_none()) || (needs_ac && p.ac.is_none())) {
        return Err(broken("missing Huffman table"));
    }
    Ok(())
}

struct State<'a> {
    bits: Bits<'a>,
    /// Blocks that are still to end at once, of a progressive scan.
    run: u32,
    level: Level,
    block: [i32; 64],
}

impl State<'_> {
    #[inline(always)]
    fn sequential(&mut self, part: &mut Part<'_>, place: Place, plane: &mut Plane) {
        let (Some(dc), Some(ac)) = (part.dc, part.ac) else { return };
        let coding = Coding { dc, ac, quant: &part.quant };
        let used = sequential(&mut self.bits, coding, &mut part.last, &mut self.block);
        let stride = part.component.blocks[0] * 8;
        let out = &mut plane.samples[place.y * 8 * stride + place.x * 8..];
        if used == 0 {
            idct::flat(self.block[0], out, stride);
        } else {
            idct::transform(self.level, &self.block, out, stride);
        }
    }

    fn progressive(&mut self, band: Band, part: &mut Part<'_>, place: Place, plane: &mut Plane) {
        let start = (place.y * part.component.blocks[0] + place.x) * 64;
        let block = &mut plane.coefficients[start..start + 64];
        match (band.start, band.high, part.dc, part.ac) {
            (0, 0, Some(table), _) => {
                block[0] = (dc(&mut self.bits, table, &mut part.last) << band.low) as i16
            }
            (0, ..) => block[0] |= i16::from(self.bits.bit()) << band.low,
            (_, 0, _, Some(table)) => ac_first(&mut self.bits, table, band, &mut self.run, block),
            (_, _, _, Some(table)) => ac_refine(&mut self.bits, table, band, &mut self.run, block),
            _ => {}
        }
    }
}
