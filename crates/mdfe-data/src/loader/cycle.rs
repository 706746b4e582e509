//! Endless shuffled passes over a list.

use crate::random::shuffle;
use rand::Rng;

/// Gives every item once, in random order, then all of them again in a new order.
pub(super) struct Cycle {
    items: Vec<u32>,
    next: usize,
}

impl Cycle {
    /// Over these items, at least one.
    pub(super) fn new(items: Vec<u32>) -> Self {
        let next = items.len();
        Self { items, next }
    }

    /// The next item.
    pub(super) fn draw(&mut self, random: &mut impl Rng) -> u32 {
        if self.next >= self.items.len() {
            shuffle(&mut self.items, random);
            self.next = 0;
        }
        self.next += 1;
        self.items[self.next - 1]
    }
}
