//! 订单详情, which is not in the old contract: `GET` with status 3.

use domain::{
    AttemptState, Cause, Channel, Money, NotAdmitted, Order, OrderStatus, PaymentAttempt, PaymentProduct,
    Refund, RefundKind, RefundStatus, Shipment, ShopTime, TimelineEntry, UserId,
};
use ports::mock::MockOrderReader;
use serde_json::{Value, json};

use crate::{samples::*, support::*};

const QUERY: &str = "status=3&order_id=2019112820400804";

fn with_changes(mut mocks: Mocks, changes: Vec<TimelineEntry>) -> Mocks {
    mocks.orders.expect_timeline().times(1).withf(|id| id.as_str() == ORDER).return_once(|_| Ok(changes));
    mocks
        .orders
        .expect_refund_due_payments()
        .times(1)
        .withf(|ids| *ids == [order_id(ORDER)])
        .returning(|_| Ok(Vec::new()));
    mocks
}

fn with_refunds(mut mocks: Mocks, refunds: Vec<Refund>) -> Mocks {
    mocks.orders.expect_refunds().times(1).withf(|id| id.as_str() == ORDER).return_once(|_| Ok(refunds));
    with_changes(mocks, Vec::new())
}

fn entry(from: OrderStatus, to: OrderStatus, cause: Cause, reason: &str, time: &str) -> TimelineEntry {
    let at = ShopTime::parse(&format!("2019-11-28 {time}")).unwrap();
    TimelineEntry { from: Some(from), to, cause, reason: reason.to_owned(), amendment: None, at }
}

fn created() -> Value {
    json!({"from": null, "to": 1, "actor": "buyer", "reason": "下单", "time": "2019-11-28 20:40:08"})
}

fn shown(mut order: Value, timeline: Value) -> Value {
    order["timeline"] = timeline;
    order["refunds"] = json!([]);
    order["attempts"] = json!([]);
    json!({"code": 200, "base_url": BASE_URL, "data": {"order": order}})
}

#[actix_web::test]
async fn an_order_in_each_status() {
    for (status, text) in OrderStatus::ALL.map(|status| (status, status.label())) {
        let mocks = with_refunds(Mocks::signed_in().with_order(status), Vec::new());
        let expected = shown(order_data(status.code(), text), json!([created()]));
        assert_eq!(mocks.get(QUERY).await, expected);
    }
}

/// The buyer does not see the channel's numbers.
#[actix_web::test]
async fn the_attempts_to_pay_it_say_where_it_is_to_be_paid() {
    let attempt = |number: &str, product, state| PaymentAttempt {
        channel: Channel::Alipay,
        out_trade_no: number.to_owned(),
        product,
        amount: Money::from_fen(6_290).unwrap(),
        state,
        opened_at: noon(),
        closed_at: None,
        paid_at: None,
    };
    let mut mocks = Mocks { orders: MockOrderReader::new(), ..Mocks::signed_in() };
    mocks = with_refunds(mocks.with_order(OrderStatus::AwaitingPayment), Vec::new());
    let attempts = vec![
        attempt(ORDER, PaymentProduct::Page, AttemptState::GivenUp),
        attempt(&format!("{ORDER}_2"), PaymentProduct::Wap, AttemptState::Open),
    ];
    mocks.orders.expect_attempts().times(1).return_once(|_| Ok(attempts));
    let shown = |device: &str, state: &str| {
        let opened_at = noon().to_string();
        json!({"channel": "alipay", "device": device, "amount": "62.90", "state": state, "opened_at": opened_at})
    };
    let answer = mocks.get(QUERY).await;
    assert_eq!(answer["data"]["order"]["attempts"], json!([shown("pc", "given_up"), shown("wap", "open")]));
}

/// The buyer does not see which member of staff acted, nor by which request.
#[actix_web::test]
async fn the_timeline_tells_how_it_came_to_be_where_it_is() {
    use OrderStatus::{AwaitingPayment, AwaitingReceipt, AwaitingShipment, Completed, Refunded};
    let request_id = || Some("r-1".to_owned());
    let by_shop = || Cause::shop("小王".to_owned(), request_id());
    let changes = vec![
        entry(
            AwaitingPayment,
            AwaitingShipment,
            Cause::channel(domain::Channel::Alipay, None),
            "支付成功",
            "20:45:01",
        ),
        entry(AwaitingShipment, AwaitingReceipt, by_shop(), "发货 顺丰速运 SF1", "21:00:00"),
        entry(AwaitingReceipt, Completed, Cause::system(), "自动确认收货", "22:00:00"),
        entry(Completed, Refunded, by_shop(), "质量问题", "23:00:00"),
    ];
    let mut mocks = with_changes(Mocks::signed_in().with_order(Refunded), changes);
    mocks.orders.expect_refunds().times(1).returning(|_| Ok(Vec::new()));
    let answer = mocks.get(QUERY).await;
    let step = |from: i16, to: i16, actor: &str, reason: &str, time: &str| json!({"from": from, "to": to, "actor": actor, "reason": reason, "time": format!("2019-11-28 {time}")});
    let timeline = json!([
        created(),
        step(1, 2, "alipay", "支付成功", "20:45:01"),
        step(2, 3, "shop", "发货 顺丰速运 SF1", "21:00:00"),
        step(3, 4, "system", "自动确认收货", "22:00:00"),
        step(4, 6, "shop", "质量问题", "23:00:00"),
    ]);
    assert_eq!(answer, shown(order_data(6, "已退款"), timeline));
}

#[actix_web::test]
async fn a_sent_order_says_how_and_a_refunded_one_how_much() {
    let shipped_at = ShopTime::parse("2019-11-28 21:00:00").unwrap();
    let shipment = Shipment::new("顺丰速运", "SF1", shipped_at).unwrap();
    let refunded_amount = Money::from_fen(2001).unwrap();
    let sent = Order { shipment: Some(shipment), refunded_amount, ..order(OrderStatus::AwaitingReceipt) };
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_find().times(1).return_once(|_| Ok(Some(sent)));
    let mut expected = order_data(3, "待收货");
    expected["carrier"] = json!("顺丰速运");
    expected["tracking_number"] = json!("SF1");
    expected["shipped_at"] = json!("2019-11-28 21:00:00");
    expected["refunded_amount"] = json!("20.01");
    assert_eq!(with_refunds(mocks, Vec::new()).get(QUERY).await, shown(expected, json!([created()])));
}

/// It includes neither refused refunds nor those of payments that did not pay the order, which `unkept_payment`
/// reports.
#[actix_web::test]
async fn what_went_back_says_why_and_when() {
    let at = |time: &str| ShopTime::parse(&format!("2019-11-28 {time}")).unwrap();
    let refund = |kind, status, finished_at: Option<&str>| Refund {
        channel: domain::Channel::Alipay,
        out_request_no: "r1".to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: "A1".to_owned(),
        amount: Money::from_fen(990).unwrap(),
        reason: "质量问题".to_owned(),
        kind,
        status,
        restock: Vec::new(),
        cause: Cause::shop("小王".to_owned(), None),
        requested_at: at("22:00:00"),
        finished_at: finished_at.map(at),
        failure: None,
    };
    let refunds = vec![
        refund(RefundKind::Shop, RefundStatus::Succeeded, Some("22:00:01")),
        refund(RefundKind::Shop, RefundStatus::Failed, Some("22:00:02")),
        refund(RefundKind::Late, RefundStatus::Succeeded, Some("22:00:03")),
        refund(RefundKind::Duplicate, RefundStatus::Requested, None),
        refund(RefundKind::External, RefundStatus::Requested, None),
    ];
    let mocks = with_refunds(Mocks::signed_in().with_order(OrderStatus::AwaitingReceipt), refunds);
    let told = |status: &str, finished_at: Value| json!({"amount": "9.90", "reason": "质量问题", "status": status, "created_at": "2019-11-28 22:00:00", "finished_at": finished_at});
    let expected = json!([told("succeeded", json!("2019-11-28 22:00:01")), told("requested", Value::Null)]);
    assert_eq!(mocks.get(QUERY).await["data"]["order"]["refunds"], expected);
}

#[actix_web::test]
async fn an_order_of_the_old_back_end_has_no_deadline() {
    let old = Order { expire_at: None, ..order(OrderStatus::Completed) };
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_find().times(1).return_once(|_| Ok(Some(old)));
    let mut expected = order_data(4, "已完成");
    expected["expire_at"] = Value::Null;
    assert_eq!(with_refunds(mocks, Vec::new()).get(QUERY).await, shown(expected, json!([created()])));
}

#[actix_web::test]
async fn an_order_of_another_user_does_not_exist() {
    let theirs = || Order { user_id: UserId(5), ..order(OrderStatus::AwaitingReceipt) };
    for found in [None, Some(theirs())] {
        let mut mocks = Mocks::signed_in();
        mocks.orders.expect_find().times(1).return_once(|_| Ok(found));
        assert_eq!(mocks.get(QUERY).await, error(50107, "订单不存在"));
    }
}

#[actix_web::test]
async fn a_missing_or_unreadable_number_is_50101() {
    let missing = error(50101, "请求参数错误:缺少参数 order_id");
    for query in ["status=3", "status=3&order_id="] {
        assert_eq!(Mocks::signed_in().get(query).await, missing, "{query}");
    }
    let none = error(50107, "订单不存在");
    for number in ["x", "2019-11", "%20", "-1", "1.5", "%00", &"9".repeat(65)] {
        let query = format!("status=3&order_id={number}");
        assert_eq!(Mocks::signed_in().get(&query).await, none, "{query}");
    }
    let twice = Mocks::signed_in().get("status=3&order_id=1&order_id=2").await;
    assert_eq!(twice, error(50101, "请求参数错误:order_id 重复"));
}

#[actix_web::test]
async fn nobody_else_looks() {
    let request = actix_web::test::TestRequest::get().uri(&format!("{PROCESSING}?{QUERY}"));
    let unsigned = Mocks::untouched().send(request).await.json();
    assert_eq!(unsigned, json!({"code": 403, "error": "Please login", "errmsg": "Please login"}));
    let mut gone = Mocks::untouched();
    gone.users.expect_authenticate().times(1).returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    let unknown = json!({"code": 208, "error": "用户名不存在", "errmsg": "用户名不存在"});
    assert_eq!(gone.get(QUERY).await, unknown);
}

#[actix_web::test]
async fn rows_that_others_hold_are_50104_and_any_other_failure_is_50000_without_its_cause() {
    let busy = error(50104, "操作太快了,请稍后重试");
    let unforeseen = error(50000, "系统错误");
    for (failing, expected) in [(store_down as fn() -> _, unforeseen), (rows_locked, busy)] {
        let mut users = Mocks::untouched();
        users.users.expect_authenticate().returning(move |_| Err(failing()));
        assert_eq!(users.get(QUERY).await, expected);

        let mut orders = Mocks::signed_in();
        orders.orders.expect_find().returning(move |_| Err(failing()));
        assert_eq!(orders.get(QUERY).await, expected);

        let mut timeline = Mocks::signed_in().with_order(OrderStatus::Completed);
        timeline.orders.expect_timeline().returning(move |_| Err(failing()));
        assert_eq!(timeline.get(QUERY).await, expected);

        let mut payments = Mocks::signed_in().with_order(OrderStatus::Completed);
        payments.orders.expect_timeline().returning(|_| Ok(Vec::new()));
        payments.orders.expect_refund_due_payments().returning(move |_| Err(failing()));
        assert_eq!(payments.get(QUERY).await, expected);

        let mut refunds = with_changes(Mocks::signed_in().with_order(OrderStatus::Completed), Vec::new());
        refunds.orders.expect_refunds().returning(move |_| Err(failing()));
        assert_eq!(refunds.get(QUERY).await, expected);
    }
}
