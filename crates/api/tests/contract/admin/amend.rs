//! `POST /v1/admin/orders/O/amount` and `…/address`.

use domain::{Amendment, AttemptState, ShippingAddress, TimelineEntry, TradeStatus, ledger::Event};
use ports::CloseOutcome;

use super::*;

fn lower_to(amount: &Value) -> TestRequest {
    let body = json!({"amount": amount, "expected_amount": "323.91", "reason": " 老客户 "});
    post(&of_order("/amount"), &body)
}

fn lower() -> TestRequest {
    lower_to(&json!("300.00"))
}

fn redirect() -> TestRequest {
    redirect_from(&json!(null))
}

fn redirect_from(expected: &Value) -> TestRequest {
    let body = json!({
        "receiver": "王小二", "mobile": "13800000000", "address": "上海市浦东新区世纪大道1号", "title": "公司",
        "expected": expected, "reason": "买家来电"
    });
    post(&of_order("/address"), &body)
}

/// The order is found in this state, and has no other attempt to pay.
fn seen(order: Order) -> Mocks {
    let mut mocks = Mocks::untouched();
    mocks.orders.expect_find().withf(|id| id.as_str() == ORDER).returning(move |_| Ok(Some(order.clone())));
    mocks
}

/// The unpaid order; Alipay returns this trade for it.
fn unpaid(known: Option<Trade>) -> Mocks {
    let mut mocks = seen(anybodys(OrderStatus::AwaitingPayment));
    mocks.gateway.expect_query().times(1).withf(|number| number == ORDER).return_once(|_| Ok(known));
    mocks.on_record(ledger(Some(anybodys(OrderStatus::AwaitingPayment)), Vec::new(), Vec::new()))
}

async fn refused_with(mocks: Mocks, request: TestRequest, code: Code) -> String {
    let client = mocks.open().await;
    let message = refused(&client.send(request).await, code);
    assert_eq!(client.commits(), 0);
    client.close().await;
    message
}

#[actix_web::test]
async fn an_unpaid_order_costs_less_once_its_attempt_is_closed() {
    let waiting = Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") };
    for (known, state) in [(None, AttemptState::GivenUp), (Some(waiting), AttemptState::Closed)] {
        let mut mocks = unpaid(known.clone());
        if known.is_some() {
            mocks.gateway.expect_close().times(1).returning(|_| Ok(CloseOutcome::Closed));
        }
        let client = with_file(mocks, file(OrderStatus::AwaitingPayment)).open().await;
        done(&client.send(lower()).await);
        assert_eq!(client.commits(), 1);
        let after = client.ledgers().get(ORDER);
        let order = after.order.unwrap();
        assert_eq!((order.total_amount, order.discount), (money("300.00"), money("23.91")));
        assert_eq!((after.attempts[0].amount, after.attempts[0].state), (money("323.91"), state));
        let events = client.ledgers().appended();
        let Some(Event::AmountLowered { cause, reason, .. }) = events.last() else { panic!("{events:?}") };
        assert_eq!(*cause, Cause::shop(STAFF.to_owned(), Some("r-1".to_owned())));
        assert_eq!(reason, "老客户");
        client.close().await;
    }
}

#[actix_web::test]
async fn the_order_tells_its_discount_and_what_was_changed() {
    let mut records = file(OrderStatus::AwaitingPayment);
    if let Some(order) = &mut records.ledger.order {
        (order.total_amount, order.discount, order.amendments) = (money("300.00"), money("23.91"), 2);
    }
    let entry = |reason: &str, amendment| TimelineEntry {
        from: Some(OrderStatus::AwaitingPayment),
        to: OrderStatus::AwaitingPayment,
        cause: Cause::shop(STAFF.to_owned(), None),
        reason: reason.to_owned(),
        amendment: Some(amendment),
        at: at("20:45:00"),
    };
    let before = ShippingAddress::checked("公司", "王小二", "13800000000", "上海市").unwrap();
    records.changes = vec![
        entry("老客户", Amendment::Amount { before: money("323.91"), after: money("300") }),
        entry("来电", Amendment::Address { before }),
    ];
    let answer = done(&sent(with_file(Mocks::untouched(), records), get(&of_order(""))).await);
    assert_eq!((&answer["total_amount"], &answer["discount"]), (&json!("300.00"), &json!("23.91")));
    let common = json!({
        "from": 1, "to": 1, "actor": "shop", "by": STAFF, "reason": "老客户", "at": "2019-11-28 20:45:00",
        "request_id": null, "amount": {"from": "323.91", "to": "300.00"}
    });
    assert_eq!(answer["timeline"][1], common);
    let address =
        json!({"title": "公司", "address": "上海市", "mobile": "13800000000", "receiver": "王小二"});
    assert_eq!(answer["timeline"][2]["old_address"], address);
    assert_eq!(answer["timeline"][2].get("amount"), None);
}

#[actix_web::test]
async fn the_same_again_changes_nothing_and_asks_nobody() {
    let lowered = Order {
        total_amount: money("300.00"),
        discount: money("23.91"),
        ..anybodys(OrderStatus::AwaitingPayment)
    };
    let client = with_file(seen(lowered), file(OrderStatus::AwaitingPayment)).open().await;
    done(&client.send(lower()).await);
    assert_eq!(client.commits(), 0);
    client.close().await;
}

#[actix_web::test]
async fn an_amount_is_lowered_and_only_from_the_expected_one() {
    let unpaid = || seen(anybodys(OrderStatus::AwaitingPayment));
    for amount in [json!("323.91"), json!(400), json!("323.92")] {
        let message = refused_with(unpaid(), lower_to(&amount), AMOUNT_NOT_LOWER).await;
        assert_eq!(message, "新金额应不低于0.01且低于323.91");
    }
    let body = json!({"amount": "1.00", "expected_amount": "320.00", "reason": "老客户"});
    let stale = post(&of_order("/amount"), &body);
    assert_eq!(refused_with(unpaid(), stale, CONFLICT).await, "订单金额现为323.91,请刷新后重试");
}

#[actix_web::test]
async fn what_is_paid_or_overdue_costs_what_it_does() {
    for status in OrderStatus::ALL {
        let mut order = anybodys(status);
        let why = match status {
            OrderStatus::AwaitingPayment => {
                order.expire_at = Some(noon());
                "支付期限已过"
            }
            _ => status.label(),
        };
        let message = refused_with(seen(order), lower(), NOT_ALLOWED).await;
        assert_eq!(message, format!("订单状态不允许此操作:{why}"));
    }
    let mut unknown = Mocks::untouched();
    unknown.orders.expect_find().returning(|_| Ok(None));
    assert_eq!(refused_with(unknown, lower(), ORDER_NOT_FOUND).await, "订单不存在");
}

#[actix_web::test]
async fn what_turns_out_paid_keeps_its_amount() {
    let client = unpaid(Some(trade("323.91"))).open().await;
    assert_eq!(refused(&client.send(lower()).await, NOT_ALLOWED), "订单状态不允许此操作:待发货");
    let order = client.ledgers().get(ORDER).order.unwrap();
    assert_eq!((order.status, order.total_amount), (OrderStatus::AwaitingShipment, money("323.91")));
    client.close().await;
}

#[actix_web::test]
async fn where_alipay_cannot_be_asked_it_is_502_and_nothing_changes() {
    let mut unasked = seen(anybodys(OrderStatus::AwaitingPayment));
    unasked.gateway.expect_query().returning(|_| Err(alipay_down()));
    assert_eq!(refused_with(unasked, lower(), ALIPAY_UNAVAILABLE).await, "支付宝暂不可用,请稍后重试");

    let mut unclosed = unpaid(Some(Trade { status: TradeStatus::WaitBuyerPay, ..trade("323.91") }));
    unclosed.gateway.expect_close().returning(|_| Err(alipay_down()));
    assert_eq!(refused_with(unclosed, lower(), ALIPAY_UNAVAILABLE).await, "支付宝暂不可用,请稍后重试");
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    let good = || json!({"amount": "300.00", "expected_amount": "323.91", "reason": "老客户"});
    for (name, value) in [
        ("amount", json!("0")),
        ("amount", json!("-1")),
        ("amount", json!("1.001")),
        ("amount", json!("x")),
        ("expected_amount", json!("")),
        ("expected_amount", json!(null)),
        ("reason", json!(" ")),
        ("reason", json!("长".repeat(201))),
        ("more", json!(1)),
    ] {
        let mut body = good();
        body[name] = value;
        bad_parameter(post(&of_order("/amount"), &body), name).await;
    }
    let good = || {
        json!({
            "receiver": "王小二", "mobile": "13800000000", "address": "上海市", "title": "公司", "reason": "来电"
        })
    };
    for (name, value) in [
        ("receiver", json!("")),
        ("receiver", json!("一二三四五六七八九十一")),
        ("mobile", json!("1380000000")),
        ("mobile", json!("1380000000x")),
        ("address", json!("\n")),
        ("address", json!("长".repeat(101))),
        ("title", json!(" ")),
        ("reason", json!("")),
        ("postcode", json!("100062")),
    ] {
        let mut body = good();
        body[name] = value;
        bad_parameter(post(&of_order("/address"), &body), name).await;
    }
}

#[actix_web::test]
async fn an_order_that_was_not_shipped_goes_elsewhere() {
    for status in [OrderStatus::AwaitingPayment, OrderStatus::AwaitingShipment] {
        let mocks = Mocks::untouched().on_record(ledger(Some(anybodys(status)), Vec::new(), Vec::new()));
        let client = with_file(mocks, file(status)).open().await;
        done(&client.send(redirect()).await);
        assert_eq!(client.commits(), 1);
        let events = client.ledgers().appended();
        let [Event::AddressChanged { before, after, cause, address_id: None, .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((before, after.receiver.as_str(), after.title.as_str()), (&shipping(), "王小二", "公司"));
        assert_eq!(*cause, Cause::shop(STAFF.to_owned(), Some("r-1".to_owned())));
        client.close().await;
    }
    for status in [OrderStatus::AwaitingReceipt, OrderStatus::Completed, OrderStatus::Cancelled] {
        let mocks = Mocks::untouched().on_record(ledger(Some(anybodys(status)), Vec::new(), Vec::new()));
        let message = refused_with(mocks, redirect(), NOT_ALLOWED).await;
        assert_eq!(message, format!("订单状态不允许此操作:{}", status.label()));
    }
    assert_eq!(refused_with(Mocks::untouched(), redirect(), ORDER_NOT_FOUND).await, "订单不存在");
}

/// The buyer may have chosen another address since staff loaded the order.
#[actix_web::test]
async fn an_address_that_was_not_seen_is_a_conflict() {
    let status = OrderStatus::AwaitingShipment;
    let mocks = || Mocks::untouched().on_record(ledger(Some(anybodys(status)), Vec::new(), Vec::new()));
    let ShippingAddress { title, receiver, mobile, address } = shipping();
    let seen = json!({"title": title, "receiver": receiver, "mobile": mobile, "address": address});
    done(&sent(with_file(mocks(), file(status)), redirect_from(&seen)).await);
    let mut other = seen.clone();
    other["address"] = json!("别处");
    let message = refused_with(mocks(), redirect_from(&other), CONFLICT).await;
    assert_eq!(message, "收货地址刚刚被修改,请刷新后重试");
    other["more"] = json!(1);
    bad_parameter(redirect_from(&other), "more").await;
}

#[actix_web::test]
async fn an_order_is_changed_so_often_and_no_more() {
    let worn = |status| Order { amendments: 100, ..anybodys(status) };
    let text = "订单状态不允许此操作:修改次数已用完";
    let mocks = seen(worn(OrderStatus::AwaitingPayment));
    assert_eq!(refused_with(mocks, lower(), NOT_ALLOWED).await, text);
    let worn = worn(OrderStatus::AwaitingShipment);
    let mocks = Mocks::untouched().on_record(ledger(Some(worn), Vec::new(), Vec::new()));
    assert_eq!(refused_with(mocks, redirect(), NOT_ALLOWED).await, text);
}
