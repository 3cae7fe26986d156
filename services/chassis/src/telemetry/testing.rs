//! Traces kept in memory.

use std::sync::{Arc, Mutex};

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use super::{setup, sql};

#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Memory {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().append(&mut batch);
        Ok(())
    }
}

/// The layers of a service with an OTLP endpoint, on this thread, until dropped.
pub(super) struct Recorded {
    memory: Memory,
    _guard: DefaultGuard,
}

impl Recorded {
    pub(super) fn start() -> Self {
        let memory = Memory::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(memory.clone()).build();
        let tracer = provider.tracer("test");
        let subscriber = tracing_subscriber::registry()
            .with(setup::trace_layer(tracer.clone()))
            .with(sql::layer(tracer));
        Self { memory, _guard: tracing::subscriber::set_default(subscriber) }
    }

    pub(super) fn all(&self) -> Vec<SpanData> {
        self.memory.0.lock().unwrap().clone()
    }

    /// Finished spans by name, the first of each.
    pub(super) fn spans<const N: usize>(&self, names: [&str; N]) -> [SpanData; N] {
        let all = self.all();
        names.map(|name| {
            let found = all.iter().find(|span| span.name == name);
            found.unwrap_or_else(|| panic!("no span {name} in {all:?}")).clone()
        })
    }
}

/// The text of an attribute, "" if it is not set.
pub(super) fn attribute(span: &SpanData, key: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
    found.map(|attribute| attribute.value.to_string()).unwrap_or_default()
}
