//! Metrics in Prometheus' text format.
//!
//! Use cases and adapters count with the macros of the crate `metrics`, by the names in [`ports::metric`]; here is what
//! collects that ([`Exporter`]), and what is looked up when somebody asks ([`Gauges`]).

mod gauges;
mod process;

use std::time::Duration;

use application::count_from_zero;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use ports::metric::{self, Kind};
use tokio::task::{self, JoinHandle};

pub(crate) use gauges::Gauges;

use crate::build;

/// The bounds of durations, in seconds: from a statement on a warm page to a bill of Alipay's.
const SECONDS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// The bounds of sizes of groups.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// What was recorded since is sorted into the histograms so often. Until then each value takes memory of its own.
const SORT_EVERY: Duration = Duration::from_secs(5);

/// Collects what is counted.
pub(crate) struct Exporter {
    handle: PrometheusHandle,
    sorting: JoinHandle<()>,
}

/// Metrics cannot be collected.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The library refuses how they are described.
    #[error("metrics cannot be collected")]
    Build(#[from] BuildError),
    /// Something else in this process collects them.
    #[error("metrics are collected already")]
    Twice,
}

impl Exporter {
    /// Collects all that is counted from now on in this process. Must be called within the runtime.
    ///
    /// # Errors
    /// It is called a second time.
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

    /// All that was counted, as text.
    pub(crate) fn text(&self) -> String {
        self.handle.render()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.sorting.abort();
    }
}
