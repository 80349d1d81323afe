//! `GET /v1/admin/figures`.

use domain::{MoneySum, ShopDate};
use ports::{DayFigures, UnmatchedPayment};

use super::*;

const FIGURES: &str = "/v1/admin/figures";

fn date(text: &str) -> ShopDate {
    ShopDate::parse(text).unwrap()
}

/// A store that expects a request for the days up to this one, and returns orders for that day.
fn week_up_to(last: &'static str, orders: u64) -> Mocks {
    let mut mocks = Mocks::untouched();
    mocks
        .admin
        .expect_figures()
        .times(1)
        .withf(move |first, asked| (*first, *asked) == (date(last).days_before(6), date(last)))
        .returning(move |first, last| {
            let mut days: Vec<_> = (0..7_u32).rev().map(|days| last.days_before(days)).collect();
            assert_eq!(days.first(), Some(&first));
            days.pop();
            let busy = DayFigures {
                date: last,
                orders,
                order_amount: MoneySum::from_fen(20_000_000_005),
                paid: 2,
                paid_amount: MoneySum::from_fen(64782),
                refunded: 1,
                refunded_amount: MoneySum::from_fen(1),
            };
            Ok(days.into_iter().map(DayFigures::of_nothing).chain([busy]).collect())
        });
    mocks
}

/// A store that also returns what is pending, and these unmatched payments of the days up to `last`.
fn knowing_all(mut mocks: Mocks, last: &'static str, unmatched: Vec<UnmatchedPayment>) -> Mocks {
    mocks
        .admin
        .expect_unmatched_payments()
        .times(1)
        .withf(move |first, asked, _| (*first, *asked) == (date(last).days_before(6), date(last)))
        .return_once(|_, _, _| Ok(unmatched));
    mocks.admin.expect_count().times(2).returning(|status| {
        Ok(match status {
            OrderStatus::AwaitingShipment => 12,
            OrderStatus::AwaitingPayment => 345,
            other => panic!("{other:?}"),
        })
    });
    mocks
}

fn day(date: &str, orders: u64, paid_amount: &str, refunded_amount: &str) -> Value {
    json!({"date": date, "orders": orders, "paid_amount": paid_amount, "refunded_amount": refunded_amount})
}

#[actix_web::test]
async fn a_day_and_those_before_it() {
    let days: Vec<_> = (22..28)
        .map(|number| day(&format!("2019-11-{number}"), 0, "0.00", "0.00"))
        .chain([day("2019-11-28", 3, "647.82", "0.01")])
        .collect();
    let expected = json!({
        "date": "2019-11-28", "orders": 3, "order_amount": "200000000.05", "paid": 2, "paid_amount": "647.82",
        "refunded": 1, "refunded_amount": "0.01", "to_ship": 12, "awaiting_payment": 345, "days": days,
        "unmatched_payments": []
    });
    for query in ["", "?date=", "?date=2019-11-28", "?date=+2019-11-28+"] {
        let mocks = knowing_all(week_up_to("2019-11-28", 3), "2019-11-28", Vec::new());
        assert_eq!(done(&sent(mocks, get(&format!("{FIGURES}{query}"))).await), expected, "{query}");
    }
}

#[actix_web::test]
async fn another_day() {
    let mocks = knowing_all(week_up_to("2020-03-02", 1), "2020-03-02", Vec::new());
    let answer = done(&sent(mocks, get(&format!("{FIGURES}?date=2020-03-02"))).await);
    assert_eq!(answer["date"], "2020-03-02");
    assert_eq!(answer["days"][0]["date"], "2020-02-25", "a leap year");
}

#[actix_web::test]
async fn payments_that_paid_no_order_are_shown() {
    let wrong = PaymentRecord { status: PaymentStatus::WrongAmount, ..payment() };
    let unknown = PaymentRecord {
        trade: Trade {
            trade_no: "2".to_owned(),
            out_trade_no: "OLD-7".to_owned(),
            paid_at: None,
            ..trade("0.01")
        },
        status: PaymentStatus::UnknownOrder,
        ..payment()
    };
    let late = PaymentRecord { status: PaymentStatus::Late, ..payment() };
    let refund = Refund {
        failure: Some("ACQ.SELLER_BALANCE_NOT_ENOUGH 卖家余额不足".to_owned()),
        ..Refund::automatic(&late).unwrap()
    };
    let unmatched = vec![
        UnmatchedPayment { payment: wrong, refund: None },
        UnmatchedPayment { payment: unknown, refund: None },
        UnmatchedPayment { payment: late, refund: Some(refund) },
    ];
    let mocks = knowing_all(week_up_to("2019-11-28", 3), "2019-11-28", unmatched);
    let answer = done(&sent(mocks, get(FIGURES)).await);
    let expected = json!([
        {
            "trade_no": TRADE, "order_id": ORDER, "status": "wrong_amount", "amount": "323.91", "refunded": "0.00",
            "paid_at": "2019-11-28 20:45:00", "recorded_at": "2019-11-28 20:45:01", "refund": null
        },
        {
            "trade_no": "2", "order_id": "OLD-7", "status": "unknown_order", "amount": "0.01", "refunded": "0.00", "paid_at": null,
            "recorded_at": "2019-11-28 20:45:01", "refund": null
        },
        {
            "trade_no": TRADE, "order_id": ORDER, "status": "late", "amount": "323.91", "refunded": "0.00",
            "paid_at": "2019-11-28 20:45:00", "recorded_at": "2019-11-28 20:45:01", "refund": {
                "out_request_no": format!("back-{TRADE}"), "amount": "323.91", "status": "requested",
                "failure": "ACQ.SELLER_BALANCE_NOT_ENOUGH 卖家余额不足"
            }
        }
    ]);
    assert_eq!(answer["unmatched_payments"], expected);
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    for value in [
        "x",
        "2019-11",
        "2019-11-31",
        "20191128",
        "2019-1-001",
        "%2B10000-1-1",
        "0000-01-03",
        "0000-12-31",
        "0001-01-06",
        "2019-11-28+00:00:00",
        "yesterday",
    ] {
        bad_parameter(get(&format!("{FIGURES}?date={value}")), "date 应为").await;
    }
    bad_parameter(get(&format!("{FIGURES}?date=2019-11-28&date=2019-11-28")), "date 重复").await;
    bad_parameter(get(&format!("{FIGURES}?from=2019-11-28")), "没有参数 from").await;
}

#[actix_web::test]
async fn the_database_may_fail() {
    for (error, code) in [(store_down as fn() -> _, INTERNAL), (rows_locked, BUSY)] {
        let mut mocks = Mocks::untouched();
        mocks.admin.expect_figures().returning(move |_, _| Err(error()));
        refused(&sent(mocks, get(FIGURES)).await, code);

        let mut mocks = week_up_to("2019-11-28", 3);
        mocks.admin.expect_count().returning(move |_| Err(error()));
        refused(&sent(mocks, get(FIGURES)).await, code);

        let mut mocks = week_up_to("2019-11-28", 3);
        mocks.admin.expect_count().returning(|_| Ok(0));
        mocks.admin.expect_unmatched_payments().returning(move |_, _, _| Err(error()));
        refused(&sent(mocks, get(FIGURES)).await, code);
    }
}
