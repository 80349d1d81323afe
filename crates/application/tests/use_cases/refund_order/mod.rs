//! 退款: staff's requests, Alipay's answers, and retries.

mod due;
mod requests;

use std::{sync::Arc, time::Duration};

use application::{DueRefunds, Job, OrderError, TransactError};
use domain::{
    Cause, Money, OrderStatus, PaymentStatus, Refund, RefundAsk, RefundStatus,
    ledger::{Event, Refusal},
};
use ports::{
    GatewayError, RefundOutcome,
    mock::{Ledgers, MockPaymentGateway},
};

use crate::support::*;

/// How long one process has a refund for itself.
const LEASE: Duration = Duration::from_secs(120);

/// One pass over the due refunds. Returns how many it processed.
async fn pass_over_due(gateway: MockPaymentGateway, ledgers: &Ledgers) -> usize {
    DueRefunds(Arc::new(service(gateway, ledgers))).pass().await.unwrap()
}

fn shop() -> Cause {
    Cause::shop("小王".to_owned(), Some("req-1".to_owned()))
}

async fn request(
    ask: &RefundAsk,
    gateway: MockPaymentGateway,
    ledgers: &Ledgers,
) -> Result<Refund, OrderError> {
    service(gateway, ledgers).refund(ORDER, ask, &shop()).await
}

/// A request for this amount, or for all that is left, under the number `r1`.
fn ask(amount: Option<&str>) -> RefundAsk {
    RefundAsk {
        trade_no: None,
        amount: amount.map(money),
        reason: "质量问题".to_owned(),
        restock: None,
        out_request_no: "r1".to_owned(),
        expected_left: None,
    }
}

/// The stored refund before its outcome is known.
fn open(amount: &str) -> Refund {
    Refund { cause: shop(), ..refund("r1", amount, RefundStatus::Requested) }
}

/// An Alipay that expects this refund of trade A exactly once.
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
    refunding(nobody_asked(), "r1", amount, Ok(RefundOutcome::Refunded { gone_back: None }))
}

/// The same, with this many queries of the refund.
fn looked_up(
    mut gateway: MockPaymentGateway,
    number: &'static str,
    answer: Result<Option<Money>, GatewayError>,
    times: usize,
) -> MockPaymentGateway {
    let mut answer = Some(answer);
    gateway
        .expect_refund_query()
        .times(times)
        .withf(move |trade_no, asked| (trade_no, asked) == ("A", number))
        .returning(move |_, _| match answer.take() {
            Some(Ok(amount)) => {
                answer = Some(Ok(amount));
                Ok(amount)
            }
            Some(Err(error)) => Err(error),
            None => Err(alipay_down()),
        });
    gateway
}

fn nobody_asked() -> MockPaymentGateway {
    MockPaymentGateway::new()
}

fn no(code: &str) -> GatewayError {
    let is_final = code.starts_with("ACQ.") && code != "ACQ.SELLER_BALANCE_NOT_ENOUGH";
    GatewayError::Refused { code: code.to_owned(), message: "卖家余额不足".to_owned(), is_final }
}

/// Every error after which the refund may have succeeded.
fn unclear() -> [GatewayError; 3] {
    [
        alipay_down(),
        GatewayError::Nonsense("no signature".to_owned()),
        GatewayError::Unknown { code: "ACQ.SYSTEM_ERROR".to_owned() },
    ]
}

fn refused(outcome: Result<Refund, OrderError>) -> Refusal {
    match outcome {
        Err(OrderError::Transact(TransactError::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

/// How long after noon the refund with this number is due again.
fn put_off(ledgers: &Ledgers, number: &str) -> Duration {
    match ledgers.appended().last() {
        Some(Event::RefundPostponed { out_request_no, due_at, failure: Some(_) })
            if out_request_no == number =>
        {
            due_at.since(noon())
        }
        other => panic!("{other:?}"),
    }
}
