//! How much memory a piece of work holds at once, counted by the allocator of this test binary.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// No single piece of memory may be larger: a decoder that asks for more ends the tests at once instead of the machine.
const LARGEST: usize = 2 << 30;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// Work may free what was allocated before it began, so the count stops at zero.
fn change(added: usize, removed: usize) {
    let live = (LIVE.get() + added).saturating_sub(removed);
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: every call goes on to `System` with the same arguments; null, which stands for "no memory", is allowed at any time.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGEST {
            return std::ptr::null_mut();
        }
        change(layout.size(), 0);
        // SAFETY: the caller's promises are the ones that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGEST {
            return std::ptr::null_mut();
        }
        change(layout.size(), 0);
        // SAFETY: the caller's promises are the ones that `System` asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > LARGEST {
            return std::ptr::null_mut();
        }
        // The pages of large pieces move, so that old and new do not exist side by side.
        change(size, layout.size());
        // SAFETY: the caller's promises are the ones that `System` asks for.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        change(0, layout.size());
        // SAFETY: the caller's promises are the ones that `System` asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The result of `work` and the most bytes that this thread held at once while it ran, beyond what it held before.
pub(crate) fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    LIVE.set(0);
    PEAK.set(0);
    let result = work();
    (result, PEAK.get())
}

#[test]
fn peak_is_the_most_that_was_held_at_once() {
    let (_, bytes) = peak(|| {
        drop(vec![1_u8; 5000]);
        drop(vec![0_u8; 7000]);
        vec![1_u8; 100]
    });
    assert_eq!(bytes, 7000);
}
