use actix_web::{
    Error, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use adapters::system::SystemRandomness;
use ports::Randomness;
use tracing::Instrument;

use super::{Code, Shop};

/// The header that names a request, in both directions.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names the request, puts the name into every line of its log and into its answer, and ends it in time.
///
/// # Errors
/// Those of the services behind it.
pub async fn within_time(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request_id(&request);
    let span = tracing::info_span!("request", %id, method = %request.method(), path = request.path());
    let limit = request.app_data::<web::Data<Shop>>().map(|shop| shop.request_timeout);
    let original = request.request().clone();
    let work = async move {
        let Some(limit) = limit else {
            return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
        };
        match tokio::time::timeout(limit, next.call(request)).await {
            Ok(answer) => answer.map(ServiceResponse::map_into_boxed_body),
            Err(_) => {
                tracing::error!(seconds = limit.as_secs(), "a request was not answered in time");
                Ok(ServiceResponse::new(original, Code::Unforeseen.failure().error_response()))
            }
        }
    };
    let mut answer = work.instrument(span).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(answer)
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
