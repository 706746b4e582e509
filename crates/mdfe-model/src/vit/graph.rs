//! The transformer as operations.

use super::tower::{Pool, Tower};
use crate::{
    Error, Result,
    graph::{BATCH, Graph, Value, emit_maybe, tokens_of_map},
    size::Size,
};

impl Tower {
    pub(super) fn emit_all(&self, g: &mut Graph) -> Result<Value> {
        let trunk = &self.trunk;
        let map = trunk.patch.emit(g, g.pixels())?;
        let &[_, width, rows, columns] = g.shape(map) else {
            return Err(Error::Invalid("patches are a map [B, D, h, w]".to_owned()));
        };
        let grid = Size { height: rows, width: columns };
        let prefix = trunk.positions.prefix_len();
        let rope = trunk.rotary.map(|rotary| rotary.rope(grid, prefix));
        let patches = tokens_of_map(g, map)?;
        let mut x = trunk.positions.emit(g, patches, grid)?;
        x = emit_maybe(&trunk.norm_pre, g, "norm_pre", x)?;
        for (i, block) in self.blocks.iter().enumerate() {
            x = g.within(format!("blocks.{i}"), |g| block.emit(g, x, rope.as_ref()))?;
        }
        let x = emit_maybe(&trunk.ending.norm, g, "norm", x)?;
        let pooled = match &trunk.ending.pool {
            Pool::Token => {
                let first = g.slice(x, 1, 0, 1)?;
                g.reshape(first, &[BATCH, width])?
            }
            Pool::Mean => {
                let patches = g.slice(x, 1, prefix, grid.area())?;
                g.mean(patches, 1)?
            }
            Pool::Attention(pool) => pool.emit(g, x)?,
        };
        let pooled = emit_maybe(&trunk.ending.norm_pooled, g, "norm_pooled", pooled)?;
        match &trunk.head {
            Some(head) => head.emit(g, "head", pooled),
            None => Ok(pooled),
        }
    }
}
