//! Traces. A request's `traceparent` is passed on to the events and requests that it causes. If the program is built with
//! the feature `otlp` and DASHOP_OTLP_ENDPOINT is set, spans are exported by OTLP over HTTP, and the `traceparent` that is
//! passed on names the span of the request.

#[cfg(feature = "otlp")]
mod otlp;

#[cfg(feature = "otlp")]
pub(crate) use otlp::{ExportError, answered, flush, layer, of_request};

#[cfg(not(feature = "otlp"))]
mod nowhere {
    use actix_web::HttpRequest;
    use domain::TraceParent;
    use tracing::Span;

    /// The trace to pass on: the caller's.
    pub(crate) fn of_request(_span: &Span, caller: Option<&TraceParent>) -> Option<TraceParent> {
        caller.cloned()
    }

    pub(crate) fn answered(_span: &Span, _request: &HttpRequest, _status: u16) {}

    pub(crate) fn flush() {}
}

#[cfg(not(feature = "otlp"))]
pub(crate) use nowhere::{answered, flush, of_request};
