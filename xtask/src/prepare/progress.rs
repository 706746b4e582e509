//! Progress of long work: a bar with rate and time left on a terminal, plain lines otherwise.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Without a terminal a line is written every so many steps.
const LINE_EVERY: u64 = 10_000;

/// A progress bar that `mdfe-data` drives.
pub(super) struct Bar {
    bar: Mutex<ProgressBar>,
    done: AtomicU64,
    terminal: bool,
}

impl Bar {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { bar: Mutex::new(ProgressBar::hidden()), done: AtomicU64::new(0), terminal }
    }

    pub(super) fn finish(&self) {
        self.lock().finish_and_clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ProgressBar> {
        // A poisoned lock means that another thread panicked; the bar itself is still whole.
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl mdfe_data::Progress for Bar {
    fn begin(&self, what: &str, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        if !self.terminal {
            eprintln!("{what}: {total}");
            return;
        }
        let bar = ProgressBar::new(total);
        let style =
            ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        *self.lock() = bar;
    }

    fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.terminal {
            self.lock().inc(1);
        } else if done.is_multiple_of(LINE_EVERY) {
            eprintln!("  {done} done");
        }
    }
}
