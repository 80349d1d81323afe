//! What tests can do in the sandbox without the protocol, and what the sandbox reports.

use std::time::Duration;

use alipay_protocol::{Method, message};
use alipay_sandbox::{Fault, FaultKind, FaultMoment, NotificationBehaviour, Refused};
use domain::{Money, TradeStatus};
use serde_json::json;

use crate::{
    merchant::{Merchant, ORDER},
    shop::Shop,
};

fn holding() -> NotificationBehaviour {
    NotificationBehaviour { hold: true, ..NotificationBehaviour::default() }
}

fn pay_url(merchant: &Merchant) -> String {
    let params = merchant.page_pay(&Merchant::page_pay_terms());
    format!("{}?{}", merchant.sandbox.gateway_url(), params.to_form())
}

fn code<T: std::fmt::Debug>(refused: Result<T, Refused>) -> &'static str {
    refused.unwrap_err().code
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[actix_web::test]
async fn a_buyer_comes_and_pays_without_the_page() {
    let merchant = Merchant::new();
    let sandbox = &merchant.sandbox;
    assert_eq!(code(sandbox.pay(ORDER)), "ACQ.TRADE_NOT_EXIST");
    assert_eq!(code(sandbox.arrive("http://shop.example/")), "isv.missing-app-id");
    let forged = pay_url(&merchant).replace("323.91", "323.90");
    assert_eq!(code(sandbox.arrive(&forged)), "isv.invalid-signature");
    let arrived = sandbox.arrive(&pay_url(&merchant)).unwrap();
    assert_eq!((arrived.status, arrived.paid), (TradeStatus::WaitBuyerPay, false));
    assert_eq!(sandbox.arrive(&pay_url(&merchant)).unwrap(), arrived);
    let paid = sandbox.pay(ORDER).unwrap();
    assert_eq!((paid.status, paid.paid, paid.trade_no), (TradeStatus::Success, true, arrived.trade_no));
    assert_eq!(code(sandbox.pay(ORDER)), "ACQ.TRADE_HAS_SUCCESS");
    assert_eq!(code(sandbox.arrive(&pay_url(&merchant))), "ACQ.TRADE_HAS_SUCCESS");
    let back = merchant.returned(&sandbox.way_back(ORDER).unwrap().unwrap());
    assert_eq!(back.get("out_trade_no"), Some(ORDER));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn an_order_can_be_paid_in_two_trades() {
    let mut merchant = Merchant::new();
    merchant.notify_url = Some("http://shop.example/notify".to_owned());
    merchant.behave(holding());
    assert_eq!(code(merchant.sandbox.pay_again(ORDER)), "ACQ.TRADE_NOT_EXIST");
    merchant.sandbox.arrive(&pay_url(&merchant)).unwrap();
    merchant.sandbox.pay(ORDER).unwrap();
    let second = merchant.sandbox.pay_again(ORDER).unwrap();
    let trades = merchant.sandbox.trades_of(ORDER);
    assert_eq!((trades.len(), &trades[1]), (2, &second));
    assert_eq!(trades, merchant.sandbox.trades());
    let told: Vec<_> = merchant
        .sandbox
        .take_held()
        .iter()
        .map(|held| {
            message::verify(&held.form, &merchant.alipay).unwrap().get("trade_no").unwrap().to_owned()
        })
        .collect();
    assert_eq!(told, [trades[0].trade_no.as_str(), trades[1].trade_no.as_str()]);
    // The merchant's number means the first trade, until that is closed.
    let query = async |biz| merchant.call(Method::TradeQuery, biz).await["trade_no"].clone();
    assert_eq!(query(json!({ "out_trade_no": ORDER })).await, trades[0].trade_no.as_str());
    assert_eq!(query(json!({ "trade_no": second.trade_no })).await, second.trade_no.as_str());
    merchant.sandbox.refund_at_console(ORDER, money("323.91")).unwrap();
    assert_eq!(query(json!({ "out_trade_no": ORDER })).await, second.trade_no.as_str());
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn a_refund_in_the_console_has_a_number_of_alipays_own() {
    let mut merchant = Merchant::new();
    merchant.notify_url = Some("http://shop.example/notify".to_owned());
    merchant.behave(holding());
    let sandbox = &merchant.sandbox;
    assert_eq!(code(sandbox.refund_at_console(ORDER, money("1.00"))), "ACQ.TRADE_NOT_EXIST");
    sandbox.arrive(&pay_url(&merchant)).unwrap();
    assert_eq!(code(sandbox.refund_at_console(ORDER, money("1.00"))), "ACQ.TRADE_STATUS_ERROR");
    sandbox.pay(ORDER).unwrap();
    assert_eq!(code(sandbox.refund_at_console(ORDER, Money::ZERO)), "ACQ.INVALID_PARAMETER");
    assert_eq!(code(sandbox.refund_at_console(ORDER, money("323.92"))), "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    let number = sandbox.refund_at_console(ORDER, money("30.00")).unwrap();
    let held = sandbox.take_held();
    let told = message::verify(&held[1].form, &merchant.alipay).unwrap();
    assert_eq!((held.len(), told.get("out_biz_no")), (2, Some(number.as_str())));
    assert_eq!((told.get("trade_status"), told.get("refund_fee")), (Some("TRADE_SUCCESS"), Some("30.00")));
    let trade = &sandbox.trades()[0];
    assert_eq!((trade.refunded, &trade.refunds[0].out_request_no), (money("30.00"), &number));
    assert_eq!(sandbox.notifications(), []);
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn faults_come_in_their_order_each_for_one_call_of_its_method() {
    let merchant = Merchant::new();
    merchant.pay(&Merchant::page_pay_terms()).await;
    let add = |method, kind, moment| merchant.sandbox.add_fault(method, Fault { kind, moment }).unwrap();
    add(Method::TradeQuery, FaultKind::Unavailable, FaultMoment::AfterWork);
    add(Method::TradeQuery, FaultKind::SystemError, FaultMoment::BeforeWork);
    add(Method::TradeRefund, FaultKind::SystemError, FaultMoment::BeforeWork);
    add(Method::TradeRefund, FaultKind::SystemError, FaultMoment::AfterWork);
    let query =
        async || merchant.call(Method::TradeQuery, json!({ "out_trade_no": ORDER })).await["code"].clone();
    let refund = async || {
        let biz = json!({ "out_trade_no": ORDER, "refund_amount": "1.00", "out_request_no": "R1" });
        merchant.call(Method::TradeRefund, biz).await["sub_code"].clone()
    };
    let refunded = || merchant.sandbox.trades()[0].refunded;
    assert_eq!((refund().await, refunded()), (json!("ACQ.SYSTEM_ERROR"), Money::ZERO));
    assert_eq!((refund().await, refunded()), (json!("ACQ.SYSTEM_ERROR"), money("1.00")));
    assert_eq!(query().await, "20000");
    // A call that is not the merchant's consumes no fault.
    let forged = merchant.common(Method::TradeQuery).with("sign_type", "RSA2").with("sign", "AAAA");
    assert_eq!(merchant.call_signed(Method::TradeQuery, &forged).await["sub_code"], "isv.invalid-signature");
    assert_eq!(query().await, "40004");
    assert_eq!(query().await, "10000");
    add(Method::TradeQuery, FaultKind::Unavailable, FaultMoment::AfterWork);
    merchant.sandbox.clear_faults();
    assert_eq!(query().await, "10000");
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn what_is_slow_is_done_although_the_merchant_hangs_up() {
    let shop = Shop::answering_success();
    let mut merchant = Merchant::new();
    merchant.notify_url = Some(shop.notify_url.clone());
    merchant.pay(&Merchant::page_pay_terms()).await;
    let kind = FaultKind::Slow(Duration::from_secs(1));
    let fault = Fault { kind, moment: FaultMoment::BeforeWork };
    merchant.sandbox.add_fault(Method::TradeRefund, fault).unwrap();
    let biz = json!({ "out_trade_no": ORDER, "refund_amount": "1.00", "out_request_no": "R1" });
    let noted = async {
        while merchant.sandbox.requests().count(Method::TradeRefund) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // Whichever finishes first, the other one is dropped.
    tokio::select! {
        () = noted => {}
        _ = merchant.call(Method::TradeRefund, biz) => {}
    }
    let told = shop.received(2, &merchant.alipay).await;
    assert_eq!(told[1].get("out_biz_no"), Some("R1"));
    shop.stop().await;
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn without_an_answer_the_connection_ends() {
    let merchant = Merchant::new();
    let fault = Fault { kind: FaultKind::Dropped, moment: FaultMoment::BeforeWork };
    merchant.sandbox.add_fault(Method::TradePagePay, fault).unwrap();
    assert!(merchant.try_fetch(&pay_url(&merchant)).await.is_err());
    assert_eq!(merchant.sandbox.trades(), []);
    assert!(merchant.try_fetch(&pay_url(&merchant)).await.is_ok());
    assert_eq!(merchant.sandbox.trades().len(), 1);
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn each_call_is_remembered() {
    let merchant = Merchant::new();
    merchant.pay(&Merchant::page_pay_terms()).await;
    let trade_no = merchant.sandbox.trades()[0].trade_no.clone();
    merchant.clock.pass(Duration::from_secs(1));
    let biz = json!({ "trade_no": trade_no, "refund_amount": "1.00", "out_request_no": "R1" });
    merchant.call(Method::TradeRefund, biz).await;
    let calls = merchant.sandbox.requests().latest();
    assert_eq!((calls[0].method, calls[0].out_trade_no.as_deref()), (Method::TradePagePay, Some(ORDER)));
    assert_eq!((calls[1].method, calls[1].out_trade_no.as_deref()), (Method::TradeRefund, Some(ORDER)));
    assert_eq!((&calls[1].trade_no, calls[1].out_request_no.as_deref()), (&Some(trade_no), Some("R1")));
    assert_eq!((calls[1].at.to_string().as_str(), calls.len()), ("2019-11-28 20:40:09", 2));
    assert_eq!(merchant.sandbox.requests().take(), calls);
    assert_eq!(merchant.sandbox.requests().latest(), []);
    assert_eq!(merchant.sandbox.requests().count(Method::TradeRefund), 1);
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn the_page_lists_the_trades_and_nothing_becomes_markup() {
    let merchant = Merchant::new();
    let url = format!("http://{}/", merchant.sandbox.addr());
    let page = async || merchant.fetch(&url).await.text().await.unwrap();
    assert!(page().await.contains("还没有交易"));
    merchant.pay(&Merchant::page_pay_terms()).await;
    let biz = json!({ "out_trade_no": ORDER, "refund_amount": "30.00", "out_request_no": "<b>R1" });
    merchant.call(Method::TradeRefund, biz).await;
    let trades = page().await;
    for shown in [ORDER, "323.91", "已付款", "30.00 2019-11-28 20:40:08 &lt;b&gt;R1", "共 1 笔交易"] {
        assert!(trades.contains(shown), "{shown} in {trades}");
    }
    merchant.sandbox.refund_at_console(ORDER, money("293.91")).unwrap();
    assert!(page().await.contains("已全额退款"));
    merchant.sandbox.stop().await;
}
