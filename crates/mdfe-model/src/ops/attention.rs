//! `softmax(q kᵀ / sqrt(d)) v`, one head of one image at a time, without transposing or copying q, k and v.
#![allow(unsafe_code)]

use super::{
    element::Element, math::exp2, matmul::sums, number::Number, packed::Packed, shared::SharedMut, tile::ACC,
};
use mdfe_simd::Level;
use rayon::prelude::*;

/// Queries whose scores are alive at once.
const QUERY_ROWS: usize = 48;

/// The axes of an attention.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttentionShape {
    /// B.
    pub(crate) batch: usize,
    /// T.
    pub(crate) tokens: usize,
    /// Heads.
    pub(crate) heads: usize,
    /// Width of one head, d.
    pub(crate) head_dim: usize,
}

/// What one thread reuses from head to head.
struct Workspace<E> {
    keys: Packed<E>,
    values: Packed<E>,
    /// `[QUERY_ROWS, tokens rounded up to whole groups]`: scores, then their exponentials.
    scores: Vec<f32>,
    weights: Vec<E>,
    acc: Vec<f32>,
}

/// One head of one image: a task.
#[derive(Clone, Copy)]
struct Head {
    image: usize,
    head: usize,
}

/// Attends within each image: `qkv [B, T, 3, heads, d]` to `out [B, T, heads, d]`.
pub(crate) fn attention<E: Element>(level: Level, shape: AttentionShape, qkv: &[E], out: &mut [E]) {
    let out = SharedMut::new(out);
    (0..shape.batch * shape.heads).into_par_iter().for_each_init(
        || Workspace::<E> {
            keys: Packed::empty(level),
            values: Packed::empty(level),
            scores: Vec::new(),
            weights: Vec::new(),
            acc: vec![0.0; QUERY_ROWS * ACC],
        },
        |work, task| {
            let head = Head { image: task / shape.heads, head: task % shape.heads };
            level.vectorize(|| {
                // SAFETY: each task has a head of its own, and `out` is this function's alone.
                unsafe { one_head(shape, head, qkv, &out, work) }
            });
        },
    );
}

/// # Safety
/// No two calls that run at the same time are for the same head of the same image of `out`.
#[inline(always)]
unsafe fn one_head<E: Element>(
    shape: AttentionShape,
    head: Head,
    qkv: &[E],
    out: &SharedMut<'_, E>,
    work: &mut Workspace<E>,
) {
    let AttentionShape { tokens, heads, head_dim: d, .. } = shape;
    let Head { image, head } = head;
    let (width, row) = (heads * d, 3 * heads * d);
    let qkv = &qkv[image * tokens * row..(image + 1) * tokens * row];
    let (key, value) = (width + head * d, 2 * width + head * d);
    work.keys.reset(tokens, d);
    work.keys.fill(|k, t| qkv[t * row + key + k]);
    work.values.reset(d, tokens);
    work.values.fill(|t, k| qkv[t * row + value + k]);
    // exp(s / sqrt d) = 2^(s · log2 e / sqrt d).
    let scale = std::f32::consts::LOG2_E / (d as f32).sqrt();
    let stride = tokens.next_multiple_of(E::GROUP);
    work.scores.resize(QUERY_ROWS * stride, 0.0);
    work.weights.resize(QUERY_ROWS * stride, E::default());
    for first in (0..tokens).step_by(QUERY_ROWS) {
        let count = QUERY_ROWS.min(tokens - first);
        let from = first * row + head * d;
        let queries = &qkv[from..from + (count - 1) * row + d];
        for panel in 0..work.keys.panels() {
            sums(queries, row, &work.keys, panel, &mut work.acc);
            let column = panel * work.keys.width();
            let valid = work.keys.width().min(tokens - column);
            for (scores, acc) in
                work.scores.chunks_exact_mut(stride).zip(work.acc.chunks_exact(ACC)).take(count)
            {
                scores[column..column + valid].copy_from_slice(&acc[..valid]);
            }
        }
        let mut inverse = [0f32; QUERY_ROWS];
        let rows = work.scores.chunks_exact_mut(stride).zip(work.weights.chunks_exact_mut(stride));
        for ((scores, weights), inverse) in rows.zip(&mut inverse).take(count) {
            *inverse = softmax(&mut scores[..tokens], scale, weights);
        }
        for panel in 0..work.values.panels() {
            sums(&work.weights[..count * stride], stride, &work.values, panel, &mut work.acc);
            let column = panel * work.values.width();
            let valid = work.values.width().min(d - column);
            for (r, acc) in work.acc.chunks_exact(ACC).take(count).enumerate() {
                let to = ((image * tokens + first + r) * heads + head) * d + column;
                // SAFETY: these columns are of this head and image, which no other call has, and the slice ends here.
                let out = unsafe { out.part(to, valid) };
                out.iter_mut().zip(acc).for_each(|(out, x)| *out = E::from_f32(x * inverse[r]));
            }
        }
    }
}

/// Unnormalised weights `2^((s - max) scale)` and the reciprocal of their sum; the division waits for the d sums of the row.
#[inline(always)]
fn softmax<E: Number>(scores: &mut [f32], scale: f32, weights: &mut [E]) -> f32 {
    const WAYS: usize = 16;
    let mut maxima = [f32::NEG_INFINITY; WAYS];
    let (chunks, rest) = scores.as_chunks::<WAYS>();
    for chunk in chunks {
        for (max, s) in maxima.iter_mut().zip(chunk) {
            *max = if *s > *max { *s } else { *max };
        }
    }
    let max = maxima.iter().chain(rest).fold(f32::NEG_INFINITY, |max, s| max.max(*s));
    let mut totals = [0f32; WAYS];
    let (chunks, rest) = scores.as_chunks_mut::<WAYS>();
    for chunk in chunks.iter_mut() {
        for (total, s) in totals.iter_mut().zip(chunk) {
            *s = exp2((*s - max) * scale);
            *total += *s;
        }
    }
    let mut total = totals.iter().sum::<f32>();
    for s in rest {
        *s = exp2((*s - max) * scale);
        total += *s;
    }
    weights.iter_mut().zip(scores.iter()).for_each(|(weight, s)| *weight = E::from_f32(*s));
    1.0 / total
}
