use anyhow::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::config::{LogFormat, TelemetryConfig};
use super::export::Export;
use super::json::TracedJson;
use super::{metrics, sql};

const TRACER: &str = "linha";

/// Libraries whose spans and events say nothing about a request. The exporter itself runs on
/// some of them, and must not trace its own work.
const UNTRACED: [&str; 8] =
    ["graphile_worker", "h2", "hyper", "log", "opentelemetry", "sqlx", "tonic", "tower"];

/// Sends what is left to the collector when shut down or dropped: hold it in `main`, so that it
/// outlives the servers.
#[must_use = "dropping it ends the export of traces"]
#[derive(Debug)]
pub struct Telemetry {
    _export: Option<Export>,
}

impl Telemetry {
    /// Sends what is left and ends the export of traces. Blocks, but not for long.
    pub fn shutdown(self) {}
}

/// Starts logs, traces and metrics for this process, which they name `service`.
///
/// In a process that logs already, as tests do, logs and traces are left as they are and the
/// guard returned does nothing.
///
/// # Errors
/// When the directives or the endpoint are of no use.
pub fn start(service: &'static str, config: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    metrics::install();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let log_filter = config.log_filter().context("LINHA_LOG")?;
    if tracing::dispatcher::has_been_set() {
        return Ok(Telemetry { _export: None });
    }

    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let traces = SdkTracerProvider::builder().with_resource(resource);
    let (export, tracer) = match &config.otlp_endpoint {
        Some(endpoint) => {
            let export =
                Export::start(&endpoint.to_string(), traces).context("LINHA_OTLP_ENDPOINT")?;
            let tracer = export.tracer(TRACER);
            (Some(export), tracer)
        }
        // Nothing is recorded, but ids are made and passed on, so that logs can be put together.
        None => (None, traces.with_sampler(Sampler::AlwaysOff).build().tracer(TRACER)),
    };

    tracing_subscriber::registry()
        .with(trace_layer(tracer.clone()))
        .with(export.is_some().then(|| sql::layer(tracer)))
        .with(log_layer(config.log_format).with_filter(log_filter))
        .try_init()
        .context("a log subscriber was installed meanwhile")?;
    Ok(Telemetry { _export: export })
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
        .with_target(false)
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
