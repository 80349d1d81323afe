//! Metrics in Prometheus' text format.
//!
//! Use cases and adapters count with the macros of the crate `metrics`, under the names in [`ports::metric`]. [`Exporter`]
//! collects these values; [`Gauges`] looks up further values for each scrape.

mod gauges;
mod process;

use std::time::Duration;

use application::count_from_zero;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use ports::metric::{self, Kind};
use tokio::task::{self, JoinHandle};

pub(crate) use gauges::Gauges;

use crate::build;

/// The bucket bounds of durations, in seconds: from a short SQL statement to the download of a bill from Alipay.
const SECONDS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// The bucket bounds of group sizes.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// How often recorded values are sorted into the histograms. Until then each value uses its own memory.
const SORT_EVERY: Duration = Duration::from_secs(5);

/// Collects the metrics.
pub(crate) struct Exporter {
    handle: PrometheusHandle,
    sorting: JoinHandle<()>,
}

/// Why metrics cannot be collected.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The library refuses their configuration.
    #[error("metrics cannot be collected")]
    Build(#[from] BuildError),
    /// Another recorder is installed in this process.
    #[error("metrics are collected already")]
    Twice,
}

impl Exporter {
    /// Collects all metrics of this process from now on. Must be called within the runtime.
    ///
    /// # Errors
    /// A recorder is already installed.
    pub(crate) fn install() -> Result<Self, MetricsError> {
        let mut builder = PrometheusBuilder::new();
        for described in metric::ALL {
            let bounds: &[f64] = match described.kind {
                Kind::Seconds => &SECONDS,
                Kind::Sizes => &SIZES,
                Kind::Counter | Kind::Gauge => continue,
            };
            builder = builder.set_buckets_for_metric(Matcher::Full(described.name.to_owned()), bounds)?;
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Twice)?;
        for described in metric::ALL {
            match described.kind {
                Kind::Counter => metrics::describe_counter!(described.name, described.help),
                Kind::Gauge => metrics::describe_gauge!(described.name, described.help),
                Kind::Seconds | Kind::Sizes => metrics::describe_histogram!(described.name, described.help),
            }
        }
        count_from_zero();
        metrics::gauge!(
            metric::BUILD_INFO,
            "version" => build::VERSION, "commit" => build::COMMIT, "date" => build::DATE
        )
        .set(1.0);
        let sorted = handle.clone();
        let sorting = task::spawn(async move {
            let mut ticks = tokio::time::interval(SORT_EVERY);
            loop {
                ticks.tick().await;
                sorted.run_upkeep();
            }
        });
        Ok(Self { handle, sorting })
    }

    /// All metrics as text.
    pub(crate) fn text(&self) -> String {
        self.handle.render()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.sorting.abort();
    }
}
