//! The shop side, `/v1/admin`: each operation and each code, as recorded JSON.

mod amend;
mod cancel;
mod csv;
mod embedded;
mod figures;
mod paths;
mod refunds;
mod returns;
mod search;
mod session;
mod ship;
mod show;
mod tokens;
mod webhooks;

use actix_web::test::TestRequest;
use domain::{
    Cause, EvidenceSource, Order, OrderLedger, OrderStatus, PaymentRecord, PaymentStatus, Refund, RefundKind,
    RefundStatus, ShopTime, Trade, UserId, Username,
};
use ports::{FoundOrder, OrderRecords};
use serde_json::{Value, json};

use crate::{samples::*, support::*};

const ORDERS: &str = "/v1/admin/orders";
/// A member of staff.
const STAFF: &str = "小王";
const TRADE: &str = "2019112822001453030500000001";

/// The HTTP status and the code word of a failure.
type Code = (u16, &'static str);

const BAD_REQUEST: Code = (400, "bad_request");
const UNAUTHENTICATED: Code = (401, "unauthenticated");
const NOT_FOUND: Code = (404, "not_found");
const ORDER_NOT_FOUND: Code = (404, "order_not_found");
const ENDPOINT_NOT_FOUND: Code = (404, "endpoint_not_found");
const EVENT_NOT_FOUND: Code = (404, "event_not_found");
const NOT_SENT: Code = (409, "not_sent");
const METHOD_NOT_ALLOWED: Code = (405, "method_not_allowed");
const NOT_ALLOWED: Code = (409, "not_allowed");
const CONFLICT: Code = (409, "conflict");
const STALE: Code = (409, "stale");
const REQUEST_ID_REUSED: Code = (409, "request_id_reused");
const AMOUNT_EXCEEDS_PAYMENT: Code = (422, "amount_exceeds_payment");
const NOTHING_TO_REFUND: Code = (422, "nothing_to_refund");
const RESTOCK_EXCEEDS_ORDER: Code = (422, "restock_exceeds_order");
const AMOUNT_NOT_LOWER: Code = (422, "amount_not_lower");
const INTERNAL: Code = (500, "internal");
const ALIPAY_UNAVAILABLE: Code = (502, "alipay_unavailable");
const BUSY: Code = (503, "busy");

fn by_staff(request: TestRequest) -> TestRequest {
    let token = staff_key().issue(STAFF, 4_102_444_800).unwrap();
    request.insert_header(("authorization", token)).insert_header(("x-request-id", "r-1"))
}

pub(crate) fn get(uri: &str) -> TestRequest {
    by_staff(TestRequest::get().uri(uri))
}

pub(crate) fn post(uri: &str, body: &Value) -> TestRequest {
    by_staff(TestRequest::post().uri(uri).set_payload(body.to_string()))
}

/// The path of an action on the recorded order.
fn of_order(what: &str) -> String {
    format!("{ORDERS}/{ORDER}{what}")
}

async fn sent(mocks: Mocks, request: TestRequest) -> Answer {
    mocks.send(request).await
}

/// The JSON of an answer, which must not be cacheable.
fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{:?}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{:?}", answer.body);
    serde_json::from_slice(&answer.body).unwrap()
}

/// The JSON of a successful answer.
pub(crate) fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    json_of(answer)
}

/// The message of this failure; the answer must contain nothing else.
fn refused(answer: &Answer, (status, code): Code) -> String {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    let body = json_of(answer);
    let message = body["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(body, json!({"error": {"code": code, "message": message}}));
    assert!(!message.contains(SECRET_CAUSE), "{message}");
    message
}

/// Asserts that the request is refused because of this parameter before any port is called.
async fn bad_parameter(request: TestRequest, named: &str) {
    let answer = sent(Mocks::untouched(), request).await;
    let message = refused(&answer, BAD_REQUEST);
    assert!(message.starts_with("请求参数错误:") && message.contains(named), "{named}: {message}");
}

/// Asserts that a body that is no JSON object, is too large or has a duplicate name is refused before any port is
/// called.
async fn bad_bodies(uri: &str, good: &Value) {
    for body in ["", "{", "null", "[]", "\"carrier\"", "carrier=1"] {
        bad_parameter(by_staff(TestRequest::post().uri(uri).set_payload(body)), "请求体").await;
    }
    let two = by_staff(TestRequest::post().uri(uri).set_payload(format!("{good} {{}}")));
    bad_parameter(two, "请求体").await;
    for (name, value) in good.as_object().unwrap() {
        let text = good.to_string();
        let twice = format!("{}, \"{name}\": {value}}}", text.strip_suffix('}').unwrap());
        bad_parameter(by_staff(TestRequest::post().uri(uri).set_payload(twice)), name).await;
    }
    let long = "x".repeat(BODY_LIMIT + 1);
    bad_parameter(by_staff(TestRequest::post().uri(uri).set_payload(long)), &BODY_LIMIT.to_string()).await;
}

/// Asserts that an impossible order number is refused before any port is called.
async fn bad_numbers(request: impl Fn(&str) -> TestRequest) {
    for number in ["x", "2019-11", "%20", "%E8%AE%A2", "%00", "%FF", "%27", &"9".repeat(65)] {
        bad_parameter(request(&format!("{ORDERS}/{number}")), "订单编号").await;
    }
}

fn at(time: &str) -> ShopTime {
    ShopTime::parse(&format!("2019-11-28 {time}")).unwrap()
}

/// The payment of the recorded order.
fn payment() -> PaymentRecord {
    let trade =
        Trade { buyer: Some("159****1234".to_owned()), paid_at: Some(at("20:45:00")), ..trade("323.91") };
    let source = EvidenceSource::Notification;
    PaymentRecord { trade, status: PaymentStatus::Settled, source, recorded_at: at("20:45:01") }
}

/// A refund of the recorded order that staff requested as `r1` at noon.
fn refund(amount: &str, status: RefundStatus) -> Refund {
    let finished_at = match status {
        RefundStatus::Requested => None,
        RefundStatus::Succeeded | RefundStatus::Failed => Some(noon()),
    };
    Refund {
        channel: domain::Channel::Alipay,
        out_request_no: "shop-r1".to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: TRADE.to_owned(),
        amount: money(amount),
        reason: "质量问题".to_owned(),
        kind: RefundKind::Shop,
        status,
        restock: Vec::new(),
        cause: Cause::shop(STAFF.to_owned(), Some("r-1".to_owned())),
        requested_at: noon(),
        finished_at,
        failure: None,
    }
}

/// The same on the wire.
fn refund_data(amount: &str, status: &str) -> Value {
    let finished_at = (status != "requested").then_some("2019-11-28 12:00:00");
    json!({
        "out_request_no": "shop-r1", "trade_no": TRADE, "amount": amount, "reason": "质量问题", "kind": "shop",
        "status": status, "restock": [], "requested_by": STAFF, "created_at": "2019-11-28 12:00:00",
        "finished_at": finished_at, "error": null
    })
}

/// The recorded order as a search result, with another number.
fn found(number: &str) -> FoundOrder {
    ports::mock::samples::found(order_id(number), username(), order(OrderStatus::AwaitingPayment))
}

/// An order's summary on the wire.
fn summary(number: &str, status: OrderStatus) -> Value {
    json!({
        "order_id": number, "user": {"id": 4, "username": "dada"}, "status": status.code(),
        "status_text": status.label(), "total_count": 3, "total_amount": "323.91", "freight": "10.00",
        "refunded_amount": "0.00", "created_at": "2019-11-28 20:40:08", "expire_at": "2019-11-28 21:10:08", "receiver": "习瓜瓜"
    })
}

/// The recorded order without any other records.
fn file(status: OrderStatus) -> OrderRecords {
    OrderRecords { ledger: only(status), username: username(), changes: Vec::new() }
}

/// The same on the wire.
fn details(status: OrderStatus) -> Value {
    let line = |sku_id: i32, price: &str, count: u32, total_amount: &str| {
        json!({
            "sku_id": sku_id, "name": "红袖添香", "default_image_url": format!("{sku_id}.jpg"), "price": price,
            "count": count, "total_amount": total_amount, "returned": 0,
            "attributes": [{"name": "颜色", "value": "红色"}, {"name": "尺寸", "value": "18寸"}]
        })
    };
    let mut data = summary(ORDER, status);
    data["discount"] = json!("0.00");
    data["address"] = json!({
        "title": "家", "address": "北京市东城区珍贝大厦", "mobile": "13691433520", "receiver": "习瓜瓜"
    });
    data["lines"] = json!([line(4, "104.95", 2, "209.90"), line(5, "104.01", 1, "104.01")]);
    let state = match status {
        OrderStatus::AwaitingPayment => "open",
        OrderStatus::Cancelled => "given_up",
        OrderStatus::AwaitingShipment
        | OrderStatus::AwaitingReceipt
        | OrderStatus::Completed
        | OrderStatus::Refunded => "paid",
    };
    data["attempts"] = json!([{
        "out_trade_no": ORDER, "channel": "alipay", "product": "page", "amount": "323.91", "state": state,
        "opened_at": "2019-11-28 20:40:08", "closed_at": null, "paid_at": null
    }]);
    data["payments"] = json!([]);
    data["refunds"] = json!([]);
    data["shipment"] = Value::Null;
    data["timeline"] = json!([{
        "from": null, "to": 1, "actor": "buyer", "by": null, "reason": "下单", "at": "2019-11-28 20:40:08",
        "request_id": null
    }]);
    data["refundable_amount"] = json!("0.00");
    data["base_url"] = json!(BASE_URL);
    data
}

/// A store that returns these records of the recorded order, once.
fn with_file(mut mocks: Mocks, file: OrderRecords) -> Mocks {
    mocks
        .admin
        .expect_file()
        .times(1)
        .withf(|id| id.as_str() == ORDER)
        .returning(move |_| Ok(Some(file.clone())));
    mocks
}

/// The recorded order of a buyer whom no test signs in.
fn anybodys(status: OrderStatus) -> Order {
    Order { user_id: UserId(5), ..order(status) }
}

/// The recorded order in this status, paid, with these refunds.
fn paid_ledger(status: OrderStatus, refunds: Vec<Refund>) -> OrderLedger {
    ledger(Some(anybodys(status)), vec![payment()], refunds)
}

/// The stored status of the recorded order.
fn status_of(client: &Client) -> OrderStatus {
    client.ledgers().get(ORDER).order.unwrap().status
}
