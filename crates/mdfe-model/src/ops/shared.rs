//! A slice that several tasks write at once, each its own part.
#![allow(unsafe_code)]

use std::marker::PhantomData;

/// A mutable slice handed to tasks that promise to keep to disjoint parts.
pub(crate) struct SharedMut<'a, T> {
    pointer: *mut T,
    len: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: parts are disjoint by the promise of `part`, so sharing the handle shares no value, and the values themselves may
// go to another thread.
unsafe impl<T: Send> Sync for SharedMut<'_, T> {}

// SAFETY: it is a mutable borrow of values that may go to another thread.
unsafe impl<T: Send> Send for SharedMut<'_, T> {}

impl<'a, T> SharedMut<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { pointer: slice.as_mut_ptr(), len: slice.len(), borrow: PhantomData }
    }

    /// `len` values from `start` on.
    ///
    /// # Safety
    /// No two parts that are alive at the same time overlap.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, start: usize, len: usize) -> &mut [T] {
        assert!(
            start <= self.len && len <= self.len - start,
            "a part of a shared slice reaches past its end"
        );
        // SAFETY: in bounds by the assertion, unaliased by the caller's promise, alive as long as the borrow in `self`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.add(start), len) }
    }
}
