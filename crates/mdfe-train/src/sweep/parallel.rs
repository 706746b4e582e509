//! Several pieces of work at once.

use crate::{Error, Result};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Does `work` for 0 to `count`, `jobs` at a time, and returns what came of each, in order.
///
/// Each job computes in a pool of its own, `threads` of the CPU kernels shared among them: a small step that waits for no other thread is the
/// fastest. What a run comes to does not depend on its threads.
///
/// # Errors
/// [`Error::Data`] when the system gives no threads; nothing has been done then.
pub fn run_parallel<T: Send>(
    count: usize,
    jobs: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>> {
    let jobs = jobs.clamp(1, count.max(1));
    let pool = || {
        let builder = rayon::ThreadPoolBuilder::new().num_threads((threads / jobs).max(1));
        builder.build().map_err(|e| {
            Error::Data(format!("cannot start the threads of {jobs} jobs ({e}); give fewer --jobs"))
        })
    };
    let pools = (0..jobs).map(|_| pool()).collect::<Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for pool in &pools {
            let (next, done, work) = (&next, &done, &work);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(place) = done.get(i) else { return };
                    let result = pool.install(|| work(i));
                    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    // The scope has ended: every place is filled.
    Ok(done
        .into_iter()
        .filter_map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn everything_is_done_once_in_order_and_jobs_run_at_the_same_time() {
        // Two pieces that wait for each other: one at a time would wait for ever.
        let meet = Barrier::new(2);
        let found = run_parallel(2, 2, 4, |i| {
            meet.wait();
            (i, rayon::current_num_threads())
        });
        assert_eq!(found.unwrap(), [(0, 2), (1, 2)]);
        assert_eq!(run_parallel(7, 3, 1, |i| i * i).unwrap(), [0, 1, 4, 9, 16, 25, 36]);
        assert_eq!(run_parallel(0, 3, 1, |i| i).unwrap(), [0; 0]);
    }
}
