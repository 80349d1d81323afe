//! [`crate::DailyStatements`].

use std::sync::Arc;

use domain::{
    Cause, DailyStatement, Difference, DifferenceKind, PaymentRecord, PaymentStatus, Refund, RefundKind,
    RefundStatus, Restock, ShopDate, ShopTime, SkuId,
};

use super::{
    KeptDifference, Shop,
    samples::{money, noon, payment, record},
};

const ORDER: &str = "2019112812000004";

fn day() -> ShopDate {
    ShopDate::parse("2019-11-28").unwrap()
}

fn time(text: &str) -> ShopTime {
    ShopTime::parse(text).unwrap()
}

fn paid(trade_no: &str, paid_at: Option<&str>) -> PaymentRecord {
    let mut payment = payment(trade_no, ORDER, PaymentStatus::Settled);
    payment.trade.paid_at = paid_at.map(time);
    payment
}

fn refund(number: &str, status: RefundStatus, finished_at: Option<&str>) -> Refund {
    Refund {
        channel: domain::Channel::Alipay,
        out_request_no: number.to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: "A1".to_owned(),
        amount: money("9.90"),
        reason: "质量问题".to_owned(),
        kind: RefundKind::Shop,
        status,
        restock: vec![Restock { sku_id: SkuId(4), pieces: 2 }],
        cause: Cause::shop("小王".to_owned(), Some("req-1".to_owned())),
        requested_at: time("2019-11-27 12:00:00"),
        finished_at: finished_at.map(time),
        failure: None,
    }
}

/// The statement of the day, with payments and refunds in the order of their numbers.
async fn statement_of(shop: &dyn Shop, trade_nos: &[&str], request_nos: &[&str]) -> DailyStatement {
    let owned = |numbers: &[&str]| numbers.iter().map(|number| (*number).to_owned()).collect::<Vec<_>>();
    let mut statement = shop
        .ledger()
        .statement_of(domain::Channel::Alipay, day(), &owned(trade_nos), &owned(request_nos))
        .await
        .unwrap();
    statement.payments.sort_by(|a, b| a.trade.trade_no.cmp(&b.trade.trade_no));
    statement.refunds.sort_by(|a, b| a.out_request_no.cmp(&b.out_request_no));
    statement
}

/// From the first moment of the day to the last: payments by the time of payment, refunds by the time when they ended,
/// succeeded or failed.
pub async fn has_what_is_of_the_day(shop: Arc<dyn Shop>) {
    use RefundStatus::{Failed, Requested, Succeeded};
    let (before, first) = ("2019-11-27 23:59:59", "2019-11-28 00:00:00");
    let (last, after) = ("2019-11-28 23:59:59", "2019-11-29 00:00:00");
    let late = PaymentRecord { status: PaymentStatus::Late, ..paid("A3", Some(last)) };
    let payments =
        [paid("A1", Some(before)), paid("A2", Some(first)), late, paid("A4", Some(after)), paid("A5", None)];
    let refunds = [
        refund("r1", Succeeded, Some(before)),
        refund("r2", Succeeded, Some(first)),
        refund("r3", Failed, Some(last)),
        refund("r4", Succeeded, Some(after)),
        refund("r5", Requested, None),
    ];
    record(&*shop, &payments, &refunds).await;
    let expected = DailyStatement { payments: payments[1..3].to_vec(), refunds: refunds[1..3].to_vec() };
    assert_eq!(statement_of(&*shop, &[], &[]).await, expected);
}

/// Records of other days and without a day are included, each once, and none with a number that is only similar.
pub async fn has_what_the_bill_names(shop: Arc<dyn Shop>) {
    let (then, now) = ("2019-11-20 12:00:00", "2019-11-28 12:00:00");
    let payments = [paid("A1", Some(then)), paid("A2", Some(now)), paid("A3", None), paid("A4", Some(then))];
    let refunds = [
        refund("r1", RefundStatus::Requested, None),
        refund("r2", RefundStatus::Succeeded, Some(now)),
        refund("r3", RefundStatus::Failed, Some(then)),
        refund("r4", RefundStatus::Succeeded, Some(then)),
    ];
    record(&*shop, &payments, &refunds).await;
    let trade_nos = ["A3", "A1", "A2", "A1", "a4", "A", "Z9"];
    let request_nos = ["r2", "r3", "r1", "r3", "R4", "r", "z9"];
    let expected = DailyStatement { payments: payments[..3].to_vec(), refunds: refunds[..3].to_vec() };
    assert_eq!(statement_of(&*shop, &trade_nos, &request_nos).await, expected);
}

/// A bill may name thousands.
pub async fn has_what_a_long_bill_names(shop: Arc<dyn Shop>) {
    let then = Some("2019-11-20 12:00:00");
    let numbers: Vec<String> = (0..2_500).map(|number| format!("{number:04}")).collect();
    let known = ["0000", "0499", "0500", "1000", "2499"];
    let payments = known.map(|number| paid(number, then));
    let refunds = known.map(|number| refund(number, RefundStatus::Succeeded, then));
    record(&*shop, &payments, &refunds).await;
    let all: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let expected = DailyStatement { payments: payments.to_vec(), refunds: refunds.to_vec() };
    assert_eq!(statement_of(&*shop, &all, &all).await, expected);
}

fn difference(kind: DifferenceKind, trade_no: &str, request: Option<&str>) -> Difference {
    Difference {
        kind,
        trade_no: trade_no.to_owned(),
        out_trade_no: "订单 2".to_owned(),
        out_request_no: request.map(str::to_owned),
        ours: request.map(|_| "requested".to_owned()),
        theirs: Some("9.90".to_owned()),
    }
}

type Found = (Difference, Option<String>);

fn kept(found: &[Found], at: ShopTime) -> Vec<KeptDifference> {
    let keep = |(difference, done): &Found| KeptDifference {
        difference: difference.clone(),
        done: done.clone(),
        found_at: at,
    };
    found.iter().map(keep).collect()
}

/// The latest differences of a day are stored in order, with the action taken; other days do not change.
pub async fn keeps_what_was_found_last(shop: Arc<dyn Shop>) {
    let ledger = shop.ledger();
    let (other, later) = (day().next(), time("2019-11-30 10:30:00"));
    let first = [
        (difference(DifferenceKind::MissingHere, "A1", None), Some("已入账“😀”".to_owned())),
        (difference(DifferenceKind::Amount, "A2", None), None),
        (difference(DifferenceKind::Status, "A1", Some("r1")), Some("未处理:需人工核对".to_owned())),
        (difference(DifferenceKind::MissingThere, "A0", Some("r0")), None),
    ];
    ledger.keep(domain::Channel::Alipay, day(), &first, noon()).await.unwrap();
    ledger.keep(domain::Channel::Alipay, other, &first[1..2], noon()).await.unwrap();
    assert_eq!(shop.differences(day()).await, kept(&first, noon()));
    assert_eq!(shop.differences(other).await, kept(&first[1..2], noon()));

    let second = [first[3].clone(), (difference(DifferenceKind::Amount, "A9", None), None)];
    ledger.keep(domain::Channel::Alipay, day(), &second, later).await.unwrap();
    assert_eq!(shop.differences(day()).await, kept(&second, later));
    ledger.keep(domain::Channel::Alipay, day(), &[], later).await.unwrap();
    assert_eq!(shop.differences(day()).await, []);
    assert_eq!(shop.differences(other).await, kept(&first[1..2], noon()));
}

/// Any number of differences is stored; long texts are cut.
pub async fn keeps_many_differences_and_long_words(shop: Arc<dyn Shop>) {
    let long = "因".repeat(300);
    let found: Vec<Found> = (0..1_200)
        .map(|number| {
            let trade_no = format!("A{number}");
            (difference(DifferenceKind::MissingHere, &trade_no, None), Some(long.clone()))
        })
        .collect();
    shop.ledger().keep(domain::Channel::Alipay, day(), &found, noon()).await.unwrap();
    let cut = |(difference, _): Found| (difference, Some("因".repeat(200)));
    let expected: Vec<Found> = found.into_iter().map(cut).collect();
    assert_eq!(shop.differences(day()).await, kept(&expected, noon()));
}
