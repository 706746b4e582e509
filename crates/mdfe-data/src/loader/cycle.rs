//! Endless shuffled passes over a list.

use rand::{Rng, RngExt};

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

/// Fisher and Yates. Written out, because the same seed must give the same order with every release of `rand`.
pub(super) fn shuffle(items: &mut [u32], random: &mut impl Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.random_range(0..=last as u32) as usize);
    }
}
