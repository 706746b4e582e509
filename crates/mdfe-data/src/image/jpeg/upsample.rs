//! libjpeg's "fancy" upsampling: triangle filters for components at half the width or height, bit for bit.

use super::{
    header::{Component, Frame},
    scan::Plane,
};

/// One component and what it is enlarged to.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) frame: &'a Frame,
    pub(super) component: &'a Component,
    pub(super) plane: &'a Plane,
}

/// Writes row `y` of the image's full width, of one component, to `out`; `sums` is scratch memory.
#[inline(always)]
pub(super) fn row(source: Source<'_>, y: usize, sums: &mut Vec<i16>, out: &mut [u8]) {
    let Source { frame, component, plane } = source;
    let (h, v) = (frame.h_max / component.h, frame.v_max / component.v);
    let stride = component.blocks[0] * 8;
    let line = |y: usize| &plane.samples[y * stride..][..component.width];
    let near = line(y / v);
    // The row on the other side of the pixel's row, the first and the last repeated.
    let far = || {
        if y.is_multiple_of(2) {
            line((y / 2).saturating_sub(1))
        } else {
            line((y / 2 + 1).min(component.height - 1))
        }
    };
    match (h, v) {
        (1, 1) => out.copy_from_slice(&near[..out.len()]),
        (2, 1) if component.width > 2 => wide(near, out),
        (1, 2) => {
            let bias = if y.is_multiple_of(2) { 1 } else { 2 };
            for ((out, &near), &far) in out.iter_mut().zip(near).zip(far()) {
                *out = ((u16::from(near) * 3 + u16::from(far) + bias) >> 2) as u8;
            }
        }
        (2, 2) if component.width > 2 => {
            sums.clear();
            sums.extend(near.iter().zip(far()).map(|(&near, &far)| i16::from(near) * 3 + i16::from(far)));
            wide_and_high(sums, out);
        }
        _ => {
            for (out, &sample) in out.chunks_mut(h).zip(near) {
                out.fill(sample);
            }
        }
    }
}

/// Twice the width: three parts of the nearer sample, one of the other.
#[inline(always)]
fn wide(near: &[u8], out: &mut [u8]) {
    let value = |i: usize| u16::from(near[i]);
    let last = near.len() - 1;
    let mut put = |x: usize, value: u16| {
        if let Some(out) = out.get_mut(x) {
            *out = value as u8;
        }
    };
    put(0, value(0));
    put(1, (value(0) * 3 + value(1) + 2) >> 2);
    put(2 * last, (value(last) * 3 + value(last - 1) + 1) >> 2);
    put(2 * last + 1, value(last));
    for (pair, w) in out[2..].chunks_exact_mut(2).zip(near.windows(3)) {
        let middle = u16::from(w[1]) * 3;
        pair[0] = ((middle + u16::from(w[0]) + 1) >> 2) as u8;
        pair[1] = ((middle + u16::from(w[2]) + 2) >> 2) as u8;
    }
}

/// Twice the width from sums of two rows, which are four times a sample.
#[inline(always)]
fn wide_and_high(sums: &[i16], out: &mut [u8]) {
    let last = sums.len() - 1;
    let mut put = |x: usize, value: i16| {
        if let Some(out) = out.get_mut(x) {
            *out = value as u8;
        }
    };
    put(0, (sums[0] * 4 + 8) >> 4);
    put(1, (sums[0] * 3 + sums[1] + 7) >> 4);
    put(2 * last, (sums[last] * 3 + sums[last - 1] + 8) >> 4);
    put(2 * last + 1, (sums[last] * 4 + 7) >> 4);
    for (pair, w) in out[2..].chunks_exact_mut(2).zip(sums.windows(3)) {
        let middle = w[1] * 3;
        pair[0] = ((middle + w[0] + 8) >> 4) as u8;
        pair[1] = ((middle + w[2] + 7) >> 4) as u8;
    }
}
