//! SAM's encoder on the CPU: packed weights, and the shared attention kernel, which knows no bias.
//!
//! The bias is a product too: with `q' = [q, q · R_h, q · R_w]` and `k' = [k, e_row, e_column]`, unit vectors that pick the
//! key's row and column, `q' · k'` is the biased score. Heads grow by h + w values (14 + 14 on 64 in a window).

use super::{
    relative::{self, Relative},
    tower::{Block, Tower},
    windows::{Run, Windows},
};
use crate::{
    Result,
    blocks::Mode,
    fused::{FusedLinear, FusedMlp, FusedNorm, Hidden, values},
    ops::{self, AttentionShape, Element, Number, dot, reserve},
    size::Size,
    tower::SliceTower,
};
use candle_core::{Device, Tensor};
use mdfe_simd::Level;
use rayon::prelude::*;

/// An encoder that computes the products of its blocks in `E`.
pub(crate) struct FusedSam<E> {
    /// Patches, positions and neck; the blocks are packed and gone from it.
    tower: Tower,
    blocks: Vec<FusedBlock<E>>,
}

struct FusedBlock<E> {
    norm1: FusedNorm,
    qkv: FusedLinear<E>,
    proj: FusedLinear<E>,
    heads: usize,
    relative: Relative,
    window: Option<usize>,
    norm2: FusedNorm,
    mlp: FusedMlp<E>,
}

/// Memory of one forward pass.
#[derive(Default)]
struct Scratch<E> {
    narrow: Vec<E>,
    windows: Vec<E>,
    /// What is inside the MLP; its wide part also holds q, k and v, and the attended values of the grown heads.
    hidden: Hidden<E>,
    grown: Vec<E>,
    branch: Vec<f32>,
}

impl<E: Element> FusedSam<E> {
    pub(super) fn new(mut tower: Tower) -> Result<Self> {
        let blocks = tower.blocks.drain(..).map(FusedBlock::new).collect::<Result<_>>()?;
        Ok(Self { tower, blocks })
    }
}

impl<E: Element> SliceTower for FusedSam<E> {
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>> {
        let embedded = self.tower.embed(pixels)?;
        let (_, height, width, _) = embedded.dims4()?;
        let mut x = values(&embedded)?;
        let mut scratch = Scratch::default();
        for block in &self.blocks {
            block.forward(&mut x, Windows::new(Size { height, width }, block.window), &mut scratch)?;
        }
        let x = Tensor::from_vec(x, embedded.dims(), &Device::Cpu)?;
        values(&self.tower.pool(&x, Mode::Inference)?)
    }
}

impl<E: Element> FusedBlock<E> {
    fn new(block: Block) -> Result<Self> {
        Ok(Self {
            norm1: FusedNorm::new(&block.norm1)?,
            qkv: FusedLinear::new(&block.qkv)?,
            proj: FusedLinear::new(&block.proj)?,
            heads: block.heads,
            norm2: FusedNorm::new(&block.norm2)?,
            mlp: FusedMlp::new(&block.mlp)?,
            window: block.window,
            relative: block.relative,
        })
    }

    /// Runs the block on the residual stream `x [B, h, w, D]`.
    fn forward(&self, x: &mut [f32], windows: Windows, scratch: &mut Scratch<E>) -> Result<()> {
        let width = self.proj.outputs();
        let tokens = windows.map.area();
        let batch = x.len() / (tokens * width);
        scratch.narrow.resize(x.len(), E::default());
        self.norm1.write(x, &mut scratch.narrow);
        scratch.windows.clear();
        scratch.windows.resize(batch * windows.padded() * width, E::default());
        let images = scratch.windows.chunks_exact_mut(windows.padded() * width);
        for (split, map) in images.zip(scratch.narrow.chunks_exact(tokens * width)) {
            for Run { in_windows, in_map, tokens } in windows.runs() {
                split[in_windows * width..][..tokens * width]
                    .copy_from_slice(&map[in_map * width..][..tokens * width]);
            }
        }
        self.attend(batch, windows, scratch)?;
        if windows.whole() {
            self.proj.add_to(&scratch.windows, None, x);
        } else {
            scratch.branch.resize(scratch.windows.len(), 0.0);
            self.proj.store(&scratch.windows, None, &mut scratch.branch);
            let images = scratch.branch.chunks_exact(windows.padded() * width);
            for (split, map) in images.zip(x.chunks_exact_mut(tokens * width)) {
                for Run { in_windows, in_map, tokens } in windows.runs() {
                    let added = &split[in_windows * width..][..tokens * width];
                    map[in_map * width..][..tokens * width].iter_mut().zip(added).for_each(|(x, y)| *x += y);
                }
            }
        }
        self.norm2.write(x, &mut scratch.narrow);
        let hidden = self.mlp.hidden(&scratch.narrow, &mut scratch.hidden);
        self.mlp.down.add_to(hidden, None, x);
        Ok(())
    }

    /// Attention within each window, from `scratch.windows` to the same place.
    fn attend(&self, batch: usize, windows: Windows, scratch: &mut Scratch<E>) -> Result<()> {
        let window = windows.window;
        let tokens = windows.tokens();
        let count = batch * windows.padded() / tokens;
        let (heads, d) = (self.heads, self.proj.outputs() / self.heads);
        // Sums run over whole groups.
        let grown = (d + window.height + window.width).next_multiple_of(E::GROUP);
        let qkv = reserve(&mut scratch.hidden.wide, count * tokens * 3 * heads * d);
        self.qkv.store(&scratch.windows, None, qkv);
        scratch.grown.clear();
        scratch.grown.resize(count * tokens * 3 * heads * grown, E::default());
        let rows = values(&relative::pairs(&self.relative.rows, window.height)?)?;
        let columns = values(&relative::pairs(&self.relative.columns, window.width)?)?;
        let grow = Grow { d, grown, window, rows: &rows, columns: &columns };
        let level = Level::current();
        let qkv = qkv.par_chunks(3 * heads * d);
        scratch.grown.par_chunks_mut(3 * heads * grown).zip(qkv).enumerate().for_each(
            |(token, (out, qkv))| {
                level.vectorize(|| grow.token(token % tokens, heads, qkv, out));
            },
        );
        let attended = reserve(&mut scratch.hidden.wide, count * tokens * heads * grown);
        let shape = AttentionShape { batch: count, tokens, heads, head_dim: grown };
        ops::attention(level, shape, &scratch.grown, attended);
        let heads_of = attended.chunks_exact(grown);
        scratch
            .windows
            .chunks_exact_mut(d)
            .zip(heads_of)
            .for_each(|(out, head)| out.copy_from_slice(&head[..d]));
        Ok(())
    }
}

/// What a token's q, k and v grow by.
struct Grow<'a> {
    d: usize,
    grown: usize,
    window: Size,
    /// `[h, h, d]` and `[w, w, d]`.
    rows: &'a [f32],
    columns: &'a [f32],
}

impl Grow<'_> {
    /// `qkv [3, heads, d]` of the token at place `at` of its window to `out [3, heads, grown]`, which is zero.
    #[inline(always)]
    fn token<E: Number>(&self, at: usize, heads: usize, qkv: &[E], out: &mut [E]) {
        let Self { d, grown, window: Size { height: h, width: w }, .. } = *self;
        let (row, column) = (at / w, at % w);
        // The kernel divides every score by sqrt(grown); what is wanted is q · k / sqrt(d) and the bias as it is.
        let (scale, unit) = ((grown as f32 / d as f32).sqrt(), (grown as f32).sqrt());
        for (i, (out, part)) in out.chunks_exact_mut(grown).zip(qkv.chunks_exact(d)).enumerate() {
            match i / heads {
                0 => {
                    out.iter_mut().zip(part).for_each(|(out, q)| *out = E::from_f32(q.to_f32() * scale));
                    let rows = self.rows[row * h * d..][..h * d].chunks_exact(d);
                    let columns = self.columns[column * w * d..][..w * d].chunks_exact(d);
                    for (out, learned) in out[d..].iter_mut().zip(rows.chain(columns)) {
                        *out = E::from_f32(dot::<16, E>(part, learned) * unit);
                    }
                }
                1 => {
                    out[..d].copy_from_slice(part);
                    out[d + row] = E::from_f32(1.0);
                    out[d + h + column] = E::from_f32(1.0);
                }
                _ => out[..d].copy_from_slice(part),
            }
        }
    }
}
