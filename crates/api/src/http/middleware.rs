use std::rc::Rc;

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use adapters::system::SystemRandomness;
use ports::Randomness;
use tokio::time::Instant;
use tracing::Instrument;

use application::in_request;
use domain::TraceParent;

use super::{
    Shop, client,
    observe::{Answered, Observer, hearing},
};
use crate::traces;

/// The header with the request id, in requests and responses.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
struct RequestId(String);

/// The id of the request, for the timelines of orders that it changes.
pub(super) fn request_id_of(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(|id| id.0.clone())
}

/// Gives the request an id, counts it, and adds the id to its log lines and its response. Forbids browsers to guess content
/// types.
///
/// # Errors
/// The errors of the inner services.
pub async fn named(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request_id(&request);
    let caller = trace_of(&request);
    let trace_id = caller.as_ref().map(TraceParent::trace_id);
    let span =
        tracing::info_span!("request", %id, method = %request.method(), path = request.path(), trace_id);
    let trace = traces::of_request(&span, caller.as_ref());
    request.extensions_mut().insert(RequestId(id.clone()));
    if let Some(shop) = request.app_data::<Data<Shop>>()
        && !shop.storefront.trusts_proxy
        && client::is_forwarded(request.request())
    {
        span.in_scope(|| shop.security.warn_of_untrusted_proxy());
    }
    let observer = request.app_data::<Rc<Observer>>().cloned();
    let in_progress = observer.as_deref().map(Observer::begin);
    let begun = Instant::now();
    let work = in_request(trace, next.call(request).instrument(span.clone()));
    let ((answer, user), operation, code) = hearing(work).await;
    if let Some(in_progress) = in_progress {
        in_progress.answered();
    }
    let mut answer = answer?;
    let took = begun.elapsed();
    let status = answer.status().as_u16();
    if let Some(observer) = observer {
        let request = answer.request();
        observer.note(&Answered {
            request,
            id: &id,
            trace_id: caller.as_ref().map(TraceParent::trace_id),
            operation,
            status,
            code,
            user,
            took,
        });
    }
    traces::answered(&span, answer.request(), status);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(parent: &span, status, millis, "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    // The content type is as declared; a browser must not guess another one.
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(answer)
}

/// Runs the work of a request within the request's time limit; `None` if it took longer.
///
/// MUST NOT be used to place an order: the order would be written even if nobody waits for it any more, and the buyer would
/// get a failure. The batcher, the database and each call of a payment channel have their own time limits.
pub(super) async fn in_time<T>(shop: &Shop, work: impl Future<Output = T>) -> Option<T> {
    let outcome = tokio::time::timeout(shop.request_timeout, work).await;
    if outcome.is_err() {
        tracing::error!(seconds = shop.request_timeout.as_secs(), "a request was not answered in time");
    }
    outcome.ok()
}

/// The caller's trace, if the request has a valid W3C `traceparent`.
fn trace_of(request: &ServiceRequest) -> Option<TraceParent> {
    TraceParent::parse(request.headers().get("traceparent")?.to_str().ok()?)
}

/// The caller's own request id if it is valid, otherwise a new one.
fn request_id(request: &ServiceRequest) -> String {
    let is_sane = |id: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (1..=64).contains(&id.len()) && id.bytes().all(allowed)
    };
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_sane);
    given.map_or_else(
        || format!("{:08x}{:08x}", SystemRandomness.draw(), SystemRandomness.draw()),
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn trace(traceparent: &str) -> Option<String> {
        trace_of(&TestRequest::default().insert_header(("traceparent", traceparent)).to_srv_request())
            .map(|trace| trace.trace_id().to_owned())
    }

    #[test]
    fn a_trace_is_taken_over_where_it_is_one() {
        let trace_id = Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
        assert_eq!(trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), trace_id);
        assert_eq!(trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"), trace_id);
        for wrong in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace(wrong), None, "{wrong}");
        }
    }
}
