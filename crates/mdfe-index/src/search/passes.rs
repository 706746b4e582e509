//! The passes over the segments, one for each kind of values.

use super::filter::Keep;
use crate::{
    Index, Result,
    segment::{Segment, Store},
};
use half::slice::HalfFloatSliceExt;
use mdfe_eval::{BinaryBlock, Block, Int8Block, Knn, KnnStream, Neighbour, Neighbours, Rows};
use rayon::prelude::*;

/// Bytes of f32 that f16 values are widened to at a time: they stay in a last-level cache.
const WIDENED: usize = 4 << 20;

impl Index {
    /// Exact over f32 or f16 values, the finer copies of bytes and bits among them.
    pub(crate) fn exact(&self, options: &Knn, query: Rows<'_>, keep: &Keep) -> Result<Neighbours> {
        let mut stream = options.stream(query)?;
        let mut room = Vec::new();
        for (segment, keep) in self.segments.iter().zip(keep) {
            match segment.finer() {
                Some(Store::F32(values)) => {
                    let rows = Rows::new(values, self.dim())?;
                    let (only, longest) = (keep.as_deref(), Some(segment.longest));
                    stream.push(Block { rows, first: segment.first, only, longest })?;
                }
                Some(Store::F16(_)) => {
                    self.widened(&mut stream, segment, keep.as_deref(), &mut room)?;
                }
                _ => {}
            }
        }
        Ok(stream.finish())
    }

    /// Widens f16 rows block by block.
    fn widened(
        &self,
        stream: &mut KnnStream<'_>,
        segment: &Segment,
        keep: Option<&[u32]>,
        room: &mut Vec<f32>,
    ) -> Result<()> {
        let Some(Store::F16(values)) = segment.finer() else { return Ok(()) };
        let dim = self.dim();
        let step = (WIDENED / (4 * dim)).max(1);
        for start in (0..segment.rows).step_by(step) {
            let count = step.min(segment.rows - start);
            let only = keep.map(|keep| within(keep, start, count));
            if only.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            room.resize(count * dim, 0.0);
            let values = &values[start * dim..(start + count) * dim];
            let piece = (count / 8).max(1) * dim;
            room.par_chunks_mut(piece).zip(values.par_chunks(piece)).for_each(|(out, values)| {
                values.convert_to_f32_slice(out);
            });
            let (rows, first) = (Rows::new(room, dim)?, segment.first + start as u32);
            stream.push(Block { rows, first, only: only.as_deref(), longest: Some(segment.longest) })?;
        }
        Ok(())
    }

    /// Exact over what rows of bytes are scored with.
    pub(super) fn bytes(&self, options: &Knn, query: Rows<'_>, keep: &Keep) -> Result<Neighbours> {
        let mut stream = options.stream_int8(query)?;
        for (segment, keep) in self.segments.iter().zip(keep) {
            if let Store::Int8 { codes, scales, errors } = segment.store() {
                let (first, only, longest) = (segment.first, keep.as_deref(), segment.longest);
                let block = Int8Block { codes, scales, errors, dim: self.dim(), first, only, longest };
                stream.push(block, |position, out| segment.row(position, out))?;
            }
        }
        Ok(stream.finish())
    }

    /// The rows with the most equal signs.
    pub(super) fn signs(&self, options: &Knn, query: Rows<'_>, keep: &Keep) -> Result<Neighbours> {
        let mut stream = options.stream_binary(query)?;
        for (segment, keep) in self.segments.iter().zip(keep) {
            if let Store::Binary(bits) = segment.store() {
                stream.push(BinaryBlock { bits, first: segment.first, only: keep.as_deref() })?;
            }
        }
        Ok(stream.finish())
    }

    /// The best of each query's candidates by what they are scored with.
    pub(super) fn rescored(
        &self,
        options: &Knn,
        query: Rows<'_>,
        candidates: &Neighbours,
    ) -> Result<Neighbours> {
        let dim = self.dim();
        let one = |q: usize| -> Result<Vec<Neighbour>> {
            let mut ids: Vec<u32> = candidates.row(q).iter().map(|n| n.id).collect();
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            // Equal scores are in the order of the ids.
            ids.sort_unstable();
            let mut values = vec![0.0; ids.len() * dim];
            for (&id, out) in ids.iter().zip(values.chunks_mut(dim)) {
                let (segment, at) = self.place(id)?;
                segment.row(at, out);
            }
            let found = options.search(Rows::new(query.row(q), dim)?, Rows::new(&values, dim)?)?;
            Ok(found.row(0).iter().map(|n| Neighbour { id: ids[n.id as usize], ..*n }).collect())
        };
        let rows = (0..query.len()).into_par_iter().map(one).collect::<Result<Vec<_>>>()?;
        Ok(Neighbours::from_rows(options.k, rows))
    }
}

/// Those of ascending positions that lie in a block, counted from its start.
fn within(keep: &[u32], start: usize, count: usize) -> Vec<u32> {
    let at = |limit: usize| keep.partition_point(|&position| (position as usize) < limit);
    keep[at(start)..at(start + count)].iter().map(|position| position - start as u32).collect()
}
