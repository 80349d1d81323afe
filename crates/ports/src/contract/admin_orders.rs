//! [`crate::AdminOrders`].

use std::sync::Arc;

use domain::{
    Cause, MoneySum, NumberRange, OrderStatus, PaymentStatus, Refund, RefundKind, RefundStatus, Restock,
    ShopDate, ShopTime, StockMoveKind, ledger::Event,
};

use super::{
    OldOrder, Shop,
    samples::{Stocked, append, change, money, noon, order_id, payment, record},
};
use crate::{AdminOrders, DayFigures, OrderSearch, UnmatchedPayment};

fn everything() -> OrderSearch {
    OrderSearch { numbers: NumberRange::all(), user_id: None, status: None, limit: 100 }
}

async fn found(admin: &dyn AdminOrders, search: OrderSearch) -> Vec<String> {
    admin.search(&search).await.unwrap().into_iter().map(|order| order.id.to_string()).collect()
}

fn in_numbers(numbers: NumberRange) -> OrderSearch {
    OrderSearch { numbers, ..everything() }
}

/// Orders of two buyers on two days, the largest number last.
const NUMBERS: [&str; 6] = [
    "2019112712000004",
    "2019112800000004",
    "2019112812000004",
    "2019112812000005",
    "2019112812000100000007",
    "2019112900000004",
];

/// The indexes of the second buyer's orders.
const OTHERS: [usize; 2] = [1, 3];

async fn a_filled_shop(shop: Arc<dyn Shop>) -> (Stocked, domain::UserId) {
    let stocked = Stocked::new(shop).await;
    let other = stocked.shop.add_user("达达").await;
    let orders = NUMBERS.iter().enumerate().map(|(index, number)| {
        let mut new = stocked.order(number);
        if OTHERS.contains(&index) {
            new.order.user_id = other;
        }
        new
    });
    stocked.place(&orders.collect::<Vec<_>>()).await;
    for number in [NUMBERS[0], NUMBERS[3]] {
        let paid = change(number, OrderStatus::AwaitingPayment, OrderStatus::AwaitingShipment, "");
        append(&*stocked.shop, number, &[Event::StatusChanged(paid)]).await.unwrap();
    }
    (stocked, other)
}

fn numbers(indexes: &[usize]) -> Vec<String> {
    indexes.iter().map(|index| NUMBERS[*index].to_owned()).collect()
}

/// All buyers' orders, the largest number first; searched by number, time, buyer and status, and by all of these at
/// once.
pub async fn searches_by_each_and_all(shop: Arc<dyn Shop>) {
    let (stocked, other) = a_filled_shop(shop).await;
    let admin = stocked.shop.admin();
    assert_eq!(found(admin, everything()).await, numbers(&[5, 4, 3, 2, 1, 0]));

    let beginning = |digits| in_numbers(NumberRange::all().beginning_with(&order_id(digits)));
    assert_eq!(found(admin, beginning("20191128120")).await, numbers(&[4, 3, 2]));
    assert_eq!(found(admin, beginning(NUMBERS[2])).await, numbers(&[2]));
    assert_eq!(found(admin, beginning("7")).await, numbers(&[]));

    let day = |date: &str| ShopDate::parse(date).unwrap();
    let of_day = NumberRange::all()
        .not_before(day("2019-11-28").begin())
        .earlier_than(day("2019-11-28").next().begin());
    assert_eq!(found(admin, in_numbers(of_day.clone())).await, numbers(&[4, 3, 2, 1]));
    let before_noon = NumberRange::all().earlier_than(noon());
    assert_eq!(found(admin, in_numbers(before_noon)).await, numbers(&[1, 0]));

    let of_other = OrderSearch { user_id: Some(other), ..everything() };
    assert_eq!(found(admin, of_other.clone()).await, numbers(&[3, 1]));
    let paid = OrderSearch { status: Some(OrderStatus::AwaitingShipment), ..everything() };
    assert_eq!(found(admin, paid.clone()).await, numbers(&[3, 0]));
    let all = OrderSearch { numbers: of_day.clone(), user_id: Some(other), ..paid.clone() };
    assert_eq!(found(admin, all).await, numbers(&[3]));
    let none = OrderSearch { numbers: of_day, user_id: Some(stocked.user_id), ..paid };
    assert_eq!(found(admin, none).await, numbers(&[]));
    assert_eq!(admin.count(OrderStatus::AwaitingShipment).await.unwrap(), 2);
    assert_eq!(admin.count(OrderStatus::AwaitingPayment).await.unwrap(), 4);
    assert_eq!(admin.count(OrderStatus::Cancelled).await.unwrap(), 0);
}

/// Page after page, no order twice and none left out.
pub async fn searches_page_by_page(shop: Arc<dyn Shop>) {
    let (stocked, _) = a_filled_shop(shop).await;
    let admin = stocked.shop.admin();
    for (status, limit) in [(None, 1), (None, 3), (Some(OrderStatus::AwaitingPayment), 2)] {
        let whole = found(admin, OrderSearch { status, ..everything() }).await;
        let count = u32::try_from(whole.len()).unwrap();
        for (limit, is_more) in [(count - 1, true), (count, false)] {
            let search = OrderSearch { status, limit, ..everything() };
            assert_eq!(admin.exceeds(&search).await.unwrap(), is_more);
        }
        let (mut pages, mut numbers) = (Vec::new(), NumberRange::all());
        loop {
            let next = OrderSearch { numbers: numbers.clone(), status, limit, ..everything() };
            let page = found(admin, next).await;
            let Some(last) = page.last() else { break };
            assert!(page.len() <= usize::try_from(limit).unwrap());
            numbers = numbers.below(&order_id(last));
            pages.extend(page);
        }
        assert_eq!(pages, whole);
    }
}

/// The fields that a search returns, also for orders of the old back end, which stored no receiver.
pub async fn shows_what_was_ordered(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let old = OldOrder {
        id: order_id("2018010112000004"),
        user_id: stocked.user_id,
        address_id: stocked.address_id,
        status: 1,
        total_amount: money("20.50"),
        created_at: ShopTime::parse("2018-01-01 12:00:00").unwrap(),
        lines: vec![(stocked.sku_id, 1, money("10.50"))],
    };
    stocked.shop.add_old_order(old.clone()).await;
    stocked.place(&[stocked.order("2019112812000004")]).await;
    let orders = stocked.shop.admin().search(&everything()).await.unwrap();
    let [new, before] = orders.as_slice() else { panic!("{orders:?}") };
    let written = stocked.order("2019112812000004").order;
    assert_eq!((&new.id, new.user_id, new.username.0.as_str()), (&written.id, written.user_id, "习瓜瓜"));
    assert_eq!((new.total_count, new.total_amount, new.freight), (2, money("219.90"), money("10.00")));
    assert_eq!((new.created_at, new.expire_at), (written.created_at, written.expire_at));
    assert_eq!((new.receiver.as_str(), new.refunded_amount), ("习瓜瓜", money("0.00")));
    assert_eq!((before.created_at, before.expire_at), (old.created_at, None));
    assert_eq!((before.receiver.as_str(), before.total_amount), ("习瓜瓜", money("20.50")));
}

fn refund(out_request_no: &str, trade_no: &str, amount: &str, finished_at: Option<ShopTime>) -> Refund {
    Refund {
        channel: domain::Channel::Alipay,
        out_request_no: out_request_no.to_owned(),
        out_trade_no: NUMBERS[2].to_owned(),
        trade_no: trade_no.to_owned(),
        amount: money(amount),
        reason: "质量问题".to_owned(),
        kind: RefundKind::Shop,
        status: finished_at.map_or(RefundStatus::Requested, |_| RefundStatus::Succeeded),
        restock: Vec::new(),
        cause: Cause::shop("小王".to_owned(), None),
        requested_at: noon(),
        finished_at,
        failure: None,
    }
}

/// One order with everything that the other ports wrote for it, and nothing of other orders.
pub async fn files_all_that_is_on_record(shop: Arc<dyn Shop>) {
    let (stocked, other) = a_filled_shop(shop).await;
    let (number, id) = (NUMBERS[3], order_id(NUMBERS[3]));
    let paid = payment("A1", number, PaymentStatus::Settled);
    let twice = payment("A2", number, PaymentStatus::Duplicate);
    let third = payment("A3", NUMBERS[2], PaymentStatus::Settled);
    record(&*stocked.shop, &[paid.clone(), twice.clone(), third], &[]).await;
    let back = Refund { out_trade_no: number.to_owned(), ..refund("r1", "A1", "9.90", Some(noon())) };
    record(&*stocked.shop, &[], &[back.clone(), refund("r2", "A3", "1.00", None)]).await;
    let pieces = vec![Restock { sku_id: stocked.sku_id, pieces: 1 }];
    let kind = StockMoveKind::Refunded("r1".to_owned());
    let returned = Event::StockReturned { reason: kind.clone(), pieces, at: noon() };
    append(&*stocked.shop, number, &[returned]).await.unwrap();

    let file = stocked.shop.admin().file(&id).await.unwrap().unwrap();
    assert_eq!(file.ledger.order, stocked.find(number).await);
    assert_eq!((file.ledger.order.as_ref().unwrap().user_id, file.username.0.as_str()), (other, "达达"));
    assert_eq!(file.ledger.payments, [paid, twice]);
    assert_eq!(file.ledger.refunds, [back]);
    assert_eq!(file.ledger.movements.len(), 1);
    assert_eq!((file.ledger.movements[0].kind.clone(), file.ledger.movements[0].pieces), (kind, 1));
    assert_eq!(file.changes, stocked.shop.orders().timeline(&id).await.unwrap());
    assert_eq!(file.changes.len(), 1);
    assert_eq!(stocked.shop.admin().file(&order_id("2019")).await.unwrap(), None::<crate::OrderRecords>);
}

/// Orders with their lines and the payments that settled them, the largest number first.
pub async fn lists_goods_and_payments(shop: Arc<dyn Shop>) {
    let (stocked, _) = a_filled_shop(shop).await;
    let paid = payment("A1", NUMBERS[3], PaymentStatus::Settled);
    let twice = payment("A0", NUMBERS[3], PaymentStatus::Duplicate);
    let late = payment("A2", NUMBERS[0], PaymentStatus::Late);
    record(&*stocked.shop, &[twice, paid.clone(), late], &[]).await;
    let back = Event::StockReturned {
        reason: StockMoveKind::Returned("shop-1".to_owned()),
        pieces: vec![Restock { sku_id: stocked.sku_id, pieces: 1 }],
        at: noon(),
    };
    append(&*stocked.shop, NUMBERS[3], &[back]).await.unwrap();
    let admin = stocked.shop.admin();
    let ids: Vec<_> = [0, 3, 5].map(|index| order_id(NUMBERS[index])).into();
    let listed = admin.shipping_list(&ids).await.unwrap();
    let returned: Vec<_> = listed.iter().map(|one| one.movements.len()).collect();
    assert_eq!(returned, [0, 1, 0]);
    let names: Vec<_> = listed.iter().map(|one| one.username.0.as_str()).collect();
    assert_eq!(names, ["习瓜瓜", "达达", "习瓜瓜"]);
    for (one, index) in listed.iter().zip([5, 3, 0]) {
        assert_eq!(Some(&one.order), stocked.find(NUMBERS[index]).await.as_ref());
        assert_eq!(one.payment.as_ref(), (index == 3).then_some(&paid));
    }
    assert!(admin.shipping_list(&[]).await.unwrap().is_empty());
    assert!(admin.shipping_list(&[order_id("2019")]).await.unwrap().is_empty());
}

/// Payments of any day that paid no order and are not known to be wholly refunded, the latest first, up to the limit.
pub async fn finds_payments_that_paid_nothing(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let at = |text: &str| Some(ShopTime::parse(text).unwrap());
    for (trade_no, status, paid_at) in [
        ("A1", PaymentStatus::WrongAmount, at("2019-11-28 00:00:00")),
        ("A2", PaymentStatus::UnknownOrder, at("2019-11-29 23:59:59")),
        ("A3", PaymentStatus::WrongAmount, at("2019-11-28 12:00:00")),
        ("A4", PaymentStatus::WrongAmount, at("2019-11-28 13:00:00")),
        ("B1", PaymentStatus::WrongAmount, at("2019-11-27 23:59:59")),
        ("B2", PaymentStatus::UnknownOrder, at("2019-11-30 00:00:00")),
        ("B3", PaymentStatus::Settled, at("2019-11-28 12:00:00")),
        ("B4", PaymentStatus::Duplicate, at("2019-11-28 12:00:00")),
        ("B5", PaymentStatus::Late, at("2019-11-28 12:00:00")),
        ("B6", PaymentStatus::WrongAmount, at("2019-11-28 12:00:00")),
    ] {
        let mut paid = payment(trade_no, NUMBERS[2], status);
        paid.trade.paid_at = paid_at;
        paid.trade.refunded = match trade_no {
            "A3" => "0.20".parse().unwrap(),
            "B6" => paid.trade.total_amount,
            _ => paid.trade.refunded,
        };
        record(&*stocked.shop, &[paid], &[]).await;
    }
    let mut closed = payment("B7", NUMBERS[2], PaymentStatus::WrongAmount);
    closed.trade.status = domain::TradeStatus::Closed;
    record(&*stocked.shop, &[closed], &[]).await;
    let failed =
        Refund { status: RefundStatus::Failed, ..refund("r1", "A3", "0.20", at("2019-11-29 00:00:00")) };
    let done = refund("r3", "B6", "0.20", at("2019-11-29 00:00:00"));
    for refund in [failed, refund("r2", "A4", "0.20", None), done] {
        record(&*stocked.shop, &[], &[refund]).await;
    }
    let day = |text: &str| ShopDate::parse(text).unwrap();
    let admin = stocked.shop.admin();
    let found = async |limit: u32| {
        let found = admin.unmatched_payments(day("2019-12-28"), day("2019-12-29"), limit).await.unwrap();
        found.into_iter().map(|found| found.payment.trade.trade_no).collect::<Vec<_>>()
    };
    assert_eq!(found(9).await, ["B2", "A2", "A4", "A3", "A1", "B1"]);
    assert_eq!(found(2).await, ["B2", "A2"]);
}

/// A payment without a time of payment counts by the time when it was recorded.
pub async fn counts_payments_without_a_time(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    for (trade_no, status, recorded_at) in [
        ("A1", PaymentStatus::WrongAmount, "2019-11-28 00:00:00"),
        ("A2", PaymentStatus::Settled, "2019-11-28 23:59:59"),
        ("B1", PaymentStatus::UnknownOrder, "2019-11-29 00:00:00"),
        ("B2", PaymentStatus::Settled, "2019-11-29 00:00:00"),
    ] {
        let mut paid = payment(trade_no, NUMBERS[2], status);
        (paid.trade.paid_at, paid.recorded_at) = (None, ShopTime::parse(recorded_at).unwrap());
        record(&*stocked.shop, &[paid], &[]).await;
    }
    let admin = stocked.shop.admin();
    let date = ShopDate::parse("2019-11-28").unwrap();
    let found = admin.unmatched_payments(date, date, 9).await.unwrap();
    let found: Vec<_> = found.iter().map(|found| found.payment.trade.trade_no.as_str()).collect();
    assert_eq!(found, ["B1", "A1"]);
    let figures = admin.figures(date, date).await.unwrap();
    assert_eq!(figures.iter().map(|day| day.paid).collect::<Vec<_>>(), [1]);
}

/// Payments of any day that the shop must refund, until they are refunded, and failed refunds, until they succeed.
pub async fn finds_refunds_that_are_not_done(shop: Arc<dyn Shop>) {
    use PaymentStatus::{Duplicate, Late, Settled};
    let stocked = Stocked::new(shop).await;
    let at = |text: &str| ShopTime::parse(text).unwrap();
    for (trade_no, status, paid_at) in [
        ("L1", Late, "2019-11-01 00:00:00"),
        ("L2", Duplicate, "2019-11-02 00:00:00"),
        ("L3", Late, "2019-11-03 00:00:00"),
        ("S1", Settled, "2019-11-04 00:00:00"),
        ("S2", Settled, "2019-11-05 00:00:00"),
        ("S3", Settled, "2019-11-06 00:00:00"),
    ] {
        let mut paid = payment(trade_no, NUMBERS[2], status);
        paid.trade.paid_at = Some(at(paid_at));
        if trade_no == "L3" {
            paid.trade.refunded = paid.trade.total_amount;
        }
        record(&*stocked.shop, &[paid], &[]).await;
    }
    let (failed, done) = (RefundStatus::Failed, Some(at("2019-11-20 00:00:00")));
    let why = Some("ACQ.SELLER_BALANCE_NOT_ENOUGH 卖家余额不足".to_owned());
    for refund in [
        Refund { kind: RefundKind::Late, ..refund("r1", "L1", "323.91", None) },
        Refund { kind: RefundKind::Duplicate, status: failed, ..refund("r2", "L2", "323.91", done) },
        Refund { kind: RefundKind::Late, status: failed, ..refund("r3", "L3", "323.91", done) },
        refund("r4", "L3", "323.91", done),
        Refund { failure: why.clone(), ..refund("r5", "S1", "1.00", None) },
        refund("r6", "S2", "1.00", None),
        Refund { status: failed, failure: why.clone(), ..refund("r7", "S3", "1.00", done) },
    ] {
        record(&*stocked.shop, &[], &[refund]).await;
    }
    let today = ShopDate::parse("2019-12-24").unwrap();
    let found = async |day: ShopDate| -> Vec<(String, String)> {
        let found = stocked.shop.admin().unmatched_payments(day, day, 9).await.unwrap();
        let names =
            |found: UnmatchedPayment| (found.payment.trade.trade_no, found.refund.unwrap().out_request_no);
        found.into_iter().map(names).collect()
    };
    let to_come = [("S1", "r5"), ("L2", "r2"), ("L1", "r1")];
    let named = |(trade, refund): (&str, &str)| (trade.to_owned(), refund.to_owned());
    assert_eq!(found(today).await, to_come.map(named));
    // A refund that failed for good is reported only for the days around its failure.
    let then = ShopDate::parse("2019-11-20").unwrap();
    let failed_then = std::iter::once(("S3", "r7")).chain(to_come);
    assert_eq!(found(then).await, failed_then.map(named).collect::<Vec<_>>());
    let found = stocked.shop.admin().unmatched_payments(today, today, 1).await.unwrap();
    assert_eq!(found[0].refund.as_ref().map(|refund| &refund.failure), Some(&why));
    // Refunds that the shop owes have precedence over newer payments that staff decide about.
    let mut undecided = payment("W1", NUMBERS[2], PaymentStatus::WrongAmount);
    undecided.trade.paid_at = Some(at("2019-12-24 00:00:00"));
    record(&*stocked.shop, &[undecided], &[]).await;
    let found = async |limit: u32| -> Vec<String> {
        let found = stocked.shop.admin().unmatched_payments(today, today, limit).await.unwrap();
        found.into_iter().map(|found| found.payment.trade.trade_no).collect()
    };
    assert_eq!(found(4).await, ["W1", "S1", "L2", "L1"]);
    assert!(!found(2).await.contains(&"W1".to_owned()));
}

/// The first and the last week of the calendar have figures without orders.
pub async fn sums_up_days_far_away(shop: Arc<dyn Shop>) {
    for (first, last) in [("0001-01-01", "0001-01-07"), ("9999-12-25", "9999-12-31")] {
        let (first, last) = (ShopDate::parse(first).unwrap(), ShopDate::parse(last).unwrap());
        let days = shop.admin().figures(first, last).await.unwrap();
        assert_eq!((days.len(), days[0]), (7, DayFigures::of_nothing(first)));
        assert_eq!(shop.admin().unmatched_payments(first, last, 9).await.unwrap(), []);
    }
}

/// Every day has figures, each event counts on its own day, and sums are exact even above the largest amount.
pub async fn sums_up_days(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let at = |text: &str| ShopTime::parse(text).unwrap();
    let mut orders = Vec::new();
    for (number, amount) in [
        ("2019112723595904", "7.00"),
        ("2019112800000004", "99999999.99"),
        ("2019112812000004", "99999999.99"),
        ("2019112823595904", "0.03"),
        ("2019112900000004", "1.10"),
        ("2019113000000004", "5.00"),
    ] {
        let mut new = stocked.order(number);
        new.order.total_amount = money(amount);
        orders.push(new);
    }
    stocked.place(&orders).await;
    for (trade_no, amount, status, paid_at) in [
        ("A1", "99999999.99", PaymentStatus::Settled, "2019-11-28 00:00:00"),
        ("A2", "0.10", PaymentStatus::Settled, "2019-11-28 23:59:59"),
        ("A3", "0.20", PaymentStatus::Settled, "2019-11-29 00:00:00"),
        ("A4", "0.40", PaymentStatus::Duplicate, "2019-11-28 12:00:00"),
        ("A5", "0.80", PaymentStatus::Settled, "2019-11-27 23:59:59"),
    ] {
        let mut paid = payment(trade_no, NUMBERS[2], status);
        (paid.trade.total_amount, paid.trade.paid_at) = (money(amount), Some(at(paid_at)));
        record(&*stocked.shop, &[paid], &[]).await;
    }
    for refund in [
        refund("r1", "A1", "33333333.33", Some(at("2019-11-29 00:00:00"))),
        refund("r2", "A2", "0.10", Some(at("2019-11-29 23:59:59"))),
        refund("r3", "A4", "0.40", Some(at("2019-11-29 12:00:00"))),
        refund("r4", "A3", "0.20", None),
        Refund {
            status: RefundStatus::Failed,
            ..refund("r5", "A3", "0.20", Some(at("2019-11-29 12:00:00")))
        },
    ] {
        record(&*stocked.shop, &[], &[refund]).await;
    }
    let day = |text: &str| ShopDate::parse(text).unwrap();
    let admin = stocked.shop.admin();
    let figures = admin.figures(day("2019-11-28"), day("2019-11-30")).await.unwrap();
    let fen = MoneySum::from_fen;
    let expected = [
        DayFigures {
            orders: 3,
            order_amount: fen(20_000_000_001),
            paid: 2,
            paid_amount: fen(10_000_000_009),
            ..DayFigures::of_nothing(day("2019-11-28"))
        },
        DayFigures {
            orders: 1,
            order_amount: fen(110),
            paid: 1,
            paid_amount: fen(20),
            refunded: 2,
            refunded_amount: fen(3_333_333_343),
            ..DayFigures::of_nothing(day("2019-11-29"))
        },
        DayFigures { orders: 1, order_amount: fen(500), ..DayFigures::of_nothing(day("2019-11-30")) },
    ];
    assert_eq!(figures, expected);
    let quiet = admin.figures(day("2020-01-01"), day("2020-01-01")).await.unwrap();
    assert_eq!(quiet, [DayFigures::of_nothing(day("2020-01-01"))]);
    // The first and the last day that can be written.
    for far in ["0001-01-01", "9999-12-31"].map(day) {
        let figures = admin.figures(far.days_before(6), far).await.unwrap();
        let expected: Vec<_> =
            (0..7).rev().map(|days| DayFigures::of_nothing(far.days_before(days))).collect();
        assert_eq!(figures, expected);
    }
}
