use actix_web::{HttpRequest, HttpResponse, web};
use application::StaffOrders;
use domain::{
    AddressField, InvalidField, Money, OrderId, RefundAsk, Restock, Shipment, ShippingAddress, SkuId, Trade,
};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::{
    AdminApiError, AdminCode, csv,
    error::Refusals,
    figures::FiguresData,
    parameters::{FILTER, MAX_REASON, Query, body, line},
    requests::{
        AddressRequest, AmountData, AmountRequest, CancelRequest, RefundRequestData, RestockData,
        ReturnRequest, ShipRequest,
    },
    staff::Staff,
    wire::{AdminOrderData, OrdersData, RefundData, RefundedData},
    xlsx,
};
use crate::http::{Shop, middleware::in_time};

/// The default and the largest number of orders on one page.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;
/// The most SKUs that one refund puts back into stock.
const MAX_RESTOCK: usize = 500;

/// The search criteria, for the OpenAPI document; [`Query::filter`] reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
struct FilterParameters {
    /// the order number, or its first digits
    number: Option<String>,
    /// the buyer's exact name
    user: Option<String>,
    #[param(minimum = 1, maximum = 6)]
    status: Option<i16>,
    /// YYYY-MM-DD or YYYY-MM-DD HH:MM:SS: placed at this time or later
    from: Option<String>,
    /// a day, inclusive; or a moment, exclusive
    to: Option<String>,
}

/// Orders of all buyers, newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/orders",
    tag = "shop side",
    params(
        FilterParameters,
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "50 without it"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = OrdersData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn search(
    request: HttpRequest,
    _staff: Staff,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, AdminApiError> {
    let query = Query::of(&request, &[FILTER.as_slice(), &["limit", "before"]].concat())?;
    let (filter, before) = (query.filter()?, query.order_id("before")?);
    let limit = query.number("limit", MAX_PAGE)?.unwrap_or(PAGE);
    let found = timed(&shop, shop.admin.orders.page(&filter, before.as_ref(), limit)).await??;
    Ok(json(&OrdersData::from(found)))
}

/// The orders of a search as a CSV table with a byte order mark, one row for each order line; at most 100,000 orders.
/// Numbers that a spreadsheet must not treat as numeric end with a tab.
#[utoipa::path(
    get,
    path = "/v1/admin/orders.csv",
    tag = "shop side",
    params(FilterParameters),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals),
    security(("staff" = []))
)]
pub(super) async fn export(
    request: HttpRequest,
    _staff: Staff,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, AdminApiError> {
    let filter = Query::of(&request, &FILTER)?.filter()?;
    let mut export = timed(&shop, shop.admin.orders.export(&filter)).await??;
    // A failure here can still return an error; once the table has begun, the response can only break off.
    let first = timed(&shop, export.next_with_goods()).await??;
    // Checked before the table begins: a table cut at the limit would look complete.
    if timed(&shop, export.is_too_long()).await?? {
        let most = StaffOrders::EXPORT_MOST;
        return Err(AdminApiError::bad(format_args!("订单多于{most}个:请缩小下单时间的范围")));
    }
    Ok(csv::answer(first, export))
}

/// The same table as an Excel workbook; at most 10,000 orders.
#[utoipa::path(
    get,
    path = "/v1/admin/orders.xlsx",
    tag = "shop side",
    params(FilterParameters),
    responses(
        (
            status = 200,
            body = Vec<u8>,
            content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        ),
        Refusals
    ),
    security(("staff" = []))
)]
pub(super) async fn export_workbook(
    request: HttpRequest,
    _staff: Staff,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, AdminApiError> {
    let filter = Query::of(&request, &FILTER)?.filter()?;
    let export = timed(&shop, shop.admin.orders.export(&filter)).await??;
    Ok(xlsx::answer(timed(&shop, xlsx::workbook(export)).await??))
}

/// The figures of a day and the six days before it.
#[utoipa::path(
    get,
    path = "/v1/admin/figures",
    tag = "shop side",
    params(("date" = Option<String>, Query, description = "YYYY-MM-DD; today without it")),
    responses((status = 200, body = FiguresData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn figures(
    request: HttpRequest,
    _staff: Staff,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, AdminApiError> {
    let date = Query::of(&request, &["date"])?.date("date")?;
    let figures = timed(&shop, shop.admin.orders.figures(date)).await??;
    Ok(json(&FiguresData::from(figures)))
}

/// All records of one order.
#[utoipa::path(
    get,
    path = "/v1/admin/orders/{order_id}",
    tag = "shop side",
    params(("order_id" = String, Path)),
    responses((status = 200, body = AdminOrderData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn show(
    _staff: Staff,
    number: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, AdminApiError> {
    let order_id = order_number(&number)?;
    timed(&shop, async { Ok(json(&detail(&shop, &order_id).await?)) }).await?
}

/// 待发货 becomes 待收货.
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{order_id}/ship",
    tag = "shop side",
    params(("order_id" = String, Path)),
    request_body = ShipRequest,
    responses((status = 200, body = AdminOrderData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn ship(
    staff: Staff,
    number: web::Path<String>,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    change(&shop, &number, payload, async |order_id: &OrderId, asked: ShipRequest| {
        let carrier = line("carrier", &asked.carrier, Shipment::CARRIER_CHARS)?;
        let tracking_number = line("tracking_number", &asked.tracking_number, Shipment::TRACKING_CHARS)?;
        let now = shop.admin.clock.now();
        let shipment = Shipment::new(&carrier, &tracking_number, now).map_err(AdminApiError::bad)?;
        shop.orders.ship(order_id, &shipment, &staff.cause()).await?;
        Ok(())
    })
    .await
}

/// Cancels an unpaid order, after a query to Alipay.
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{order_id}/cancel",
    tag = "shop side",
    params(("order_id" = String, Path)),
    request_body = CancelRequest,
    responses((status = 200, body = AdminOrderData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn cancel(
    staff: Staff,
    number: web::Path<String>,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    change(&shop, &number, payload, async |order_id: &OrderId, asked: CancelRequest| {
        let reason = line("reason", &asked.reason, MAX_REASON)?;
        shop.orders.cancel(order_id, None, &reason, &staff.cause()).await?;
        Ok(())
    })
    .await
}

/// Lowers the amount of an unpaid order, after a query to Alipay. The buyer pays in a new attempt.
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{order_id}/amount",
    tag = "shop side",
    params(("order_id" = String, Path)),
    request_body = AmountRequest,
    responses((status = 200, body = AdminOrderData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn lower_amount(
    staff: Staff,
    number: web::Path<String>,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    change(&shop, &number, payload, async |order_id: &OrderId, asked: AmountRequest| {
        let (amount, expected) =
            (money("amount", &asked.amount)?, money("expected_amount", &asked.expected_amount)?);
        let reason = line("reason", &asked.reason, MAX_REASON)?;
        shop.orders.lower_amount(order_id, expected, amount, &reason, &staff.cause()).await?;
        Ok(())
    })
    .await
}

fn money(name: &str, AmountData(text): &AmountData) -> Result<Money, AdminApiError> {
    let amount = text.parse::<Money>().ok().filter(|amount| !amount.is_zero());
    amount.ok_or_else(|| AdminApiError::bad(format_args!("{name} 应为大于0、至多两位小数的金额")))
}

/// Changes the address of an order that is not shipped.
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{order_id}/address",
    tag = "shop side",
    params(("order_id" = String, Path)),
    request_body = AddressRequest,
    responses((status = 200, body = AdminOrderData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn change_address(
    staff: Staff,
    number: web::Path<String>,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    change(&shop, &number, payload, async |order_id: &OrderId, asked: AddressRequest| {
        let AddressRequest { receiver, mobile, address, title, expected, reason } = asked;
        let reason = line("reason", &reason, MAX_REASON)?;
        let address =
            ShippingAddress::checked(&title, &receiver, &mobile, &address).map_err(invalid_field)?;
        let expected = expected.map(ShippingAddress::from);
        shop.orders.change_address_by_shop(order_id, expected, address, &reason, &staff.cause()).await?;
        Ok(())
    })
    .await
}

fn invalid_field(InvalidField(field): InvalidField) -> AdminApiError {
    let form = match field {
        AddressField::Receiver => "receiver 应为1至10字的一行文字",
        AddressField::Address => "address 应为1至100字的一行文字",
        AddressField::Mobile => "mobile 应为11位手机号",
        AddressField::Tag => "title 应为1至10字的一行文字",
        AddressField::Postcode => "postcode 应为6位数字",
    };
    AdminApiError::bad(form)
}

/// Refunds a payment. The same `request_id` again is the same refund, and retries it if it has `failed`. `requested` means
/// that Alipay's answer was unclear, or a refusal that is not final.
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{order_id}/refunds",
    tag = "shop side",
    params((
        "order_id" = String, Path,
        description = "or the `out_trade_no` of a payment that is of no order: 1 to 64 characters, percent-encoded"
    )),
    request_body = RefundRequestData,
    responses((status = 200, body = RefundedData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn refund(
    staff: Staff,
    number: web::Path<String>,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    if !Trade::is_number(&number) {
        return Err(AdminApiError::bad(format_args!("订单编号应为1至{}位可见字符", Trade::MAX_NUMBER)));
    }
    timed(&shop, async {
        let ask = refund_ask(body(payload, shop.body_limit).await?)?;
        let refund = shop.orders.refund(&number, &ask, &staff.cause()).await?;
        let order = match OrderId::parse(domain::order_number(&number)) {
            Ok(order_id) => detail_if_any(&shop, &order_id).await?,
            // A payment that belongs to no order of this shop.
            Err(_) => None,
        };
        Ok(json(&RefundedData { refund: RefundData::from(refund), order }))
    })
    .await?
}

async fn detail_if_any(shop: &Shop, order_id: &OrderId) -> Result<Option<AdminOrderData>, AdminApiError> {
    let details = shop.admin.orders.inspect(order_id).await?;
    Ok(details.map(|details| AdminOrderData::new(details, &shop.base_url)))
}

fn refund_ask(asked: RefundRequestData) -> Result<RefundAsk, AdminApiError> {
    let out_request_no = RefundAsk::request_no(&asked.request_id);
    let amount = asked.amount.as_ref().map(|amount| money("amount", amount)).transpose()?;
    let expected = asked.expected_refundable.as_ref();
    Ok(RefundAsk {
        trade_no: asked.trade_no.map(|number| line("trade_no", &number, Trade::MAX_NUMBER)).transpose()?,
        amount,
        reason: line("reason", &asked.reason, MAX_REASON)?,
        expected_left: expected.map(|amount| money("expected_refundable", amount)).transpose()?,
        restock: asked.restock.map(pieces).transpose()?,
        out_request_no: out_request_no.ok_or_else(bad_request_id)?,
    })
}

/// Puts pieces back into stock without a refund. The same `request_id` again is the same return.
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{order_id}/returns",
    tag = "shop side",
    params(("order_id" = String, Path)),
    request_body = ReturnRequest,
    responses((status = 200, body = AdminOrderData), Refusals),
    security(("staff" = []))
)]
pub(super) async fn return_pieces(
    staff: Staff,
    number: web::Path<String>,
    shop: web::Data<Shop>,
    payload: web::Payload,
) -> Result<HttpResponse, AdminApiError> {
    change(&shop, &number, payload, async |order_id: &OrderId, asked: ReturnRequest| {
        let request_no = RefundAsk::request_no(&asked.request_id).ok_or_else(bad_request_id)?;
        let pieces = pieces(asked.restock)?;
        if pieces.is_empty() {
            return Err(AdminApiError::bad("restock 不能为空"));
        }
        let expected = asked.expected_returned;
        shop.orders.return_pieces(order_id, pieces, request_no, expected, &staff.cause()).await?;
        Ok(())
    })
    .await
}

fn pieces(asked: Vec<RestockData>) -> Result<Vec<Restock>, AdminApiError> {
    if asked.len() > MAX_RESTOCK {
        return Err(AdminApiError::bad(format_args!("restock 最多{MAX_RESTOCK}项")));
    }
    if asked.iter().any(|back| back.count == 0) {
        return Err(AdminApiError::bad("restock 的 count 应大于0"));
    }
    let restock = |RestockData { sku_id, count }| Restock { sku_id: SkuId(sku_id), pieces: count };
    Ok(asked.into_iter().map(restock).collect())
}

fn bad_request_id() -> AdminApiError {
    let most = RefundAsk::MAX_REQUEST_ID;
    AdminApiError::bad(format_args!("request_id 应为1至{most}位字母、数字、_ 或 -"))
}

/// Changes the order as the body asks, and returns it.
async fn change<Asked: DeserializeOwned>(
    shop: &Shop,
    number: &str,
    payload: web::Payload,
    work: impl AsyncFnOnce(&OrderId, Asked) -> Result<(), AdminApiError>,
) -> Result<HttpResponse, AdminApiError> {
    let order_id = order_number(number)?;
    timed(shop, async {
        work(&order_id, body(payload, shop.body_limit).await?).await?;
        Ok(json(&detail(shop, &order_id).await?))
    })
    .await?
}

async fn detail(shop: &Shop, order_id: &OrderId) -> Result<AdminOrderData, AdminApiError> {
    detail_if_any(shop, order_id).await?.ok_or_else(|| AdminCode::OrderNotFound.failure())
}

pub(super) fn order_number(text: &str) -> Result<OrderId, AdminApiError> {
    OrderId::parse(text).map_err(|_| AdminApiError::bad("订单编号应为1至64位数字"))
}

/// Runs the work within the request's time limit.
///
/// Interrupted work does no harm: a change is one transaction, and the job continues a refund that was recorded.
pub(super) async fn timed<T>(shop: &Shop, work: impl Future<Output = T>) -> Result<T, AdminApiError> {
    in_time(shop, work).await.ok_or_else(|| AdminCode::Busy.failure())
}

pub(super) fn json(data: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(data)
}
