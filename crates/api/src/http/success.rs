//! Operations 6 and 7, `/v1/orders/success/`; the notifications of other channels, `/v1/orders/notify/…/`; and the return
//! from the cashier, `/v1/orders/return/`.

use std::cell::Cell;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ContentType, LOCATION},
    web,
};
use application::{NotificationError, PaymentResultError};
use domain::{Channel, order_number};
use metrics::counter;
use ports::metric;
use tokio::time::timeout;
use url::form_urlencoded;

use super::{
    ApiError, Code, Shop,
    answer::success,
    codes::{log_failure, payment_result_failure},
    documented::OfResult,
    middleware::{in_time, request_id_of},
    security::{SecurityEvent, Suspect},
    wire::ResultData,
};

/// The response to messages that are not from a channel or not for this shop.
const FORBIDDEN: &str = "非法访问";
/// The parameter that [`browser_return`] adds to the channel's parameters. The channel has not signed it.
const ORDER_ID: &str = "order_id";

/// The responses to a channel's notifications.
struct Replies {
    /// Stops the resending.
    dealt_with: &'static str,
    /// Makes the channel send again.
    send_again: &'static str,
}

impl Replies {
    fn to(channel: Channel) -> Self {
        match channel {
            // Exactly these seven bytes.
            Channel::Alipay => Self { dealt_with: "success", send_again: "fail" },
            #[cfg(feature = "test-channel")]
            Channel::Test => Self { dealt_with: "OK", send_again: "AGAIN" },
        }
    }
}

/// Operation 6: the browser's result page asks whether the order is paid.
#[utoipa::path(
    get,
    path = "/v1/orders/success/",
    tag = "orders",
    params(("sign" = String, Query, description = "with every other parameter of the return URL, unchanged")),
    responses((
        status = 200,
        description = "paid; 50105 if it is not paid; text if Alipay did not sign the URL",
        content((OfResult = "application/json"), (String = "text/plain"))
    ))
)]
pub(super) async fn result(request: HttpRequest, shop: web::Data<Shop>) -> Result<HttpResponse, ApiError> {
    let query = without_order_id(request.query_string());
    let Some(outcome) =
        in_time(&shop, shop.orders.payment_result(Channel::default(), &query, request_id_of(&request))).await
    else {
        return Err(Code::Unforeseen.failure());
    };
    match outcome {
        Ok(order) if order.status.was_paid() => Ok(success(Some(ResultData::from(&order)), None)),
        Ok(order) => Ok(Code::NotPaid.failure().with_data(&ResultData::from(&order), None)),
        Err(PaymentResultError::Gateway { order, cause }) => {
            Ok(ApiError::from(cause).with_data(&ResultData::from(&*order), None))
        }
        Err(PaymentResultError::NotKnownYet(order)) => {
            Ok(Code::Channel.failure().with_data(&ResultData::from(&*order), None))
        }
        Err(error) => {
            let reason = error.to_string();
            payment_result_failure(error).map_or_else(
                || {
                    refuse(&shop, &request, SecurityEvent::ReturnRefused, &reason);
                    Ok(text(FORBIDDEN))
                },
                Err,
            )
        }
    }
}

/// Operation 7: Alipay notifies.
#[utoipa::path(
    post,
    path = "/v1/orders/success/",
    tag = "orders",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "signed by Alipay"),
    responses((status = 200, description = "success, fail, or 非法访问", body = String, content_type = "text/plain"))
)]
pub(super) async fn notification(
    request: HttpRequest,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> HttpResponse {
    notified(Channel::default(), &request, &shop, body).await
}

/// A channel notifies.
#[utoipa::path(
    post,
    path = "/v1/orders/notify/{channel}/",
    tag = "orders",
    params(("channel" = String, Path, description = "the name of the channel, such as `alipay`")),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "signed by the channel"),
    responses((
        status = 200,
        description = "the answer that the channel expects, or 非法访问",
        body = String,
        content_type = "text/plain"
    ))
)]
pub(super) async fn channel_notification(
    request: HttpRequest,
    shop: web::Data<Shop>,
    channel: web::Path<String>,
    body: web::Payload,
) -> HttpResponse {
    match Channel::from_word(&channel) {
        Some(channel) => notified(channel, &request, &shop, body).await,
        None => text(FORBIDDEN),
    }
}

async fn notified(channel: Channel, request: &HttpRequest, shop: &Shop, body: web::Payload) -> HttpResponse {
    let is_read = Cell::new(false);
    let work = async {
        match body.to_bytes_limited(shop.body_limit).await {
            Ok(Ok(body)) => {
                is_read.set(true);
                settle(channel, shop, request, &body).await
            }
            // The connection broke.
            Ok(Err(_)) => text(FORBIDDEN),
            Err(_too_long) => refuse_unread(shop, request, &"it is longer than DASHOP_BODY_LIMIT"),
        }
    };
    let answer = timeout(shop.request_timeout, work).await;
    answer.unwrap_or_else(|_| {
        // Otherwise the sender was too slow, which is no failure of the shop.
        if is_read.get() {
            counter!(metric::NOTIFICATIONS, "verdict" => "failed").increment(1);
            tracing::error!("a notification was cut off by the time limit; the channel will send it again");
        }
        text(Replies::to(channel).send_again)
    })
}

async fn settle(channel: Channel, shop: &Shop, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    match shop.orders.settle_notification(channel, body, request_id_of(request)).await {
        Ok(_settled) => text(Replies::to(channel).dealt_with),
        Err(error @ (NotificationError::NotVerified(_) | NotificationError::NotForUs(_))) => {
            refuse(shop, request, SecurityEvent::NotificationRefused, &error);
            text(FORBIDDEN)
        }
        Err(NotificationError::Settle(error)) => {
            log_failure(&error, "a notification was not dealt with; the channel will send it again");
            text(Replies::to(channel).send_again)
        }
    }
}

/// A message that was not read counts as unreadable, so that repeated ones show up in the metrics.
fn refuse_unread(shop: &Shop, request: &HttpRequest, reason: &dyn std::fmt::Display) -> HttpResponse {
    counter!(metric::NOTIFICATIONS, "verdict" => "unreadable").increment(1);
    refuse(shop, request, SecurityEvent::NotificationRefused, reason);
    text(FORBIDDEN)
}

/// Logs messages that are not from the channel or not for this shop.
fn refuse(shop: &Shop, request: &HttpRequest, event: SecurityEvent, reason: &dyn std::fmt::Display) {
    let suspect = Suspect { address: shop.address_of(request), name: None, reason: Some(reason) };
    shop.security.log(event, suspect);
}

/// The return URL for Alipay: leads on to the result page, which needs the order's number first. Changes nothing.
#[utoipa::path(
    get,
    path = "/v1/orders/return/",
    tag = "orders",
    params(("out_trade_no" = String, Query, description = "with every other parameter of the return URL")),
    responses((status = 302, description = "to the result page"))
)]
pub(super) async fn browser_return(request: HttpRequest, shop: web::Data<Shop>) -> HttpResponse {
    let query = request.query_string();
    let number = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "out_trade_no");
    let number = number.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let number: String = form_urlencoded::byte_serialize(order_number(&number).as_bytes()).collect();
    let page = shop.result_page_with(&format!("{ORDER_ID}={number}&{query}"));
    HttpResponse::Found()
        .insert_header((LOCATION, page))
        .insert_header(("cache-control", "no-store"))
        .finish()
}

/// The channel's own query string, byte for byte. The result page forwards its own query string, which contains our
/// parameter.
fn without_order_id(query: &str) -> String {
    let is_the_channels = |part: &&str| part.split('=').next() != Some(ORDER_ID);
    query.split('&').filter(is_the_channels).collect::<Vec<_>>().join("&")
}

fn text(body: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::plaintext()).body(body)
}
