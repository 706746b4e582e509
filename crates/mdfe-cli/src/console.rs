//! What goes to the terminal: logs, progress, results.

use crate::{args::Results, exit::Usage};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    collections::HashMap,
    io::{IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tracing_subscriber::EnvFilter;

/// Starts logging to stderr; `RUST_LOG` overrides the level.
pub(crate) fn start_logging(verbose: u8, quiet: bool) -> anyhow::Result<()> {
    let level = match (quiet, verbose) {
        (true, _) => "warn",
        (_, 0) => "info",
        (_, 1) => "debug,ureq=info,rustls=info",
        _ => "trace",
    };
    let filter = match std::env::var("RUST_LOG") {
        Ok(own) if !own.trim().is_empty() => EnvFilter::try_new(&own)
            .map_err(|e| Usage(format!("RUST_LOG is `{own}`, which is no filter: {e}")))?,
        _ => EnvFilter::new(level),
    };
    let format = tracing_subscriber::fmt()
        .with_env_filter(without_secrets(filter))
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time();
    format.with_ansi(colours()).init();
    Ok(())
}

/// Whether logs have colours: on a terminal, unless `NO_COLOR` is set (<https://no-color.org>). clap asks the same of itself, and
/// the progress bars have none.
fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether the user wants to see more than warnings: progress, and hints.
fn talks() -> bool {
    tracing::enabled!(tracing::Level::INFO)
}

/// Writes a hint to stderr, which is no result and no log.
pub(crate) fn hint(text: &str) {
    if talks() {
        eprintln!("{text}");
    }
}

/// The traces of the protocols show the bytes of every request, a token among them, and those of the stores' libraries what requests
/// are signed with; whatever RUST_LOG says.
fn without_secrets(filter: EnvFilter) -> EnvFilter {
    let quiet = [
        "ureq_proto=info",
        "hyper=info",
        "hyper_util=info",
        "reqwest=info",
        "reqsign=error",
        "opendal=error",
    ];
    let directives = quiet.iter().filter_map(|directive| directive.parse().ok());
    directives.fold(filter, EnvFilter::add_directive)
}

/// An error and its causes in one line, without saying a cause twice.
pub(crate) fn one_sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text.replace('\n', " ")
}

/// Writes a line to stdout; a closed pipe is an error and not a panic.
pub(crate) fn print_line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    Ok(writeln!(out, "{text}")?)
}

impl Results {
    /// Prints results: `value` as pretty JSON where the user asked for it, `text` otherwise.
    pub(crate) fn print(self, value: &impl serde::Serialize, text: &str) -> anyhow::Result<()> {
        if self.json { print_line(&serde_json::to_string_pretty(value)?) } else { print_line(text) }
    }
}

/// Whether progress is a bar and not log lines.
fn shows_bars() -> bool {
    std::io::stderr().is_terminal() && talks()
}

fn new_bar(template: &str, total: u64, name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_message(name.to_owned())
}

/// Progress of long work: a bar with rate and time left on a terminal, a log line every few seconds otherwise.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    started: Instant,
    last: std::cell::Cell<Instant>,
}

impl Progress {
    /// Starts a progress display of `total` `unit`s; nothing is shown when logs are switched off.
    pub(crate) fn new(name: &str, total: u64, unit: &str) -> Self {
        let template = format!("{{msg:24}} {{bar:30}} {{pos}}/{{len}} {unit} ({{per_sec}}, {{eta}} left)");
        let bar = shows_bars().then(|| new_bar(&template, total, name));
        let now = Instant::now();
        Self { bar, name: name.to_owned(), started: now, last: std::cell::Cell::new(now) }
    }

    /// Shows that `done` of `total` units are done.
    pub(crate) fn update(&self, done: u64, total: u64) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
            }
            None => {
                if self.last.get().elapsed() < Duration::from_secs(5) || done == 0 {
                    return;
                }
                self.last.set(Instant::now());
                let seconds = self.started.elapsed().as_secs_f64();
                let rate = done as f64 / seconds;
                let left = total.saturating_sub(done) as f64 / rate;
                tracing::info!("{}: {done}/{total}, {rate:.1}/s, {left:.0} s left", self.name);
            }
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What the hub calls while it downloads: a bar of bytes on a terminal, a log line per file otherwise.
pub(crate) fn downloads() -> Arc<dyn Fn(mdfe_model::Progress) + Send + Sync> {
    let bars: Mutex<HashMap<String, ProgressBar>> = Mutex::default();
    let shown = shows_bars();
    Arc::new(move |progress| {
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(progress.file.clone()).or_insert_with(|| {
            tracing::info!("downloading {}", progress.file);
            if !shown {
                return ProgressBar::hidden();
            }
            let template = "{msg} {bar:30} {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left)";
            new_bar(template, 0, &progress.file)
        });
        bar.set_length(progress.total.unwrap_or(progress.done));
        bar.set_position(progress.done);
        if progress.total == Some(progress.done) {
            bar.finish_and_clear();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_requests_are_in_no_log() {
        for given in ["trace", "ureq_proto=trace"] {
            let filter = without_secrets(EnvFilter::new(given)).to_string();
            assert!(filter.contains("ureq_proto=info") && !filter.contains("ureq_proto=trace"), "{filter}");
            assert!(filter.contains("reqsign=error") && filter.contains("opendal=error"), "{filter}");
        }
    }
}
