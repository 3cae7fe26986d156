use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, TracerProviderBuilder,
};
use tokio::runtime::Runtime;
use tonic::transport::ClientTlsConfig;

/// Spans that wait for export; more are dropped rather than held in memory.
const QUEUE_MAX: usize = 4096;
const BATCH_MAX: usize = 512;
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Traces on their way to a collector. What is left is sent when this is dropped.
#[derive(Debug)]
pub(super) struct Export {
    provider: SdkTracerProvider,
    _runtime: OwnRuntime,
}

impl Export {
    /// Connects when there is something to send, so the collector may come and go.
    pub(super) fn start(endpoint: &str, traces: TracerProviderBuilder) -> anyhow::Result<Self> {
        let runtime = OwnRuntime::start()?;
        let limits = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .build();
        let batches = BatchSpanProcessor::builder(runtime.exporter(endpoint)?)
            .with_batch_config(limits)
            .build();
        Ok(Self { provider: traces.with_span_processor(batches).build(), _runtime: runtime })
    }

    pub(super) fn tracer(&self, name: &'static str) -> SdkTracer {
        self.provider.tracer(name)
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "the last traces were not delivered");
        }
    }
}

/// The exporter has a thread of its own, so that it can flush while the caller's runtime is
/// blocked or has ended.
#[derive(Debug)]
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp-export")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn exporter(&self, endpoint: &str) -> Result<SpanExporter, ExporterBuildError> {
        let _entered = self.0.as_ref().map(Runtime::enter);
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(EXPORT_TIMEOUT);
        match endpoint.starts_with("https:") {
            true => exporter.with_tls_config(ClientTlsConfig::new().with_enabled_roots()).build(),
            false => exporter.build(),
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        // To wait for it would panic inside another runtime, and nothing is left to do.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn starts_and_ends_inside_a_runtime() {
        for endpoint in ["http://127.0.0.1:1", "https://collector.invalid"] {
            let export = Export::start(endpoint, SdkTracerProvider::builder()).unwrap();
            drop(export);
        }
        assert!(Export::start("http://", SdkTracerProvider::builder()).is_err());
    }
}
