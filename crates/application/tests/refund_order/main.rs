//! 退款 against mocked ports: what the shop asks for, what Alipay answers, and what is tried again.

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod due;
mod requests;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use application::{RefundOrder, RefundOrderError, SettlePayment};
use domain::{
    Actor, Cause, Money, Order, OrderStatus, PaymentRecord, PaymentStatus, Refund, RefundAsk, RefundStatus,
    StockMoveKind,
};
use ports::{
    GatewayError, RefundOutcome,
    mock::{MockPaymentGateway, MockUnitOfWork, PreparedUnits},
};
use support::*;

/// How long one process has a refund to itself.
const LEASE: Duration = Duration::from_secs(120);

fn use_case(gateway: MockPaymentGateway, units: &Arc<PreparedUnits>) -> RefundOrder {
    let gateway = Arc::new(gateway);
    let settle = SettlePayment {
        gateway: Arc::clone(&gateway) as _,
        units: Arc::clone(units) as _,
        merchant: merchant(),
        clock: Arc::new(clock()),
    };
    RefundOrder { units: Arc::clone(units) as _, gateway, settle: Arc::new(settle), clock: Arc::new(clock()) }
}

fn shop() -> Cause {
    Cause::shop("小王".to_owned(), Some("req-1".to_owned()))
}

async fn request(
    ask: &RefundAsk,
    gateway: MockPaymentGateway,
    units: &Arc<PreparedUnits>,
) -> Result<Refund, RefundOrderError> {
    use_case(gateway, units).request(ORDER, ask, &shop()).await
}

/// So much, or all that is left, under the number `r1`.
fn ask(amount: Option<&str>) -> RefundAsk {
    RefundAsk {
        trade_no: None,
        amount: amount.map(money),
        reason: "质量问题".to_owned(),
        restock: Vec::new(),
        out_request_no: "r1".to_owned(),
    }
}

/// The same as it is on record when nothing is known of it yet.
fn open(amount: &str) -> Refund {
    Refund { cause: shop(), ..refund("r1", amount, RefundStatus::Requested) }
}

fn paid() -> Vec<PaymentRecord> {
    vec![recorded("A", PaymentStatus::Settled)]
}

fn to_be_sent() -> Option<Order> {
    Some(order(OrderStatus::AwaitingShipment))
}

/// The order, paid by trade A, and these refunds of it.
fn paid_books(refunds: &[Refund]) -> MockUnitOfWork {
    books(to_be_sent(), paid(), refunds.to_vec())
}

/// A unit of work in which no refund of this number is found.
fn asking(mut unit: MockUnitOfWork) -> MockUnitOfWork {
    unit.refunds.expect_find().times(1).withf(|number| number == "r1").returning(|_| Ok(None));
    unit
}

/// The order without refunds, of which this one must be recorded, due when its lease has ended.
fn recording(refund: Refund) -> MockUnitOfWork {
    let mut unit = asking(paid_books(&[]));
    unit.refunds
        .expect_record()
        .times(1)
        .withf(move |recorded, due_at| *recorded == refund && *due_at == Some(noon().after(LEASE)))
        .returning(|_, _| Ok(true));
    unit
}

/// A unit of work that must end the refund so.
fn finishing(mut unit: MockUnitOfWork, number: &'static str, status: RefundStatus) -> MockUnitOfWork {
    unit.refunds
        .expect_finish()
        .times(1)
        .withf(move |finished, as_status, why, at| {
            (finished, *as_status, *at) == (number, status, noon())
                && why.is_some() == (status == RefundStatus::Failed)
        })
        .returning(|_, _, _, _| Ok(true));
    unit
}

/// The order with this refund, of which nothing is known after all: it must be due again so much later.
fn put_off(refund: Refund, wait: Duration) -> MockUnitOfWork {
    let mut unit = paid_books(std::slice::from_ref(&refund));
    unit.refunds
        .expect_set_due()
        .times(1)
        .withf(move |number, due_at, why| {
            number == refund.out_request_no
                && *due_at == noon().after(wait)
                && why.as_ref().is_some_and(|why| !why.is_empty())
        })
        .returning(|_, _, _| Ok(()));
    unit
}

/// The order with this refund of a part of it, which must be booked as done.
fn booking(amount: &str) -> MockUnitOfWork {
    summing(finishing(paid_books(&[open(amount)]), "r1", RefundStatus::Succeeded), amount, true)
}

/// Alipay, which is asked just once for this refund of trade A.
fn refunding(
    mut gateway: MockPaymentGateway,
    number: &'static str,
    amount: &str,
    answer: Result<RefundOutcome, GatewayError>,
) -> MockPaymentGateway {
    let amount = money(amount);
    gateway
        .expect_refund()
        .times(1)
        .withf(move |request| {
            (request.trade_no.as_str(), request.out_request_no.as_str()) == ("A", number)
                && request.amount == amount
                && !request.reason.is_empty()
        })
        .return_once(|_| answer);
    gateway
}

fn willing(amount: &str) -> MockPaymentGateway {
    refunding(MockPaymentGateway::new(), "r1", amount, Ok(RefundOutcome::Refunded { gone_back: None }))
}

/// The same, which is asked just once what became of it.
fn looked_up(
    mut gateway: MockPaymentGateway,
    number: &'static str,
    answer: Result<Option<Money>, GatewayError>,
) -> MockPaymentGateway {
    gateway
        .expect_refund_query()
        .times(1)
        .withf(move |trade_no, asked| (trade_no, asked) == ("A", number))
        .return_once(|_, _| answer);
    gateway
}

fn nobody_asked() -> MockPaymentGateway {
    MockPaymentGateway::new()
}

fn no(code: &str) -> GatewayError {
    GatewayError::Refused { code: code.to_owned(), message: "卖家余额不足".to_owned() }
}

/// Every answer after which the money may have gone.
fn unclear() -> [GatewayError; 3] {
    [
        alipay_down(),
        GatewayError::Nonsense("no signature".to_owned()),
        GatewayError::Unknown { code: "ACQ.SYSTEM_ERROR".to_owned() },
    ]
}
