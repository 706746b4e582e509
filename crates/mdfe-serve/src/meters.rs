//! What `/metrics` shows. The recorder belongs to one service: two in one process do not mix.

use metrics::{Counter, Gauge, Histogram, Label, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::time::Duration;

/// Upper ends of the buckets of times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Upper ends of the buckets of batch sizes.
const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Counters, gauges and histograms.
pub(crate) struct Meters {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    in_flight: Gauge,
    rows: Gauge,
    waited: Histogram,
    batch: Histogram,
    images: Counter,
    texts: Counter,
}

impl Meters {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // Neither list is empty, which is all that can be wrong with one.
        let suffix = |name: &str| Matcher::Suffix(name.to_owned());
        let builder = match builder
            .set_buckets_for_metric(suffix("_seconds"), &SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(suffix("_batch_size"), &SIZES))
        {
            Ok(builder) => builder,
            Err(_) => PrometheusBuilder::new(),
        };
        let recorder = builder.build_recorder();
        let (in_flight, rows, waited, batch, images, texts) = with_local_recorder(&recorder, || {
            (
                gauge!("mdfe_requests_in_flight"),
                gauge!("mdfe_index_rows"),
                histogram!("mdfe_queue_seconds"),
                histogram!("mdfe_batch_size"),
                counter!("mdfe_embeddings_total", "kind" => "image"),
                counter!("mdfe_embeddings_total", "kind" => "text"),
            )
        });
        Self { handle: recorder.handle(), recorder, in_flight, rows, waited, batch, images, texts }
    }

    /// A request has come.
    pub(crate) fn begin(&self) {
        self.in_flight.increment(1.0);
    }

    /// A request has been answered. `route` is one of the service's, so that nobody makes up labels.
    pub(crate) fn end(&self, route: &str, status: u16, took: Duration) {
        self.in_flight.decrement(1.0);
        with_local_recorder(&self.recorder, || {
            let route = Label::new("route", route.to_owned());
            let labels = vec![route.clone(), Label::new("status", status.to_string())];
            counter!("mdfe_requests_total", labels).increment(1);
            histogram!("mdfe_request_seconds", vec![route]).record(took);
        });
    }

    /// An input has waited for the model.
    pub(crate) fn waited(&self, time: Duration) {
        self.waited.record(time);
    }

    /// The model takes a batch of images.
    pub(crate) fn batch(&self, images: usize) {
        self.batch.record(images as f64);
        self.images.increment(images as u64);
    }

    /// The model takes a sentence.
    pub(crate) fn sentence(&self) {
        self.texts.increment(1);
    }

    /// All of it as Prometheus reads it; `rows` is the size of the index.
    pub(crate) fn render(&self, rows: Option<usize>) -> String {
        if let Some(rows) = rows {
            self.rows.set(rows as f64);
        }
        self.handle.run_upkeep();
        self.handle.render()
    }
}
