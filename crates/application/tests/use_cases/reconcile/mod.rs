//! 对账 with mocked ports.

mod payments;
mod refunds;

use std::sync::{Arc, Mutex};

use application::{FoundDifference, OrderService, ReconcileError};
use domain::{
    Bill, BillEntry, DailyStatement, DifferenceKind, EvidenceSource, Money, OrderStatus, PaymentStatus,
    Refund, RefundKind, RefundStatus, ShopDate, Trade, TradeStatus,
};
use ports::{
    GatewayError, StoreError,
    mock::{Ledgers, MockDailyStatements, MockPaymentGateway, clock_at},
};

use crate::support::*;

/// The day of [`noon`], which has ended when the tests compare it.
fn day() -> ShopDate {
    ShopDate::parse("2019-11-28").unwrap()
}

fn use_case(gateway: MockPaymentGateway, statements: MockDailyStatements, ledgers: &Ledgers) -> OrderService {
    let now = day().next().begin();
    OrderService { statements: Arc::new(statements), ..service_at(now, gateway, ledgers) }
}

fn entry(trade_no: &str, amount: &str, request: Option<&str>) -> BillEntry {
    BillEntry {
        trade_no: trade_no.to_owned(),
        out_trade_no: ORDER.to_owned(),
        out_request_no: request.map(str::to_owned),
        amount: money(amount),
    }
}

/// Alipay with this bill of the day.
fn billing(entries: Vec<BillEntry>) -> MockPaymentGateway {
    let bill = Bill { entries, ..Bill::default() };
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_bill().times(1).withf(|date| *date == day()).return_once(|_| Ok(Some(bill)));
    gateway
}

/// A store with this statement of the day; the list receives the stored differences.
fn keeping(statement: DailyStatement) -> (MockDailyStatements, Arc<Mutex<Vec<FoundDifference>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let mut ledger = MockDailyStatements::new();
    ledger.expect_statement_of().times(1).return_once(|_, _, _, _| Ok(statement));
    let keeper = Arc::clone(&kept);
    ledger
        .expect_keep()
        .times(1)
        .withf(|channel, date, _, at| {
            *channel == domain::Channel::Alipay && *date == day() && *at == day().next().begin()
        })
        .returning(move |_, _, found, _| {
            *keeper.lock().unwrap() = found.to_vec();
            Ok(())
        });
    (ledger, kept)
}

/// Compares with repair. Returns the repair of each difference, which must be the stored one.
async fn repaired(
    gateway: MockPaymentGateway,
    statement: DailyStatement,
    ledgers: &Ledgers,
) -> Vec<(DifferenceKind, String)> {
    let (ledger, kept) = keeping(statement);
    let found =
        use_case(gateway, ledger, ledgers).reconcile(domain::Channel::Alipay, day(), true).await.unwrap();
    assert_eq!(*kept.lock().unwrap(), found);
    found.into_iter().map(|(difference, done)| (difference.kind, done.unwrap())).collect()
}

fn one(kind: DifferenceKind, done: &str) -> Vec<(DifferenceKind, String)> {
    vec![(kind, done.to_owned())]
}

/// The payment of the order by trade A, and these refunds.
fn paid_statement(refunds: Vec<Refund>) -> DailyStatement {
    DailyStatement { payments: vec![recorded("A", PaymentStatus::Settled)], refunds }
}

fn knowing_trade(
    mut gateway: MockPaymentGateway,
    answer: Result<Option<Trade>, GatewayError>,
) -> MockPaymentGateway {
    gateway.expect_query_trade().times(1).withf(|trade_no| trade_no == "A").return_once(|_| answer);
    gateway
}

fn knowing_refund(
    mut gateway: MockPaymentGateway,
    number: &'static str,
    answer: Result<Option<&str>, GatewayError>,
) -> MockPaymentGateway {
    let answer = answer.map(|amount| amount.map(money));
    gateway
        .expect_refund_query()
        .times(1)
        .withf(move |trade_no, asked| (trade_no, asked) == ("A", number))
        .return_once(|_, _| answer);
    gateway
}

#[tokio::test]
async fn a_day_that_is_not_over_is_not_compared() {
    for today in [day(), day().next()] {
        let ledgers = Ledgers::default();
        let mut reconcile = use_case(MockPaymentGateway::new(), MockDailyStatements::new(), &ledgers);
        reconcile.transact.clock = Arc::new(clock_at(day().begin()));
        let outcome = reconcile.reconcile(domain::Channel::Alipay, today, true).await;
        assert!(matches!(outcome, Err(ReconcileError::NotOver)), "{outcome:?}");
    }
}

#[tokio::test]
async fn without_a_bill_nothing_is_compared_and_nothing_kept() {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_bill().times(1).returning(|_| Ok(None));
    let outcome = use_case(gateway, MockDailyStatements::new(), &Ledgers::default())
        .reconcile(domain::Channel::Alipay, day(), true)
        .await;
    assert!(matches!(outcome, Err(ReconcileError::NoBill)), "{outcome:?}");
}

#[tokio::test]
async fn the_books_are_asked_for_whatever_the_bill_names() {
    let bill =
        vec![entry("A", "323.91", None), entry("B", "9.90", Some("r1")), entry("A", "1.00", Some("r2"))];
    let mut ledger = MockDailyStatements::new();
    // Under its own number, or under one that replaces it.
    let trade = |trade_no| domain::Channel::Alipay.trade(trade_no);
    let of_bill =
        move |_: &domain::Channel, date: &ShopDate, trade_nos: &[String], request_nos: &[String]| {
            *date == day()
                && trade_nos == ["A", "B", "A"]
                && request_nos
                    == [Refund::numbers_here(trade("B"), "r1"), Refund::numbers_here(trade("A"), "r2")]
                        .concat()
        };
    ledger
        .expect_statement_of()
        .times(1)
        .withf(of_bill)
        .returning(|_, _, _, _| Ok(DailyStatement::default()));
    ledger.expect_keep().times(1).withf(|_, _, found, _| found.len() == 3).returning(|_, _, _, _| Ok(()));
    use_case(billing(bill), ledger, &Ledgers::default())
        .reconcile(domain::Channel::Alipay, day(), false)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_day_that_agrees_is_kept_as_one_without_differences() {
    let done = Refund { finished_at: Some(noon()), ..refund("r1", "9.90", RefundStatus::Succeeded) };
    let bill = vec![entry("A", "323.91", None), entry("A", "9.90", Some("r1"))];
    assert_eq!(repaired(billing(bill), paid_statement(vec![done]), &Ledgers::default()).await, []);
}

#[tokio::test]
async fn without_repair_nothing_is_asked_or_written() {
    let bill =
        vec![entry("A", "323.91", None), entry("A", "9.90", Some("r1")), entry("A", "1.00", Some("x"))];
    let statement = DailyStatement {
        refunds: vec![refund("r1", "9.90", RefundStatus::Requested)],
        ..DailyStatement::default()
    };
    let (ledger, kept) = keeping(statement);
    let ledgers = Ledgers::default();
    let found = use_case(billing(bill), ledger, &ledgers)
        .reconcile(domain::Channel::Alipay, day(), false)
        .await
        .unwrap();
    let kinds: Vec<_> = found.iter().map(|(difference, done)| (difference.kind, done.clone())).collect();
    let expected = [DifferenceKind::MissingHere, DifferenceKind::Status, DifferenceKind::MissingHere];
    assert_eq!(kinds, expected.map(|kind| (kind, None)));
    assert_eq!(*kept.lock().unwrap(), found);
}

#[tokio::test]
async fn amounts_that_differ_and_what_alipay_does_not_have_are_left_to_people() {
    let mut paid = recorded("C", PaymentStatus::Settled);
    paid.trade.paid_at = Some(noon());
    let mut statement = paid_statement(vec![
        Refund { finished_at: Some(noon()), ..refund("r1", "9.90", RefundStatus::Succeeded) },
        Refund { finished_at: Some(noon()), ..refund("r2", "1.00", RefundStatus::Succeeded) },
    ]);
    statement.payments.push(paid);
    let bill = vec![entry("A", "323.90", None), entry("A", "9.91", Some("r1"))];
    let people = || "未处理:需人工核对".to_owned();
    let expected = [
        (DifferenceKind::Amount, people()),
        (DifferenceKind::MissingThere, people()),
        (DifferenceKind::Amount, people()),
        (DifferenceKind::MissingThere, people()),
    ];
    assert_eq!(repaired(billing(bill), statement, &Ledgers::default()).await, expected);
}

#[tokio::test]
async fn one_that_is_not_mended_does_not_hold_up_the_next() {
    let bill = vec![entry("A", "323.91", None), entry("B", "323.91", None)];
    let mut gateway = billing(bill);
    gateway.expect_query_trade().times(2).returning(|trade_no| match trade_no {
        "A" => Err(alipay_down()),
        other => Ok(Some(trade(other, "323.91"))),
    });
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
    let done = repaired(gateway, DailyStatement::default(), &ledgers).await;
    let missing = |done: &str| (DifferenceKind::MissingHere, done.to_owned());
    assert_eq!(done, [missing("未处理:the payment channel cannot be reached"), missing("已入账,订单已付款")]);
}

#[tokio::test]
async fn each_port_may_fail() {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_bill().returning(|_| Err(alipay_down()));
    let outcome = use_case(gateway, MockDailyStatements::new(), &Ledgers::default())
        .reconcile(domain::Channel::Alipay, day(), true)
        .await;
    assert!(matches!(outcome, Err(ReconcileError::Gateway(_))), "{outcome:?}");

    let mut ledger = MockDailyStatements::new();
    ledger.expect_statement_of().returning(|_, _, _, _| Err(store_down()));
    let outcome = use_case(billing(vec![]), ledger, &Ledgers::default())
        .reconcile(domain::Channel::Alipay, day(), true)
        .await;
    assert!(matches!(outcome, Err(ReconcileError::Store(_))), "{outcome:?}");

    let mut ledger = MockDailyStatements::new();
    ledger.expect_statement_of().returning(|_, _, _, _| Ok(DailyStatement::default()));
    ledger.expect_keep().returning(|_, _, _, _| Err(StoreError::OutcomeUnknown("connection lost".into())));
    let outcome = use_case(billing(vec![]), ledger, &Ledgers::default())
        .reconcile(domain::Channel::Alipay, day(), true)
        .await;
    assert!(matches!(outcome, Err(ReconcileError::Store(_))), "{outcome:?}");
}
