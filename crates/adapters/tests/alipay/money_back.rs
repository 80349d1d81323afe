//! Closing, refunds and bills against the sandbox, over HTTP, with everything that can go wrong on the way.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use adapters::alipay::{AlipayGateway, AlipayTimeouts};
use alipay_protocol::{Method, PrivateKey};
use alipay_sandbox::{Fault, FaultKind, FaultMoment, NotificationBehaviour, Sandbox, SandboxConfig};
use domain::{Money, OrderId, ShopDate, ShopTime, TradeStatus};
use ports::{
    Clock, CloseOutcome, GatewayError, PaymentGateway as _, PaymentRequest, RefundOutcome, RefundRequest,
};

use crate::shop::{NOW, StandingClock, config, order, payment};

const BEFORE: FaultMoment = FaultMoment::BeforeWork;
const AFTER: FaultMoment = FaultMoment::AfterWork;

/// A clock for Alipay that the test sets; the shop's clock is paused.
struct AlipayClock(Mutex<ShopTime>);

impl AlipayClock {
    fn set(&self, now: &str) {
        *self.0.lock().unwrap() = ShopTime::parse(now).unwrap();
    }
}

impl Clock for AlipayClock {
    fn now(&self) -> ShopTime {
        *self.0.lock().unwrap()
    }
}

/// The answer to a refund, when this much of the trade has been refunded in total.
fn refunded(gone_back: &str) -> RefundOutcome {
    RefundOutcome::Refunded { gone_back: Some(money(gone_back)) }
}

struct Bench {
    sandbox: Sandbox,
    shop: AlipayGateway,
    clock: Arc<AlipayClock>,
}

impl Bench {
    fn new() -> Self {
        let (key, alipay) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sandbox_config = SandboxConfig::new(key.public_key().clone(), alipay.clone());
        sandbox_config.notifications =
            NotificationBehaviour { hold: true, ..NotificationBehaviour::default() };
        let clock = Arc::new(AlipayClock(Mutex::new(ShopTime::parse(NOW).unwrap())));
        let sandbox = Sandbox::start(sandbox_config, listener, Arc::<AlipayClock>::clone(&clock)).unwrap();
        let mut config = config(&sandbox.gateway_url(), key, alipay.public_key().clone());
        config.timeouts = AlipayTimeouts { attempt: Duration::from_secs(3), ..AlipayTimeouts::default() };
        let shop = AlipayGateway::new(config, Arc::new(StandingClock)).unwrap();
        Self { sandbox, shop, clock }
    }

    /// A buyer comes to the cashier.
    async fn arrived() -> Self {
        let bench = Self::new();
        bench.sandbox.arrive(&bench.shop.pay_url(&payment()).await.unwrap()).unwrap();
        bench
    }

    /// A buyer pays.
    async fn paid() -> Self {
        let bench = Self::arrived().await;
        bench.sandbox.pay(order().as_str()).unwrap();
        bench
    }

    fn trade_no(&self) -> String {
        self.sandbox.trades()[0].trade_no.clone()
    }

    async fn refund(&self, out_request_no: &str, amount: &str) -> Result<RefundOutcome, GatewayError> {
        let request = RefundRequest {
            trade_no: self.trade_no(),
            out_request_no: out_request_no.to_owned(),
            amount: money(amount),
            reason: "退货 A&B=C/D 😀\n".to_owned(),
        };
        self.shop.refund(&request).await
    }

    async fn refunded(&self, out_request_no: &str) -> Option<Money> {
        self.shop.refund_query(&self.trade_no(), out_request_no).await.unwrap()
    }

    fn fail(&self, method: Method, kind: FaultKind, moment: FaultMoment, times: usize) {
        for _ in 0..times {
            self.sandbox.add_fault(method, Fault { kind, moment }).unwrap();
        }
    }
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_closing_came_to_is_told_apart() {
    let bench = Bench::new();
    assert_eq!(bench.shop.close(order().as_str()).await.unwrap(), CloseOutcome::NoTrade);
    bench.sandbox.arrive(&bench.shop.pay_url(&payment()).await.unwrap()).unwrap();
    assert_eq!(bench.shop.close(order().as_str()).await.unwrap(), CloseOutcome::Closed);
    assert_eq!(bench.shop.close(order().as_str()).await.unwrap(), CloseOutcome::Closed);
    assert!(bench.sandbox.pay(order().as_str()).is_err());
    bench.sandbox.stop().await;

    let bench = Bench::paid().await;
    assert_eq!(bench.shop.close(order().as_str()).await.unwrap(), CloseOutcome::NotClosable);
    // After a full refund, Alipay reports the trade as closed, although it was paid.
    bench.refund("R1", "323.91").await.unwrap();
    assert_eq!(bench.shop.close(order().as_str()).await.unwrap(), CloseOutcome::NotClosable);
    bench.sandbox.stop().await;

    let bench = Bench::arrived().await;
    bench.clock.set("2019-11-28 21:10:08");
    assert_eq!(bench.shop.close(order().as_str()).await.unwrap(), CloseOutcome::Closed);
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_survives_every_fault() {
    let bench = Bench::new();
    let kinds = [FaultKind::Dropped, FaultKind::Unavailable, FaultKind::SystemError];
    let faults = kinds.into_iter().flat_map(|kind| [BEFORE, AFTER].map(|moment| (kind, moment)));
    for (nth, (kind, moment)) in faults.enumerate() {
        let order = OrderId::parse(&format!("201911282040080{nth}")).unwrap();
        let payment = PaymentRequest { out_trade_no: order.to_string(), ..payment() };
        bench.sandbox.arrive(&bench.shop.pay_url(&payment).await.unwrap()).unwrap();
        bench.fail(Method::TradeClose, kind, moment, 1);
        let asked = bench.sandbox.requests().count(Method::TradeClose);
        assert_eq!(
            bench.shop.close(order.as_str()).await.unwrap(),
            CloseOutcome::Closed,
            "{kind:?} {moment:?}"
        );
        assert_eq!(bench.sandbox.requests().count(Method::TradeClose), asked + 2);
        assert!(bench.sandbox.pay(order.as_str()).is_err());
    }
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_once_a_number() {
    let bench = Bench::paid().await;
    assert_eq!(bench.refunded("R1").await, None);
    assert_eq!(bench.refund("R1", "100.00").await.unwrap(), refunded("100.00"));
    assert_eq!(bench.refund("R1", "100.00").await.unwrap(), RefundOutcome::Unclear);
    assert_eq!(bench.refunded("R1").await, Some(money("100.00")));
    assert_eq!(bench.refund("R2", "223.91").await.unwrap(), refunded("323.91"));
    assert_eq!(bench.refunded("R2").await, Some(money("223.91")));
    let trade = &bench.sandbox.trades()[0];
    assert_eq!((trade.refunded, trade.status), (money("323.91"), TradeStatus::Closed));
    assert_eq!(bench.shop.query(order().as_str()).await.unwrap().unwrap().refunded, money("323.91"));
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_cannot_be_is_refused() {
    let bench = Bench::arrived().await;
    let refusal = async |number: &str, amount: &str| match bench.refund(number, amount).await {
        Err(GatewayError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal("R1", "1.00").await, "ACQ.TRADE_STATUS_ERROR");
    bench.sandbox.pay(order().as_str()).unwrap();
    assert_eq!(refusal("R1", "323.92").await, "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    bench.refund("R1", "1.00").await.unwrap();
    assert_eq!(refusal("R1", "2.00").await, "ACQ.DISCORDANT_REPEAT_REQUEST");
    // This needs no call to Alipay.
    let asked = bench.sandbox.requests().count(Method::TradeRefund);
    assert_eq!(refusal("R2", "0").await, "ACQ.INVALID_PARAMETER");
    assert_eq!(refusal("", "1.00").await, "ACQ.INVALID_PARAMETER");
    assert_eq!(refusal(&"R".repeat(65), "1.00").await, "ACQ.INVALID_PARAMETER");
    assert_eq!(bench.sandbox.requests().count(Method::TradeRefund), asked);
    bench.sandbox.finish_trade(order().as_str()).unwrap();
    assert_eq!(refusal("R3", "1.00").await, "ACQ.TRADE_HAS_FINISHED");
    assert_eq!(bench.shop.refund_query("1", "R1").await.unwrap(), None);
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_the_money_goes_back_once_and_is_told() {
    let bench = Bench::paid().await;
    let slow = FaultKind::Slow(Duration::from_millis(10));
    let kinds =
        [slow, FaultKind::NoAnswer, FaultKind::Dropped, FaultKind::Unavailable, FaultKind::SystemError];
    let faults = kinds.into_iter().flat_map(|kind| [BEFORE, AFTER].map(|moment| (kind, moment)));
    for (nth, (kind, moment)) in faults.enumerate() {
        let (number, asked) = (format!("R{nth}"), bench.sandbox.requests().count(Method::TradeRefund));
        bench.fail(Method::TradeRefund, kind, moment, 1);
        let outcome = bench.refund(&number, "30.00").await.unwrap();
        // The second attempt finds that the first one succeeded.
        let unclear = moment == AFTER && kind != slow;
        let expected =
            if unclear { RefundOutcome::Unclear } else { refunded(&format!("{}.00", 30 * (nth + 1))) };
        assert_eq!(outcome, expected, "{kind:?} {moment:?}");
        let attempts = bench.sandbox.requests().count(Method::TradeRefund) - asked;
        assert_eq!(attempts, if kind == slow { 1 } else { 2 });
        assert_eq!(bench.refunded(&number).await, Some(money("30.00")));
    }
    let trade = &bench.sandbox.trades()[0];
    assert_eq!((trade.refunded, trade.refunds.len()), (money("300.00"), 10));
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_end_is_not_known_is_never_called_refused() {
    let bench = Bench::paid().await;
    for (kind, code) in
        [(FaultKind::Unavailable, "isp.unknow-error"), (FaultKind::SystemError, "ACQ.SYSTEM_ERROR")]
    {
        bench.fail(Method::TradeRefund, kind, BEFORE, 3);
        match bench.refund("R1", "30.00").await {
            Err(GatewayError::Unknown { code: told }) => assert_eq!(told, code),
            other => panic!("{other:?}"),
        }
    }
    bench.fail(Method::TradeRefund, FaultKind::Dropped, BEFORE, 3);
    let outcome = bench.refund("R1", "30.00").await;
    assert!(matches!(outcome, Err(GatewayError::Unreachable(_))), "{outcome:?}");
    assert_eq!(bench.refunded("R1").await, None);
    // The first attempt may still be in progress when the second one is refused.
    bench.fail(Method::TradeRefund, FaultKind::Dropped, BEFORE, 1);
    let outcome = bench.refund("R2", "323.92").await;
    assert!(matches!(outcome, Err(GatewayError::Unknown { .. })), "{outcome:?}");
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_are_notified_with_their_number() {
    let bench = Bench::paid().await;
    bench.refund("R1", "30.00").await.unwrap();
    let console = bench.sandbox.refund_at_console(order().as_str(), money("293.91")).unwrap();
    let held = bench.sandbox.take_held();
    assert!(held.iter().all(|one| one.out_trade_no == order().as_str()));
    let told: Vec<_> = held
        .iter()
        .map(|one| bench.shop.verify_notification(&one.form).unwrap().trade.unwrap())
        .map(|trade| (trade.status, trade.refunded, trade.refund_request_no))
        .collect();
    assert_eq!(
        told,
        [
            (TradeStatus::Success, Money::ZERO, None),
            (TradeStatus::Success, money("30.00"), Some("R1".to_owned())),
            (TradeStatus::Closed, money("323.91"), Some(console)),
        ]
    );
    assert_eq!(bench.sandbox.take_held(), []);
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_trades_for_an_order_the_second_goes_back() {
    let bench = Bench::paid().await;
    let second = bench.sandbox.pay_again(order().as_str()).unwrap();
    let request = RefundRequest {
        trade_no: second.trade_no.clone(),
        out_request_no: "R1".to_owned(),
        amount: second.total_amount,
        reason: "重复付款".to_owned(),
    };
    assert_eq!(bench.shop.refund(&request).await.unwrap(), refunded("323.91"));
    let trades = bench.sandbox.trades_of(order().as_str());
    assert_eq!((trades[0].refunded, trades[1].refunded), (Money::ZERO, money("323.91")));
    assert_ne!(trades[0].trade_no, trades[1].trade_no);
    assert_eq!(bench.shop.query(order().as_str()).await.unwrap().unwrap().trade_no, trades[0].trade_no);
    assert_eq!(bench.refunded("R1").await, None);
    assert_eq!(bench.shop.refund_query(&second.trade_no, "R1").await.unwrap(), Some(second.total_amount));
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bill_of_a_day_tells_of_every_payment_and_refund() {
    let bench = Bench::paid().await;
    let day = ShopDate::parse("2019-11-28").unwrap();
    assert_eq!(bench.shop.bill(day).await.unwrap(), None, "the bill is there the next morning");
    bench.clock.set("2019-11-28 23:59:59");
    bench.refund("R1", "30.00").await.unwrap();
    bench.clock.set("2019-11-29 08:00:00");
    let console = bench.sandbox.refund_at_console(order().as_str(), money("0.01")).unwrap();
    let bill = bench.shop.bill(day).await.unwrap().unwrap().entries;
    let shown: Vec<_> = bill.iter().map(|entry| (entry.out_request_no.as_deref(), entry.amount)).collect();
    assert_eq!(shown, [(None, money("323.91")), (Some("R1"), money("30.00"))]);
    assert!(bill.iter().all(|one| one.out_trade_no == order().as_str() && one.trade_no == bench.trade_no()));
    bench.clock.set("2019-11-30 08:00:00");
    let next = bench.shop.bill(day.next()).await.unwrap().unwrap().entries;
    assert_eq!((next.len(), next[0].out_request_no.as_deref()), (1, Some(console.as_str())));
    assert_eq!(bench.shop.bill(day.days_before(1)).await.unwrap(), None, "a day without any trade");
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_subject_spoils_a_bill() {
    let bench = Bench::new();
    let subjects = ["\"全引号\"", "半\"引号,逗号", "\"", "#井号", "𠮷,a", "a\nb\r\nc", ",,,"];
    for (nth, subject) in subjects.into_iter().enumerate() {
        let out_trade_no = OrderId::parse(&format!("201911282040080{nth}")).unwrap();
        let payment = PaymentRequest {
            out_trade_no: out_trade_no.to_string(),
            subject: subject.to_owned(),
            ..payment()
        };
        bench.sandbox.arrive(&bench.shop.pay_url(&payment).await.unwrap()).unwrap();
        bench.sandbox.pay(payment.out_trade_no.as_str()).unwrap();
    }
    bench.clock.set("2019-11-29 08:00:00");
    let bill = bench.shop.bill(ShopDate::parse("2019-11-28").unwrap()).await.unwrap().unwrap().entries;
    let told: Vec<_> = bill.into_iter().map(|entry| (entry.trade_no, entry.amount)).collect();
    let booked: Vec<_> =
        bench.sandbox.trades().into_iter().map(|trade| (trade.trade_no, trade.total_amount)).collect();
    assert_eq!((told.len(), told), (subjects.len(), booked));
    bench.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_are_on_record() {
    let bench = Bench::paid().await;
    bench.sandbox.requests().take();
    bench.refund("R1", "30.00").await.unwrap();
    bench.shop.close(order().as_str()).await.unwrap();
    let calls: Vec<_> = bench
        .sandbox
        .requests()
        .take()
        .into_iter()
        .map(|call| (call.method, call.out_trade_no.unwrap(), call.out_request_no, call.at.to_string()))
        .collect();
    let call = |method, out_request_no: Option<&str>| {
        (method, order().as_str().to_owned(), out_request_no.map(str::to_owned), NOW.to_owned())
    };
    assert_eq!(
        calls,
        [
            call(Method::TradeRefund, Some("R1")),
            call(Method::TradeClose, None),
            call(Method::TradeQuery, None)
        ]
    );
    bench.sandbox.stop().await;
}
