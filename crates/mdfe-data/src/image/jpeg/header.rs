//! Markers of a JPEG file: tables, frame and scan headers.

use super::{
    super::limits::Demand,
    block::{Band, ZIGZAG},
    huffman::Huffman,
};
use image::metadata::Orientation;

/// One colour component of the frame.
#[derive(Clone)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, 1..=4.
    pub(super) h: usize,
    pub(super) v: usize,
    quant_id: usize,
    /// Quantisation in zigzag order, taken when the component's first scan begins.
    pub(super) quant: Option<[i32; 64]>,
    /// Samples that the image has, without the blocks' padding.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks of a row and rows of blocks, filled up to whole MCUs.
    pub(super) blocks: [usize; 2],
}

/// What SOF says.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// Largest sampling factors.
    pub(super) h_max: usize,
    pub(super) v_max: usize,
}

/// A component of a scan and its Huffman tables, by index.
#[derive(Clone, Copy)]
pub(super) struct ScanPart {
    pub(super) component: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// What SOS says.
pub(super) struct Scan {
    pub(super) parts: Vec<ScanPart>,
    pub(super) band: Band,
}

/// Tables and flags that hold from their marker on.
#[derive(Default)]
pub(super) struct Tables {
    quant: [Option<[i32; 64]>; 4],
    /// Huffman tables, DC then AC.
    pub(super) huffman: [[Option<Huffman>; 4]; 2],
    pub(super) restart_interval: usize,
    pub(super) jfif: bool,
    /// Adobe's colour transform.
    pub(super) adobe: Option<u8>,
    /// EXIF orientation of the first EXIF segment, where it says one.
    pub(super) orientation: Option<Orientation>,
    exif: bool,
}

pub(super) type Parsed<T> = Result<T, String>;

pub(super) fn broken(part: &str) -> String {
    format!("the JPEG file is broken: {part}")
}

/// The beginning of an EXIF segment.
const EXIF: &[u8] = b"Exif\0\0";

impl Tables {
    /// DQT.
    pub(super) fn quantisation(&mut self, mut data: &[u8]) -> Parsed<()> {
        while let Some((&head, rest)) = data.split_first() {
            let (wide, id) = (head >> 4 != 0, usize::from(head & 15));
            let size = if wide { 128 } else { 64 };
            if id > 3 || rest.len() < size {
                return Err(broken("quantisation table"));
            }
            let mut table = [0; 64];
            for (i, value) in table.iter_mut().enumerate() {
                *value = if wide {
                    i32::from(rest[2 * i]) << 8 | i32::from(rest[2 * i + 1])
                } else {
                    rest[i].into()
                };
            }
            self.quant[id] = Some(table);
            data = &rest[size..];
        }
        Ok(())
    }

    /// DHT.
    pub(super) fn huffman(&mut self, mut data: &[u8]) -> Parsed<()> {
        while let Some((&head, rest)) = data.split_first() {
            let (kind, id) = (usize::from(head >> 4), usize::from(head & 15));
            let counts = rest.first_chunk::<16>().ok_or_else(|| broken("Huffman table"))?;
            let total: usize = counts.iter().map(|&c| usize::from(c)).sum();
            let symbols = rest.get(16..16 + total).filter(|_| kind < 2 && id < 4 && total <= 256);
            let symbols = symbols.ok_or_else(|| broken("Huffman table"))?;
            self.huffman[kind][id] =
                Some(Huffman::new(counts, symbols).ok_or_else(|| broken("Huffman table"))?);
            data = &rest[16 + total..];
        }
        Ok(())
    }

    /// APP0 and APP14: what decides about colours. APP1: the orientation.
    pub(super) fn application(&mut self, marker: u8, data: &[u8]) {
        match marker {
            0xE1 if data.starts_with(EXIF) && !self.exif => {
                self.exif = true;
                self.orientation = Orientation::from_exif_chunk(&data[EXIF.len()..]);
            }
            0xE0 if data.starts_with(b"JFIF\0") => self.jfif = true,
            0xEE if data.starts_with(b"Adobe") && data.len() >= 12 => self.adobe = Some(data[11]),
            _ => {}
        }
    }
}

impl Frame {
    /// SOF0, SOF1 or SOF2.
    pub(super) fn parse(data: &[u8], progressive: bool) -> Parsed<Self> {
        let [precision, h1, h0, w1, w0, count] =
            *data.first_chunk::<6>().ok_or_else(|| broken("frame header"))?;
        let (width, height) =
            (usize::from(w1) << 8 | usize::from(w0), usize::from(h1) << 8 | usize::from(h0));
        if precision != 8 {
            return Err(format!("JPEG files of {precision} bits are not supported; save it with 8 bits"));
        }
        let count = usize::from(count);
        let rows = data.get(6..6 + 3 * count).filter(|_| matches!(count, 1 | 3 | 4));
        let rows = rows.ok_or_else(|| broken(&format!("frame header with {count} components")))?;
        let mut components: Vec<Component> = rows
            .chunks_exact(3)
            .map(|c| Component {
                id: c[0],
                h: usize::from(c[1] >> 4),
                v: usize::from(c[1] & 15),
                quant_id: usize::from(c[2]),
                quant: None,
                width: 0,
                height: 0,
                blocks: [0, 0],
            })
            .collect();
        if components.iter().any(|c| !(1..=4).contains(&c.h) || !(1..=4).contains(&c.v)) {
            return Err(broken("sampling factors"));
        }
        let h_max = components.iter().map(|c| c.h).max().unwrap_or(1);
        let v_max = components.iter().map(|c| c.v).max().unwrap_or(1);
        for c in &mut components {
            if h_max % c.h != 0 || v_max % c.v != 0 {
                return Err("JPEG files with fractional sampling factors are not supported".to_owned());
            }
            c.width = (width * c.h).div_ceil(h_max);
            c.height = (height * c.v).div_ceil(v_max);
            c.blocks = [width.div_ceil(8 * h_max) * c.h, height.div_ceil(8 * v_max) * c.v];
        }
        Ok(Self { width, height, progressive, components, h_max, v_max })
    }

    /// The most bytes that decoding holds at once, beside a few rows and tables.
    pub(super) fn demand(&self) -> Demand {
        let (width, height) = (self.width as u64, self.height as u64);
        let samples = |c: &Component| c.blocks[0] as u64 * c.blocks[1] as u64 * 64;
        let (all, largest) = self.components.iter().map(samples).fold((0, 0), |(s, m), n| (s + n, m.max(n)));
        // In the end there are the samples and the image. Before that a progressive file has coefficients of two bytes,
        // each component's until it is transformed.
        let before = if self.progressive { 2 * all + largest } else { 0 };
        Demand { width, height, bytes: before.max(all + Demand::rgb(width, height)) }
    }

    /// SOS; takes the quantisation of components that begin here.
    pub(super) fn scan(&mut self, data: &[u8], tables: &Tables) -> Parsed<Scan> {
        let fault = || broken("scan header");
        let (&count, rest) = data.split_first().ok_or_else(fault)?;
        let count = usize::from(count);
        let band = rest.get(2 * count..2 * count + 3).ok_or_else(fault)?;
        let band = Band {
            start: band[0].into(),
            end: band[1].into(),
            high: u32::from(band[2] >> 4),
            low: u32::from(band[2] & 15),
        };
        if self.progressive && (band.start > band.end || band.end > 63 || band.low > 13) {
            return Err(fault());
        }
        if self.progressive && ((band.start == 0 && band.end != 0) || (band.start > 0 && count != 1)) {
            return Err(fault());
        }
        let mut parts: Vec<ScanPart> = Vec::with_capacity(count);
        for entry in rest[..2 * count].chunks_exact(2) {
            let index = self.components.iter().position(|c| c.id == entry[0]).ok_or_else(fault)?;
            let (dc, ac) = (usize::from(entry[1] >> 4), usize::from(entry[1] & 15));
            if dc > 3 || ac > 3 || parts.iter().any(|p| p.component == index) {
                return Err(fault());
            }
            let component = &mut self.components[index];
            if component.quant.is_none() {
                let table = tables.quant.get(component.quant_id).copied().flatten();
                component.quant = Some(table.ok_or_else(|| broken("missing quantisation table"))?);
            }
            parts.push(ScanPart { component: index, dc, ac });
        }
        if parts.is_empty() {
            return Err(fault());
        }
        Ok(Scan { parts, band })
    }
}

/// `quant` (zigzag order) by place in the block.
pub(super) fn by_place(quant: &[i32; 64]) -> [i32; 64] {
    let mut out = [0; 64];
    for (&place, &value) in ZIGZAG.iter().zip(quant) {
        out[usize::from(place)] = value;
    }
    out
}
