//! Exports spans to a collector, by OTLP over HTTP: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
//!
//! Only spans of this program's crates are exported: their names, times and the attributes in a fixed list. Log lines and
//! data from clients are not exported: a path can contain anything.

use std::{sync::OnceLock, time::Duration};

use actix_web::HttpRequest;
use adapters::is_on_this_machine;
use domain::TraceParent;
use opentelemetry::{
    KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState, TracerProvider},
};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter},
};
use tracing::{Level, Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::{build, configuration::OtlpConfiguration};

/// The exported attributes: fixed words of the program, and the id of the request. Never a path, token, name, phone number
/// or address.
const ATTRIBUTES: [&str; 6] = ["id", "method", "name", "orders", "http.route", "http.response.status_code"];
/// The crates whose spans are exported.
const CRATES: [&str; 3] = ["api", "application", "adapters"];
/// How long an export may take. Spans that are not exported by then are lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Holds the spans that wait for export.
static EXPORTING: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error("the exporter of traces cannot be made")]
    Exporter(#[from] ExporterBuildError),
    #[error("the HTTP client for traces cannot be made")]
    Client(#[from] reqwest::Error),
    #[error("the HTTP client for traces cannot be made: its thread panicked")]
    Thread,
}

/// The layer of the log's subscriber that exports spans.
///
/// # Errors
/// The exporter cannot be made. The collector is not contacted.
pub(crate) fn layer<S>(settings: &OtlpConfiguration) -> Result<impl Layer<S> + use<S>, ExportError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let url = format!("{}/v1/traces", settings.endpoint.trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client(&settings.endpoint)?)
        .with_endpoint(url)
        .with_timeout(PATIENCE)
        .build()?;
    let version = KeyValue::new("service.version", build::VERSION);
    let resource = Resource::builder_empty().with_service_name("dashop").with_attribute(version).build();
    let ratio = f64::from(settings.sample_percent) / 100.0;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(Discreet(exporter))
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
        .with_resource(resource)
        .build();
    let own_spans = filter_fn(|metadata| {
        let of = metadata.target().split("::").next().unwrap_or_default();
        metadata.is_span() && *metadata.level() <= Level::DEBUG && CRATES.contains(&of)
    })
    .with_max_level_hint(LevelFilter::DEBUG);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("dashop"))
        .with_location(false)
        .with_threads(false)
        .with_level(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false);
    // `start` runs once, so nothing was set before.
    let _started_before = EXPORTING.set(provider);
    Ok(layer.with_filter(own_spans))
}

/// A blocking client, as the export library needs, which runs on its own thread.
fn client(endpoint: &str) -> Result<reqwest::blocking::Client, ExportError> {
    // A proxy elsewhere cannot reach a collector on this machine.
    let is_here = is_on_this_machine(endpoint);
    let make = move || {
        let client = reqwest::blocking::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        if is_here { client.no_proxy() } else { client }.build()
    };
    // The client contains a runtime, which must not be created within another one.
    Ok(std::thread::spawn(make).join().map_err(|_| ExportError::Thread)??)
}

/// Removes attributes that are not in the list before the export.
#[derive(Debug)]
struct Discreet<E>(E);

impl<E: SpanExporter> SpanExporter for Discreet<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        for span in &mut batch {
            span.attributes.retain(|attribute| ATTRIBUTES.contains(&attribute.key.as_str()));
        }
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// Makes the span of a request part of the caller's trace. Returns the trace to pass on: that of the span, or the caller's
/// if no spans are exported.
pub(crate) fn of_request(span: &Span, caller: Option<&TraceParent>) -> Option<TraceParent> {
    if EXPORTING.get().is_none() {
        return caller.cloned();
    }
    if let Some(caller) = caller.and_then(span_context) {
        let parent = opentelemetry::Context::new().with_remote_span_context(caller);
        // A span that is not exported has no parent either.
        let _not_exported = span.set_parent(parent);
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    let text = format!("00-{}-{}-{:02x}", own.trace_id(), own.span_id(), own.trace_flags().to_u8());
    TraceParent::parse(&text).or_else(|| caller.cloned())
}

fn span_context(trace: &TraceParent) -> Option<SpanContext> {
    let mut parts = trace.as_str().split('-').skip(1);
    let (trace_id, span_id) = (TraceId::from_hex(parts.next()?), SpanId::from_hex(parts.next()?));
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    Some(SpanContext::new(trace_id.ok()?, span_id.ok()?, flags, true, TraceState::NONE))
}

/// Records the result of a request in its span.
pub(crate) fn answered(span: &Span, request: &HttpRequest, status: u16) {
    if EXPORTING.get().is_none() {
        return;
    }
    if let Some(route) = request.match_pattern() {
        span.set_attribute("http.route", route);
    }
    span.set_attribute("http.response.status_code", i64::from(status));
}

/// Exports the remaining spans before the program ends.
pub(crate) fn flush() {
    if let Some(Err(error)) = EXPORTING.get().map(SdkTracerProvider::shutdown) {
        tracing::warn!(error = &error as &dyn std::error::Error, "not all traces were exported");
    }
}
