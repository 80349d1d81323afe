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

use super::{Shop, client};

/// The header that names a request, in both directions.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of a request.
struct RequestId(String);

/// The name of the request, for the timeline of what it changes.
pub(super) fn request_id_of(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(|id| id.0.clone())
}

/// Names the request, and puts the name into every line of its log and into its answer. No browser is to guess what an answer is.
///
/// # Errors
/// Those of the services behind it.
pub async fn named(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request_id(&request);
    let span = tracing::info_span!("request", %id, method = %request.method(), path = request.path());
    request.extensions_mut().insert(RequestId(id.clone()));
    if let Some(shop) = request.app_data::<Data<Shop>>()
        && !shop.storefront.trusts_proxy
        && client::is_forwarded(request.request())
    {
        span.in_scope(|| shop.security.tell_of_unbelieved_proxy());
    }
    let begun = Instant::now();
    let mut answer = next.call(request).instrument(span.clone()).await?;
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(parent: &span, status = answer.status().as_u16(), millis, "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    // What is said here is what its type says, and nothing that a browser guesses.
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(answer)
}

/// Does the work of a request within the time it has; none where it took longer.
///
/// Placing an order MUST NOT be done in here: it would be written whether or not somebody still waits, and its buyer
/// would be told that it failed. The batcher and the database have time limits of their own.
pub(super) async fn in_time<T>(shop: &Shop, work: impl Future<Output = T>) -> Option<T> {
    let outcome = tokio::time::timeout(shop.request_timeout, work).await;
    if outcome.is_err() {
        tracing::error!(seconds = shop.request_timeout.as_secs(), "a request was not answered in time");
    }
    outcome.ok()
}

/// The caller's own name for the request where it is a sane one.
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
