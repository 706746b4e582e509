//! Work on all cores, results in order, memory bounded.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How [`ordered_map`] works.
#[derive(Clone, Copy, Debug)]
pub struct OrderedOptions {
    /// Worker threads (default: all cores).
    pub threads: usize,
    /// Results that may be finished or under way before the consumer has taken them (default: 64).
    pub ahead: usize,
}

impl Default for OrderedOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map(Into::into).unwrap_or(1);
        Self { threads, ahead: 64 }
    }
}

struct State<T> {
    /// The next item that nobody has taken up.
    next: usize,
    /// The next item that the consumer waits for.
    wanted: usize,
    finished: BTreeMap<usize, T>,
    stopped: bool,
}

/// Runs `work` on the items `0..count` in worker threads and hands the results to `sink` on this thread, in order.
///
/// Each worker owns a value made by `worker` (scratch memory). At most `ahead` results exist that `sink` has not taken.
/// `sink` returns whether to go on. Returns the time this thread spent waiting for results.
pub fn ordered_map<W, T: Send>(
    count: usize,
    options: OrderedOptions,
    worker: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, usize) -> T + Sync,
    mut sink: impl FnMut(T) -> bool,
) -> Duration {
    let state = Mutex::new(State { next: 0, wanted: 0, finished: BTreeMap::new(), stopped: false });
    let (room, ready) = (Condvar::new(), Condvar::new());
    let ahead = options.ahead.max(1);
    let mut waited = Duration::ZERO;
    std::thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                let _stop = StopOnDrop { state: &state, wake: [&room, &ready], consumer: false };
                let mut own = worker();
                while let Some(item) = take(&state, &room, count, ahead) {
                    let result = work(&mut own, item);
                    lock(&state).finished.insert(item, result);
                    ready.notify_one();
                }
            });
        }
        let _stop = StopOnDrop { state: &state, wake: [&room, &ready], consumer: true };
        for item in 0..count {
            let started = Instant::now();
            let mut guard = lock(&state);
            let result = loop {
                if let Some(result) = guard.finished.remove(&item) {
                    break result;
                }
                if guard.stopped {
                    return; // A worker panicked; the scope hands the panic on.
                }
                guard = ready.wait(guard).unwrap_or_else(PoisonError::into_inner);
            };
            guard.wanted = item + 1;
            drop(guard);
            room.notify_all();
            waited += started.elapsed();
            if !sink(result) {
                return;
            }
        }
    });
    waited
}

/// The next item for a worker, once there is room for its result; `None` at the end.
fn take<T>(state: &Mutex<State<T>>, room: &Condvar, count: usize, ahead: usize) -> Option<usize> {
    let mut guard = lock(state);
    loop {
        if guard.stopped || guard.next >= count {
            return None;
        }
        if guard.next < guard.wanted + ahead {
            guard.next += 1;
            return Some(guard.next - 1);
        }
        guard = room.wait(guard).unwrap_or_else(PoisonError::into_inner);
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the work when a thread leaves early: the consumer always may, a worker does so only by a panic.
struct StopOnDrop<'a, T> {
    state: &'a Mutex<State<T>>,
    wake: [&'a Condvar; 2],
    consumer: bool,
}

impl<T> Drop for StopOnDrop<'_, T> {
    fn drop(&mut self) {
        if self.consumer || std::thread::panicking() {
            lock(self.state).stopped = true;
            self.wake.iter().for_each(|c| c.notify_all());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn results_come_in_order_whatever_the_number_of_threads() {
        for threads in [1, 2, 7] {
            let mut seen = Vec::new();
            let work = |_: &mut (), i: usize| {
                std::thread::sleep(Duration::from_micros((i % 3) as u64 * 200));
                i * i
            };
            ordered_map(
                50,
                OrderedOptions { threads, ahead: 3 },
                || (),
                work,
                |r| {
                    seen.push(r);
                    true
                },
            );
            assert_eq!(seen, (0..50).map(|i| i * i).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_worker_runs_further_ahead_than_it_may() {
        let (begun, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |_: &mut (), _| {
            let begun = begun.fetch_add(1, Ordering::SeqCst) + 1;
            // The sink has taken `taken` results, and the one it holds is no longer counted.
            assert!(begun <= taken.load(Ordering::SeqCst) + 1 + 4, "{begun} begun");
        };
        ordered_map(
            60,
            OrderedOptions { threads: 4, ahead: 4 },
            || (),
            work,
            |()| {
                taken.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_micros(300));
                true
            },
        );
        assert_eq!(begun.load(Ordering::SeqCst), 60);
    }

    #[test]
    fn sink_stops_the_work() {
        let begun = AtomicUsize::new(0);
        let work = |_: &mut (), i| {
            begun.fetch_add(1, Ordering::SeqCst);
            i
        };
        ordered_map(1_000_000, OrderedOptions { threads: 2, ahead: 8 }, || (), work, |i| i < 10);
        assert!(begun.load(Ordering::SeqCst) < 40);
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn panic_of_a_worker_ends_the_call_instead_of_hanging_it() {
        let work = |_: &mut (), i: usize| assert_ne!(i, 5, "worker fails");
        ordered_map(10, OrderedOptions { threads: 2, ahead: 2 }, || (), work, |()| true);
    }

    #[test]
    fn nothing_to_do_is_fine() {
        let waited = ordered_map(
            0,
            OrderedOptions::default(),
            || (),
            |_: &mut (), i| panic!("there is no item {i}"),
            |()| panic!("there is no result"),
        );
        assert_eq!(waited, Duration::ZERO);
    }
}
