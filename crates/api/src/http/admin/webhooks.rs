//! Webhook endpoints: their state, the delivery log, and the operations of staff.

use actix_web::{HttpRequest, HttpResponse, web};
use application::ManageWebhooksError;
use domain::{EndpointName, EventId, OrderId};
use ports::{AttemptQuery, Resend, Resent};

use super::{
    AdminApiError, AdminCode,
    error::Refusals,
    orders::{json, order_number, timed},
    parameters::{Query, body},
    requests::ResendRequest,
    staff::Staff,
    webhook_wire::{AttemptsData, EndpointsData, ResentData, ResumedData},
};
use crate::http::Shop;

/// The default and the largest number of attempts on one page.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

/// All recorded endpoints and their states.
#[utoipa::path(
    get,
    path = "/v1/admin/webhooks",
    tag = "shop side",
    responses((status = 200, body = EndpointsData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn list(_staff: Staff, shop: web::Data<Shop>) -> Result<HttpResponse, AdminApiError> {
    let listed = timed(&shop, shop.admin.webhooks.list()).await??;
    Ok(json(&EndpointsData::from(listed)))
}

/// The delivery log, newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/webhooks/attempts",
    tag = "shop side",
    params(
        ("endpoint" = Option<String>, Query, description = "the endpoint's name"),
        ("order_id" = Option<String>, Query, description = "attempts of this order's events"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "50 without it"),
        ("before" = Option<i64>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = AttemptsData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn attempts(
    request: HttpRequest,
    _staff: Staff,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, AdminApiError> {
    let query = Query::of(&request, &["endpoint", "order_id", "limit", "before"])?;
    let asked = AttemptQuery {
        endpoint: query.endpoint("endpoint")?,
        order_id: query.order_id("order_id")?,
        before: query.id("before")?,
        limit: query.number("limit", MAX_PAGE)?.unwrap_or(PAGE),
    };
    let page = timed(&shop, shop.admin.webhooks.attempts(&asked)).await??;
    Ok(json(&AttemptsData::from(page)))
}

/// Sends one event of an order to the endpoint again, even if it was delivered. Refused as `not_sent` if the endpoint is in
/// no settings any more, or does not get events of this type.
#[utoipa::path(
    post,
    path = "/v1/admin/webhooks/{endpoint}/resend",
    tag = "shop side",
    params(("endpoint" = String, Path)),
    request_body = ResendRequest,
    responses((status = 200, body = ResentData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn resend(
    staff: Staff,
    name: web::Path<String>,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    let name = endpoint_name(&name)?;
    timed(&shop, async {
        let asked: ResendRequest = body(payload, shop.body_limit).await?;
        let order_id: OrderId = order_number(&asked.order_id)?;
        let event_id = EventId::parse(&asked.event_id)
            .ok_or_else(|| AdminApiError::bad("event_id 应为事件编号,如 evt_42"))?;
        let which = Resend::Event { order_id, event_id };
        match shop.admin.webhooks.resend(&name, &which).await? {
            Resent { due: 0, unwanted: 0 } => Err(AdminCode::EventNotFound.failure()),
            Resent { due: 0, .. } => {
                let text = format!("推送端点 {name} 的 types 不包含该事件的类型,不会推送");
                Err(AdminApiError::new(AdminCode::NotSent, text))
            }
            Resent { due, .. } => {
                let (staff, event_id) = (staff.name(), asked.event_id);
                tracing::info!(endpoint = %name, staff, event_id, "an event is sent once more");
                let is_paused = shop.admin.webhooks.paused().await?.contains(&name);
                Ok(json(&ResentData { resent: due, waits_for_resume: is_paused }))
            }
        }
    })
    .await?
}

/// Resumes a paused endpoint; `resumed` is false if it is not paused.
#[utoipa::path(
    post,
    path = "/v1/admin/webhooks/{endpoint}/resume",
    tag = "shop side",
    params(("endpoint" = String, Path)),
    responses((status = 200, body = ResumedData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn resume(
    staff: Staff,
    name: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, AdminApiError> {
    let name = endpoint_name(&name)?;
    let resumed = timed(&shop, shop.admin.webhooks.resume(&name)).await??;
    if resumed {
        tracing::info!(endpoint = %name, staff = staff.name(), "a webhook endpoint is resumed");
    }
    Ok(json(&ResumedData { resumed }))
}

/// An invalid name is the name of no endpoint.
fn endpoint_name(text: &str) -> Result<EndpointName, AdminApiError> {
    EndpointName::parse(text).map_err(|_| AdminCode::EndpointNotFound.failure())
}

impl From<ManageWebhooksError> for AdminApiError {
    fn from(error: ManageWebhooksError) -> Self {
        match error {
            ManageWebhooksError::UnknownEndpoint => AdminCode::EndpointNotFound.failure(),
            ManageWebhooksError::NotInSettings => AdminCode::NotSent.failure(),
            ManageWebhooksError::Store(error) => error.into(),
        }
    }
}
