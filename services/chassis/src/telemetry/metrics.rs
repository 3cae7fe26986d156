//! The metrics of this process. Code counts through the macros of the `metrics` crate; Prometheus
//! reads the result on the admin port.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub(super) const GRPC_REQUESTS: &str = "linha_grpc_requests_total";
pub(super) const GRPC_SECONDS: &str = "linha_grpc_request_seconds";
pub(super) const HTTP_REQUESTS: &str = "linha_http_requests_total";
pub(super) const HTTP_SECONDS: &str = "linha_http_request_seconds";
pub(crate) const JOB_FAILURES: &str = "linha_job_failures_total";
pub(crate) const READS: &str = "linha_database_reads_total";
pub(crate) const SWEEP_FAILURES: &str = "linha_sweep_failures_total";

/// From a read that hits the cache of the database to a call that meets its deadline.
const SECONDS_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The crate `metrics` knows one recorder per process, and several services may share one.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to count. May be called any number of times.
pub fn install() {
    RECORDER.get_or_init(recorder);
}

/// Everything counted so far, in the Prometheus text format.
pub fn render() -> String {
    RECORDER.get_or_init(recorder).render()
}

fn recorder() -> PrometheusHandle {
    let builder = PrometheusBuilder::new();
    // Refused only when there are no buckets.
    let builder = builder
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
        .unwrap_or_default();
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed, metrics stay empty here");
        return handle;
    }
    describe();
    keep_up(handle.clone());
    handle
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_histogram};

    describe_counter!(GRPC_REQUESTS, "gRPC calls served, by status code");
    describe_histogram!(GRPC_SECONDS, Unit::Seconds, "Duration of gRPC calls served");
    describe_counter!(HTTP_REQUESTS, "HTTP requests served, by status");
    describe_histogram!(HTTP_SECONDS, Unit::Seconds, "Duration of HTTP requests served");
    describe_counter!(JOB_FAILURES, "Attempts at jobs that failed");
    describe_counter!(READS, "Lists and searches, by where they were read");
    describe_counter!(SWEEP_FAILURES, "Looks for due work that failed");
}

/// Histograms hold every sample until somebody sums them up; without this they would grow for
/// ever in a process that nobody scrapes. A thread, because the recorder outlives any runtime.
fn keep_up(handle: PrometheusHandle) {
    let upkeep = move || {
        loop {
            std::thread::sleep(UPKEEP_INTERVAL);
            handle.run_upkeep();
        }
    };
    if let Err(error) = std::thread::Builder::new().name("metrics".to_owned()).spawn(upkeep) {
        tracing::warn!(%error, "metrics are summed up only when read");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_buckets() {
        install();
        install();
        metrics::counter!("linha_test_total", "kind" => "unit").increment(2);
        metrics::histogram!("linha_test_seconds").record(0.03);

        let text = render();
        assert!(text.contains(r#"linha_test_total{kind="unit"} 2"#), "{text}");
        assert!(text.contains(r#"linha_test_seconds_bucket{le="0.025"} 0"#), "{text}");
        assert!(text.contains(r#"linha_test_seconds_bucket{le="0.05"} 1"#), "{text}");
        assert!(text.contains(r#"linha_test_seconds_bucket{le="+Inf"} 1"#), "{text}");
    }
}
