use std::time::Duration;

use anyhow::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider,
    TracerProviderBuilder,
};
use tokio::runtime::Runtime;
use tonic::transport::ClientTlsConfig;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::config::{LogFormat, TelemetryConfig};
use super::json::TracedJson;
use super::{metrics, sql};

/// Spans that wait for export; more are dropped rather than held in memory.
const QUEUE_MAX: usize = 4096;
const BATCH_MAX: usize = 512;
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Libraries whose spans and events say nothing about a request. The exporter itself runs on
/// some of them, and must not trace its own work.
const UNTRACED: [&str; 8] =
    ["graphile_worker", "h2", "hyper", "log", "opentelemetry", "sqlx", "tonic", "tower"];

/// Sends what is left to the collector when shut down or dropped: hold it in `main`, so that it
/// outlives the servers.
#[must_use = "dropping it ends the export of traces"]
#[derive(Debug)]
pub struct Telemetry(Option<Export>);

#[derive(Debug)]
struct Export {
    provider: SdkTracerProvider,
    /// The exporter has a thread of its own, so that it can flush while the caller's runtime is
    /// blocked or has ended.
    runtime: Runtime,
}

/// Starts logs, traces and metrics for this process, which they name `service`.
///
/// In a process that logs already, as tests do, logs and traces are left as they are and the
/// guard returned does nothing.
pub fn start(service: &'static str, config: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    metrics::install();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let log_filter = config.log_filter().context("LINHA_LOG")?;
    if tracing::dispatcher::has_been_set() {
        return Ok(Telemetry(None));
    }

    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let traces = SdkTracerProvider::builder().with_resource(resource);
    let (provider, runtime) = match &config.otlp_endpoint {
        Some(endpoint) => {
            let (traces, runtime) =
                export_to(&endpoint.to_string(), traces).context("LINHA_OTLP_ENDPOINT")?;
            (traces.build(), Some(runtime))
        }
        // Nothing is recorded, but ids are made and passed on, so that logs can be put together.
        None => (traces.with_sampler(Sampler::AlwaysOff).build(), None),
    };
    let tracer = provider.tracer("linha");

    tracing_subscriber::registry()
        .with(trace_layer(tracer.clone()))
        .with(runtime.is_some().then(|| sql::layer(tracer)))
        .with(log_layer(config.log_format).with_filter(log_filter))
        .try_init()
        .context("a log subscriber was installed meanwhile")?;
    Ok(Telemetry(runtime.map(|runtime| Export { provider, runtime })))
}

impl Telemetry {
    /// Sends what is left and ends the export of traces. Blocks, but not for long.
    pub fn shutdown(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(Export { provider, runtime }) = self.0.take() else { return };
        if let Err(error) = provider.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "the last traces were not delivered");
        }
        // Waiting for it would panic inside another runtime, and nothing is left to do.
        runtime.shutdown_background();
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.end();
    }
}

fn export_to(
    endpoint: &str,
    traces: TracerProviderBuilder,
) -> anyhow::Result<(TracerProviderBuilder, Runtime)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("otlp-export")
        .enable_all()
        .build()?;
    // The exporter starts tasks on the runtime it is built in.
    let entered = runtime.enter();

    let exporter =
        SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(EXPORT_TIMEOUT);
    let exporter = match endpoint.starts_with("https:") {
        true => exporter.with_tls_config(ClientTlsConfig::new().with_enabled_roots()),
        false => exporter,
    };
    let limits = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE_MAX)
        .with_max_export_batch_size(BATCH_MAX)
        .build();
    let batches = BatchSpanProcessor::builder(exporter.build()?).with_batch_config(limits).build();
    drop(entered);
    Ok((traces.with_span_processor(batches), runtime))
}

/// Turns spans into OpenTelemetry spans, and log events inside them into span events.
pub(super) fn trace_layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let targets = UNTRACED.map(|target| (target, LevelFilter::OFF));
    tracing_opentelemetry::layer()
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_tracer(tracer)
        .with_filter(Targets::new().with_default(LevelFilter::INFO).with_targets(targets))
}

fn log_layer<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            layer.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed()
        }
        LogFormat::Json => {
            layer.fmt_fields(JsonFields::new()).event_format(TracedJson::new()).boxed()
        }
    }
}
