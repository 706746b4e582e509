//! A data set in the terminal, for `mdfe datasets show`.

use super::list::thousands;
use crate::{Dataset, Reading, Sample};

/// Bars of the histogram are at most this many characters long.
const BAR: u64 = 40;

/// One sample as a line of JSON without a line end: `{"path", "class", "label", "domain"}`.
///
/// `path` is relative to the data folder, `class` the source's own id as a string, `label` the dense id.
pub fn jsonl_line(dataset: &Dataset, sample: &Sample) -> String {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        path: std::borrow::Cow<'a, str>,
        class: &'a str,
        label: u32,
        domain: &'a str,
    }
    let class = dataset.class_names.get(sample.class as usize).map_or("", String::as_str);
    let path = sample.path.to_string_lossy();
    let line = Line { path, class, label: sample.class, domain: sample.domain.as_str() };
    // Text and numbers always have a JSON form.
    serde_json::to_string(&line).unwrap_or_default()
}

/// The counts of a reading as one line, such as `sop: 59,551 samples, 11,318 classes; left out: nothing`.
pub fn counts_line(reading: &Reading) -> String {
    let dataset = &reading.dataset;
    let (samples, classes) =
        (thousands(dataset.samples.len() as u64), thousands(dataset.num_classes() as u64));
    let dropped = reading.left_out();
    let dropped = if dropped.is_empty() { "nothing".to_owned() } else { dropped.join("; ") };
    format!("{}: {samples} samples, {classes} classes; left out: {dropped}", dataset.name)
}

/// A histogram of class sizes as text: how many classes have 1, 2, 3-4, 5-8, ... samples.
///
/// `class_counts` is `[C]`: see [`Dataset::class_counts`].
pub fn class_size_histogram(class_counts: &[u64]) -> String {
    // Bin b holds the sizes above 2^(b-1) up to 2^b.
    let bin_of = |size: u64| size.next_power_of_two().trailing_zeros() as usize;
    let mut bins: Vec<u64> = Vec::new();
    for &size in class_counts.iter().filter(|n| **n > 0) {
        let bin = bin_of(size);
        if bins.len() <= bin {
            bins.resize(bin + 1, 0);
        }
        bins[bin] += 1;
    }
    let most = bins.iter().copied().max().unwrap_or(1);
    let first = bins.iter().position(|n| *n > 0).unwrap_or(0);
    let mut text = format!("{:>17}  {:>9}\n", "samples per class", "classes");
    for (bin, &classes) in bins.iter().enumerate().skip(first) {
        let (low, high) = if bin == 0 { (1, 1) } else { ((1u64 << (bin - 1)) + 1, 1 << bin) };
        let range = if low == high { low.to_string() } else { format!("{low}-{high}") };
        // A bin that is not empty shows, however small it is beside the largest.
        let bar = "#".repeat((classes * BAR / most).max(u64::from(classes > 0)) as usize);
        text += format!("{range:>17}  {:>9}  {bar}", thousands(classes)).trim_end();
        text.push('\n');
    }
    text
}
