//! Coefficients of Pillow's antialiased resize.

use super::Interpolation;

/// Fraction bits of a coefficient, as in Pillow's `Resample.c` (8 bits of pixel and 2 of headroom are left of 32).
pub(super) const PRECISION_BITS: u32 = 22;

/// Half of the last bit that is kept.
pub(super) const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// Rounds a sum of weighted pixels to 8 bits.
#[inline(always)]
pub(super) fn to_byte(sum: i32) -> u8 {
    ((sum + HALF) >> PRECISION_BITS).clamp(0, 255) as u8
}

/// The part of one axis that is computed: output positions `first..first + count` of a resize from `input` to `output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Pixels of the source.
    pub(super) input: usize,
    /// Pixels of the whole result.
    pub(super) output: usize,
    /// First result that is wanted.
    pub(super) first: usize,
    /// Number of results that are wanted.
    pub(super) count: usize,
}

/// For every wanted position of an [`Axis`]: the source pixels it reads and their weights.
#[derive(Clone, Debug, Default)]
pub(super) struct Taps {
    /// The source pixels of each position.
    spans: Vec<Span>,
    /// Weights with [`PRECISION_BITS`] fraction bits, `stride` for each position, zero behind the span.
    weights: Vec<i32>,
    /// Weights kept for each position, a multiple of 4.
    stride: usize,
    /// The weights by four, cut into an upper part and [`LOW_BITS`] lower ones, for multiplication in 16 bits.
    halves: Vec<Halves>,
}

/// A row of source pixels.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    count: usize,
}

/// Taps over a source that begins with pixel `first` of the axis.
#[derive(Clone, Copy)]
pub(super) struct Window<'a> {
    pub(super) taps: &'a Taps,
    pub(super) first: usize,
}

/// What one position reads: from pixel `start` of the source on, one weight (or [`Halves`] of four) after the other.
#[derive(Clone, Copy)]
pub(super) struct Weighted<'a, W> {
    pub(super) start: usize,
    pub(super) weights: &'a [W],
}

/// Bits of a weight's lower part. The upper part then fits 16 bits for weights up to 16.
pub(super) const LOW_BITS: u32 = 11;

/// Four weights `w = (high << LOW_BITS) + low`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Halves {
    pub(super) high: [i16; 4],
    pub(super) low: [i16; 4],
}

impl Taps {
    /// Weights in f64, normalised to sum 1, rounded half away from zero: `precompute_coeffs` and `normalize_coeffs_8bpc`
    /// of Pillow's `Resample.c`.
    pub(super) fn new(axis: Axis, interpolation: Interpolation) -> Self {
        let scale = axis.input as f64 / axis.output as f64;
        let filter_scale = scale.max(1.0);
        let support = radius(interpolation) * filter_scale;
        let stride = (support.ceil() as usize * 2 + 1).next_multiple_of(4);
        let mut taps =
            Self { spans: Vec::new(), weights: vec![0; stride * axis.count], stride, halves: Vec::new() };
        let mut exact = Vec::with_capacity(stride);
        for (position, weights) in (axis.first..).zip(taps.weights.chunks_exact_mut(stride)) {
            let center = (position as f64 + 0.5) * scale;
            let start = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(axis.input);
            exact.clear();
            exact.extend((start..end).map(|x| {
                let distance = (x - start) as f64 + start as f64 - center + 0.5;
                kernel(interpolation, distance * (1.0 / filter_scale))
            }));
            let sum: f64 = exact.iter().sum();
            for (weight, &value) in weights.iter_mut().zip(&exact) {
                let value = if sum == 0.0 { value } else { value / sum };
                let scaled = value * f64::from(1 << PRECISION_BITS);
                *weight = (scaled + 0.5_f64.copysign(scaled)) as i32;
            }
            taps.spans.push(Span { start, count: end - start });
        }
        let halves = |w: &[i32; 4]| Halves {
            high: w.map(|w| (w >> LOW_BITS) as i16),
            low: w.map(|w| (w & ((1 << LOW_BITS) - 1)) as i16),
        };
        taps.halves = taps.weights.as_chunks().0.iter().map(halves).collect();
        taps
    }

    /// The source pixels that all positions together read, as a range.
    pub(super) fn reach(&self) -> std::ops::Range<usize> {
        let start = self.spans.iter().map(|s| s.start).min().unwrap_or(0);
        start..self.spans.iter().map(|s| s.start + s.count).max().unwrap_or(0)
    }
}

impl<'a> Window<'a> {
    /// The weights of the wanted position `i`, one for each pixel of its span.
    pub(super) fn one_by_one(self, i: usize) -> Weighted<'a, i32> {
        let Span { start, count } = self.taps.spans[i];
        Weighted { start: start - self.first, weights: &self.taps.weights[i * self.taps.stride..][..count] }
    }

    /// [`Self::one_by_one`] with the weights by four, the last four filled up with zeros.
    #[inline(always)]
    pub(super) fn by_four(self, i: usize) -> Weighted<'a, Halves> {
        let Span { start, count } = self.taps.spans[i];
        let first = i * (self.taps.stride / 4);
        Weighted { start: start - self.first, weights: &self.taps.halves[first..][..count.div_ceil(4)] }
    }
}

fn radius(interpolation: Interpolation) -> f64 {
    match interpolation {
        Interpolation::Bilinear => 1.0,
        Interpolation::Bicubic => 2.0,
        Interpolation::Lanczos => 3.0,
    }
}

fn kernel(interpolation: Interpolation, x: f64) -> f64 {
    const A: f64 = -0.5;
    let r = x.abs();
    match interpolation {
        Interpolation::Bilinear if r < 1.0 => 1.0 - r,
        Interpolation::Bicubic if r < 1.0 => ((A + 2.0) * r - (A + 3.0)) * r * r + 1.0,
        Interpolation::Bicubic if r < 2.0 => (((r - 5.0) * r + 8.0) * r - 4.0) * A,
        Interpolation::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
        _ => 0.0,
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * std::f64::consts::PI;
    x.sin() / x
}
