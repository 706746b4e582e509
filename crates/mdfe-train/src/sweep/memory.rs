//! How many runs fit into memory at once.

/// Runs at once: as many as there are threads, and as many as half of the free memory holds with `bytes` for each, but one at least.
///
/// Where the system does not tell its free memory (it does on Linux), threads alone count.
pub fn jobs_that_fit(threads: usize, bytes: u64) -> usize {
    fit(threads, bytes, free())
}

fn fit(threads: usize, bytes: u64, free: Option<u64>) -> usize {
    let by_memory =
        free.map_or(usize::MAX, |free| usize::try_from(free / 2 / bytes.max(1)).unwrap_or(usize::MAX));
    threads.min(by_memory).max(1)
}

/// Bytes that a new program can have without swapping.
fn free() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_free_memory_is_shared_and_one_run_always_starts() {
        assert_eq!(fit(8, 100, Some(1000)), 5);
        assert_eq!(fit(2, 100, Some(1000)), 2);
        assert_eq!(fit(8, 600, Some(1000)), 1);
        assert_eq!(fit(8, 0, Some(1000)), 8);
        assert_eq!(fit(3, 1 << 60, None), 3);
        assert!(jobs_that_fit(1, u64::MAX) == 1);
    }
}
