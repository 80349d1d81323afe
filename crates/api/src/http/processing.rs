//! Operations 1 to 5 of the contract, and new operations for buyers: `/v1/orders/processing/`.

use actix_web::{HttpRequest, HttpResponse, web};
use application::{
    OrderItems, PaymentInvitation, PaymentWish, PlaceOrderError, PlaceOrderRequest, PlacementError, Preview,
    StartedPayment,
};
use domain::{AddressId, Caller, Cause, Channel, IdempotencyKey, OrderStatus, PaymentProduct};

use super::{
    ApiError, Code, Shop,
    answer::success,
    caller,
    codes::unsigned,
    documented::{OfGet, OfPost, PostBody},
    middleware::{in_time, request_id_of},
    observe::operation,
    parameters::{Parameters, missing, unknown_value},
    wire::{InvitationData, OrderDetailsData, OrdersData, PreviewData, UnsignedData},
};

/// The default and the largest number of orders on one page of the list.
const PAGE: i64 = 100;
const MAX_PAGE: i64 = 200;
/// The longest name of a channel, in characters.
const MAX_CHANNEL: usize = 10;
/// The longest name of a device, in characters.
const MAX_DEVICE: usize = 16;
/// The longest reason from a buyer, in characters.
const MAX_REASON: usize = 100;

/// Preview (status 0), list (1), confirm receipt (2), one order (3).
#[utoipa::path(
    get,
    path = "/v1/orders/processing/",
    tag = "orders",
    params(
        ("status" = i32, Query, description = "which operation: 0 preview, 1 list, 2 confirm receipt, 3 one order"),
        ("settlement_type" = Option<i32>, Query, description = "preview: 0 the ticked cart lines, 1 one SKU"),
        ("sku_id" = Option<i32>, Query, description = "preview of one SKU"),
        ("buy_num" = Option<i32>, Query, description = "preview of one SKU: pieces"),
        ("order_status" = Option<i32>, Query, description = "list: 0 all, 1 to 6 those in that status"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "list: 100 without it"),
        ("before" = Option<String>, Query, description = "list: `next` of the page before"),
        ("order_id" = Option<String>, Query, description = "confirm receipt and one order"),
    ),
    responses((status = 200, description = "done, or refused with a `code`", body = OfGet)),
    security(("buyer" = []))
)]
pub(super) async fn get(
    request: HttpRequest,
    caller: caller::Caller,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let outcome = operation_of_get(&request, &caller.0, &shop).await;
    strangers_first(outcome, &caller.0, &shop).await
}

async fn operation_of_get(
    request: &HttpRequest,
    caller: &Caller,
    shop: &Shop,
) -> Result<HttpResponse, ApiError> {
    let parameters = &Parameters::of_query(request);
    match parameters.required_integer("status")? {
        0 => preview(parameters, caller, shop).await,
        1 => bounded(shop, list(parameters, caller, shop)).await,
        2 => bounded(shop, confirm(request, parameters, caller, shop)).await,
        3 => bounded(shop, show(parameters, caller, shop)).await,
        _unknown => Err(unknown_value("status")),
    }
}

/// Create (status 0), pay (1), cancel (3), send elsewhere (4).
#[utoipa::path(
    post,
    path = "/v1/orders/processing/",
    tag = "orders",
    params(("Idempotency-Key" = Option<String>, Header, description = "create: the same key is the same order")),
    request_body = PostBody,
    responses((status = 200, description = "done, or refused with a `code`", body = OfPost)),
    security(("buyer" = []))
)]
pub(super) async fn post(
    request: HttpRequest,
    caller: caller::Caller,
    shop: web::Data<Shop>,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let outcome = operation_of_post(&request, body, &caller.0, &shop).await;
    strangers_first(outcome, &caller.0, &shop).await
}

async fn operation_of_post(
    request: &HttpRequest,
    body: web::Payload,
    caller: &Caller,
    shop: &Shop,
) -> Result<HttpResponse, ApiError> {
    let parameters = bounded(shop, Parameters::of_body(request, body, shop.body_limit)).await?;
    match parameters.required_integer("status")? {
        0 => create(request, &parameters, caller, shop).await,
        1 => bounded(shop, pay(&parameters, caller, shop)).await,
        3 => bounded(shop, cancel(request, &parameters, caller, shop)).await,
        4 => bounded(shop, change_address(request, &parameters, caller, shop)).await,
        _unknown => Err(unknown_value("status")),
    }
}

/// A caller who is not admitted gets only that error, even if a parameter is invalid and no use case has checked the caller.
async fn strangers_first(
    outcome: Result<HttpResponse, ApiError>,
    caller: &Caller,
    shop: &Shop,
) -> Result<HttpResponse, ApiError> {
    match outcome {
        Err(ApiError {
            code: Code::BadParameter | Code::UnknownOrder | Code::Unavailable | Code::InvalidQuantity,
            ..
        }) => match in_time(shop, shop.shopping.users.authenticate(caller)).await {
            Some(Ok(Err(refusal))) => Err(refusal.into()),
            Some(Ok(Ok(_)) | Err(_)) | None => outcome,
        },
        Ok(_) | Err(_) => outcome,
    }
}

/// The outcome of the work, or 50000 if it takes longer than a request may.
async fn bounded<T>(shop: &Shop, work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    in_time(shop, work).await.unwrap_or_else(|| Err(Code::Unforeseen.failure()))
}

/// Whether the order is for the cart or for one SKU.
enum SettlementType {
    Cart,
    Direct,
}

fn settlement_type(parameters: &Parameters) -> Result<SettlementType, ApiError> {
    match parameters.integer("settlement_type")? {
        Some(0) => Ok(SettlementType::Cart),
        Some(1) => Ok(SettlementType::Direct),
        Some(_) => Err(unknown_value("settlement_type")),
        None => Err(missing("settlement_type")),
    }
}

/// Operation 1. The old page reads the lists in `data` without checking `code`, so every response to a user of the shop
/// contains them.
async fn preview(parameters: &Parameters, caller: &Caller, shop: &Shop) -> Result<HttpResponse, ApiError> {
    operation("preview");
    let base_url = Some(shop.base_url.as_str());
    let refused =
        |failure: ApiError, addresses| Ok(failure.with_data(&PreviewData::empty(addresses), base_url));
    let items = match preview_items(parameters) {
        Ok(items) => items,
        Err(failure) => {
            let is_direct = matches!(settlement_type(parameters), Ok(SettlementType::Direct));
            return match in_time(shop, shop.shopping.unread_preview(caller, is_direct)).await {
                Some((_, Err(PlacementError::NotAdmitted(refusal)))) => Err(refusal.into()),
                Some((addresses, Ok(()))) => refused(failure, addresses),
                Some((addresses, Err(refusal))) => refused(refusal.into(), addresses),
                None => refused(Code::Unforeseen.failure(), Vec::new()),
            };
        }
    };
    let Some(Preview { addresses, quote }) = in_time(shop, shop.shopping.preview(caller, items)).await else {
        return refused(Code::Unforeseen.failure(), Vec::new());
    };
    match quote {
        Ok(quote) if addresses.is_empty() => {
            Ok(Code::NoAddress.failure().with_data(&PreviewData::new(addresses, quote), base_url))
        }
        Ok(quote) => Ok(success(Some(PreviewData::new(addresses, quote)), base_url)),
        Err(refusal) => match ApiError::from(refusal) {
            // Not a user of the shop: the same response as in other operations.
            stranger @ ApiError { code: Code::UnknownUser | Code::NotSignedIn, .. } => Err(stranger),
            failure => refused(failure, addresses),
        },
    }
}

fn preview_items(parameters: &Parameters) -> Result<OrderItems, ApiError> {
    match settlement_type(parameters)? {
        SettlementType::Cart => Ok(OrderItems::Cart),
        SettlementType::Direct => Ok(OrderItems::Direct {
            sku_id: parameters.sku_id("sku_id")?.ok_or_else(|| missing("sku_id"))?,
            quantity: parameters.quantity("buy_num")?,
        }),
    }
}

/// The payment product for the device: 电脑网站支付 on a PC, or 手机网站支付 on a phone.
fn product(parameters: &Parameters) -> Result<PaymentProduct, ApiError> {
    match parameters.text("device", MAX_DEVICE)?.as_deref() {
        None | Some("pc") => Ok(PaymentProduct::Page),
        Some("wap") => Ok(PaymentProduct::Wap),
        Some(_) => Err(unknown_value("device")),
    }
}

/// The payment channel; the shop must have it.
fn channel(parameters: &Parameters, shop: &Shop) -> Result<Channel, ApiError> {
    let Some(word) = parameters.text("channel", MAX_CHANNEL)? else { return Ok(Channel::default()) };
    let is_set_up = |channel: &Channel| shop.orders.channels.get(*channel).is_some();
    Channel::from_word(&word).filter(is_set_up).ok_or_else(|| unknown_value("channel"))
}

/// Operation 2. It has no time limit here: see [`in_time`].
async fn create(
    request: &HttpRequest,
    parameters: &Parameters,
    caller: &Caller,
    shop: &Shop,
) -> Result<HttpResponse, ApiError> {
    operation("create");
    let address_id = address_id(parameters)?;
    let items = match settlement_type(parameters)? {
        SettlementType::Cart => Some(OrderItems::Cart),
        SettlementType::Direct => match parameters.sku_id("sku_id")? {
            Some(sku_id) => Some(OrderItems::Direct { sku_id, quantity: parameters.quantity("buy_num")? }),
            None => None,
        },
    };
    let request = PlaceOrderRequest {
        caller: caller.clone(),
        address_id,
        items,
        expected_amount: parameters.amount("expected_amount")?,
        channel: channel(parameters, shop)?,
        product: product(parameters)?,
        idempotency_key: idempotency_key(request)?,
    };
    match shop.place.execute(request).await {
        Ok(payment) => Ok(started(payment, shop)),
        Err(PlaceOrderError::Unsigned { order_id, total_amount, cause }) => {
            let data = UnsignedData::new(&order_id, total_amount);
            Ok(unsigned(&cause).with_data(&data, Some(&shop.base_url)))
        }
        Err(error) => Err(error.into()),
    }
}

/// An address book entry. A number outside the range of ids means an address that does not exist.
fn address_id(parameters: &Parameters) -> Result<AddressId, ApiError> {
    let id = parameters.integer("address_id")?.ok_or_else(|| missing("address_id"))?;
    Ok(AddressId(i32::try_from(id).unwrap_or(0)))
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().and_then(IdempotencyKey::parse);
    key.map(Some).ok_or_else(|| unknown_value("Idempotency-Key"))
}

/// Operation 3.
async fn list(parameters: &Parameters, caller: &Caller, shop: &Shop) -> Result<HttpResponse, ApiError> {
    operation("list");
    let status = match parameters.required_integer("order_status")? {
        0 => None,
        code => Some(OrderStatus::from_code(code).ok_or_else(|| unknown_value("order_status"))?),
    };
    let limit = parameters.integer("limit")?.unwrap_or(PAGE);
    let limit = u32::try_from(limit).ok().filter(|_| (1..=MAX_PAGE).contains(&limit));
    let before = parameters.page_end("before")?;
    let limit = limit.ok_or_else(|| unknown_value("limit"))?;
    let page = shop.orders.list(caller, status, before, limit).await?;
    Ok(success(Some(OrdersData::from(page)), Some(&shop.base_url)))
}

/// Operation 4.
async fn confirm(
    request: &HttpRequest,
    parameters: &Parameters,
    caller: &Caller,
    shop: &Shop,
) -> Result<HttpResponse, ApiError> {
    operation("confirm");
    let order_id = parameters.order_id("order_id")?;
    shop.orders.confirm_receipt(caller, &order_id, &Cause::buyer(request_id_of(request))).await?;
    Ok(success(None::<()>, Some(&shop.base_url)))
}

/// Operation 5.
async fn pay(parameters: &Parameters, caller: &Caller, shop: &Shop) -> Result<HttpResponse, ApiError> {
    operation("pay");
    let order_id = parameters.order_id("order_id")?;
    let (anew, as_code) = (flag(parameters, "new_attempt")?, flag(parameters, "code")?);
    let wish = PaymentWish {
        channel: channel(parameters, shop)?,
        product: product(parameters)?,
        anew,
        expected_amount: parameters.amount("expected_amount")?,
        as_code: as_code && shop.pages.has_frames(),
    };
    Ok(started(shop.orders.start_payment(caller, &order_id, wish).await?, shop))
}

/// 1 means yes; 0 or absent means no.
fn flag(parameters: &Parameters, name: &'static str) -> Result<bool, ApiError> {
    match parameters.integer(name)? {
        None | Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => Err(unknown_value(name)),
    }
}

fn started(payment: StartedPayment, shop: &Shop) -> HttpResponse {
    let invitation = match payment {
        StartedPayment::Invited(invitation) => invitation,
        // The old result page then queries number and amount, and the buyer cannot pay twice.
        StartedPayment::AlreadyPaid { order_id, total_amount } => {
            let pay_url = shop.result_page_of(&order_id);
            PaymentInvitation { pay_url, code_url: None, order_id, total_amount }
        }
    };
    success(Some(InvitationData::from(invitation)), Some(&shop.base_url))
}

/// Not in the old contract: the buyer cancels an unpaid order.
async fn cancel(
    request: &HttpRequest,
    parameters: &Parameters,
    caller: &Caller,
    shop: &Shop,
) -> Result<HttpResponse, ApiError> {
    operation("cancel");
    let order_id = parameters.order_id("order_id")?;
    let reason = parameters.text("reason", MAX_REASON)?;
    let cause = Cause::buyer(request_id_of(request));
    shop.orders.cancel_by_buyer(caller, &order_id, reason.as_deref(), &cause).await?;
    Ok(success(None::<()>, Some(&shop.base_url)))
}

/// Not in the old contract: the buyer changes the address of an unpaid order.
async fn change_address(
    request: &HttpRequest,
    parameters: &Parameters,
    caller: &Caller,
    shop: &Shop,
) -> Result<HttpResponse, ApiError> {
    operation("change_address");
    let order_id = parameters.order_id("order_id")?;
    let address_id = address_id(parameters)?;
    let cause = Cause::buyer(request_id_of(request));
    shop.orders.change_address_by_buyer(caller, &order_id, address_id, &cause).await?;
    Ok(success(None::<()>, Some(&shop.base_url)))
}

/// Not in the old contract: one order with its timeline.
async fn show(parameters: &Parameters, caller: &Caller, shop: &Shop) -> Result<HttpResponse, ApiError> {
    operation("show");
    let order_id = parameters.order_id("order_id")?;
    let details = shop.orders.show(caller, &order_id).await?;
    Ok(success(Some(OrderDetailsData::from(details)), Some(&shop.base_url)))
}
