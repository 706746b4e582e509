//! What happens to the sums of a product before they leave the cache.
#![allow(unsafe_code)]

use super::{math::Activation, number::Number, shared::SharedMut};

/// The last step of a product. [`super::matmul`] calls it once for each row and panel of columns.
pub(crate) trait Epilogue: Sync {
    /// Takes the finished sums `values` of row `row`, columns `column ..`.
    ///
    /// # Safety
    /// No two calls that run at the same time are for the same place of the product.
    unsafe fn finish(&self, row: usize, column: usize, values: &mut [f32]);
}

/// `out[row][column] = act(sum + bias)`.
pub(crate) struct Store<'a, E> {
    /// `[M, N]`.
    pub(crate) out: SharedMut<'a, E>,
    /// N.
    pub(crate) width: usize,
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) act: Option<Activation>,
}

impl<E: Number> Epilogue for Store<'_, E> {
    #[inline(always)]
    unsafe fn finish(&self, row: usize, column: usize, values: &mut [f32]) {
        add_bias(values, self.bias, column);
        if let Some(act) = self.act {
            act.apply(values);
        }
        // SAFETY: the places of a product lie apart in `out`, and by the caller's promise no other call has these.
        let out = unsafe { self.out.part(row * self.width + column, values.len()) };
        out.iter_mut().zip(values).for_each(|(out, value)| *out = E::from_f32(*value));
    }
}

/// `out[row][column] += gamma · (sum + bias)`: the end of a residual branch, with its layer scale.
pub(crate) struct AddTo<'a> {
    /// `[M, N]`.
    pub(crate) out: SharedMut<'a, f32>,
    /// N.
    pub(crate) width: usize,
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) gamma: Option<&'a [f32]>,
}

impl Epilogue for AddTo<'_> {
    #[inline(always)]
    unsafe fn finish(&self, row: usize, column: usize, values: &mut [f32]) {
        add_bias(values, self.bias, column);
        if let Some(gamma) = self.gamma {
            values.iter_mut().zip(&gamma[column..]).for_each(|(value, gamma)| *value *= gamma);
        }
        // SAFETY: the places of a product lie apart in `out`, and by the caller's promise no other call has these.
        let out = unsafe { self.out.part(row * self.width + column, values.len()) };
        out.iter_mut().zip(values).for_each(|(out, value)| *out += *value);
    }
}

/// Embedded patches to their place among the tokens: `out[b][prefix + p] = sum + bias + pos[p]` for row `b P + p`.
pub(crate) struct PatchRows<'a> {
    /// `[B, prefix + P, D]`.
    pub(crate) out: SharedMut<'a, f32>,
    /// D.
    pub(crate) width: usize,
    /// Tokens before the patches: class token and registers.
    pub(crate) prefix: usize,
    /// P.
    pub(crate) patches: usize,
    pub(crate) bias: Option<&'a [f32]>,
    /// Positions of the patches, `[P, D]`; none where positions are only rotary.
    pub(crate) pos: Option<&'a [f32]>,
}

impl Epilogue for PatchRows<'_> {
    #[inline(always)]
    unsafe fn finish(&self, row: usize, column: usize, values: &mut [f32]) {
        add_bias(values, self.bias, column);
        let (image, patch) = (row / self.patches, row % self.patches);
        if let Some(pos) = self.pos {
            let pos = &pos[patch * self.width + column..];
            values.iter_mut().zip(pos).for_each(|(value, pos)| *value += pos);
        }
        let token = image * (self.prefix + self.patches) + self.prefix + patch;
        // SAFETY: different rows go to different tokens, and by the caller's promise no other call has these places.
        let out = unsafe { self.out.part(token * self.width + column, values.len()) };
        out.copy_from_slice(values);
    }
}

#[inline(always)]
fn add_bias(values: &mut [f32], bias: Option<&[f32]>, column: usize) {
    if let Some(bias) = bias {
        values.iter_mut().zip(&bias[column..]).for_each(|(value, bias)| *value += bias);
    }
}
