//! Buffers that keep their memory from one pass to the next.

/// The first `len` values of `buffer`, which grows if it must and never shrinks.
pub(crate) fn reserve<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
    &mut buffer[..len]
}
