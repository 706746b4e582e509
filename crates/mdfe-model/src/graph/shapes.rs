//! The shapes of what operations give.

use super::BATCH;
use crate::{Error, Result};

/// One length of two that are broadcast: equal ones, or one of them 1.
fn broadcast_length(a: usize, b: usize) -> Option<usize> {
    match (a, b) {
        (a, b) if a == b => Some(a),
        (1, other) | (other, 1) => Some(other),
        _ => None,
    }
}

/// The shape that `a` and `b` are broadcast to, the last axes below each other.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let length = |shape: &[usize], i: usize| match (i + shape.len()).checked_sub(rank) {
        Some(at) => shape[at],
        None => 1,
    };
    (0..rank)
        .map(|i| broadcast_length(length(a, i), length(b, i)))
        .collect::<Option<_>>()
        .ok_or_else(|| misfit(&format!("{a:?} and {b:?} cannot be broadcast")))
}

/// The shape of a product of the last two axes.
pub(super) fn product(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let ([.., m, k], [.., inner, n]) = (a, b) else {
        return Err(misfit(&format!("{a:?} and {b:?} are no matrices")));
    };
    if k != inner || *k == BATCH {
        return Err(misfit(&format!("{a:?} and {b:?} have no product")));
    }
    let mut shape = broadcast(&a[..a.len() - 2], &b[..b.len() - 2])?;
    shape.extend([*m, *n]);
    Ok(shape)
}

/// How many elements an image has, or all where there is no batch.
pub(super) fn elements(shape: &[usize]) -> usize {
    shape.iter().filter(|length| **length != BATCH).product()
}

/// An operation over values that do not fit it: a mistake in a family's description, never in its weights.
pub(super) fn misfit(what: &str) -> Error {
    Error::Invalid(format!("the graph of this backbone cannot be built: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_keeps_the_batch_and_refuses_what_does_not_fit() {
        assert_eq!(broadcast(&[BATCH, 4, 8], &[8]).unwrap(), [BATCH, 4, 8]);
        assert_eq!(broadcast(&[1, 4, 1], &[BATCH, 1, 3]).unwrap(), [BATCH, 4, 3]);
        assert!(broadcast(&[BATCH, 4], &[3]).is_err());
        // An axis of some length is not the batch.
        assert!(broadcast(&[BATCH, 4], &[2, 4]).is_err());
    }

    #[test]
    fn products_need_equal_inner_lengths() {
        assert_eq!(product(&[1, 2, 1, 8], &[BATCH, 2, 8, 5]).unwrap(), [BATCH, 2, 1, 5]);
        assert!(product(&[2, 3], &[2, 3]).is_err());
        assert!(product(&[3], &[3, 1]).is_err());
    }
}
