//! Three programs on one database, and everything due at the same moment: each thing is done once, by any of them.
//!
//! Doing it twice would be one of these, each visible in the calls to the sandbox or in rows that no constraint makes
//! unique:
//! - an order is queried more often than one check needs, because two programs had it at once;
//! - a trade is closed by two programs;
//! - a request number refunds twice, or is queried although its outcome is known;
//! - a change of status is in two rows of a timeline, or pieces are put back or taken out twice;
//! - an order or refund is claimed by two programs, or again after it was completed.

use std::collections::BTreeMap;

use adapters::system::SystemClock;
use ports::Clock;
use serde_json::{Value, json};
use tests::{Database, Setup, until};

use crate::shop::{AMOUNT, PRICE, Placed, Shop, sql};

/// How many orders there are of each kind: in total, more than two programs take in one pass.
const EACH: i32 = 20;

/// What has happened to an order when it becomes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The buyer opened the cashier page and did not pay in time.
    Unpaid,
    /// The buyer never opened the cashier page, and the deadline has passed.
    NeverCame,
    /// Paid, and the notification was lost.
    Unheard,
    /// Paid in its last minute, and the notification was lost.
    UnheardAtTheEnd,
    /// Paid after it was cancelled, without a notification; others bought the stock.
    LateForNothing,
    /// Paid after it was cancelled, without a notification; the stock is still there.
    Late,
    /// Shipped, and never confirmed.
    Sent,
    /// Paid a second time; the second notification arrives at all programs at once.
    PaidTwice,
}

const KINDS: [Kind; 8] = [
    Kind::Unpaid,
    Kind::NeverCame,
    Kind::Unheard,
    Kind::UnheardAtTheEnd,
    Kind::LateForNothing,
    Kind::Late,
    Kind::Sent,
    Kind::PaidTwice,
];

/// The final state of an order of a kind.
struct End {
    status: i64,
    /// The calls to Alipay about it after it became due.
    calls: &'static [&'static str],
    timeline: &'static [&'static str],
    payments: &'static [&'static str],
    refunds: &'static [&'static str],
    /// The refunded amount of each of its trades.
    gone_back: &'static [&'static str],
    moves: &'static [&'static str],
    /// Of twice as many pieces as there are orders of the kind: pieces in stock, and sold.
    stock: (i32, i32),
}

impl Kind {
    /// A SKU of its own.
    fn sku(self) -> i32 {
        let place = KINDS.iter().position(|kind| *kind == self).unwrap();
        901 + i32::try_from(place).unwrap()
    }

    fn is_due(self) -> bool {
        self != Self::PaidTwice
    }

    fn is_expired(self) -> bool {
        matches!(self, Self::Unpaid | Self::NeverCame | Self::UnheardAtTheEnd)
    }

    fn end(self) -> End {
        let nothing = End {
            status: 5,
            calls: &["query"],
            timeline: &["1>5 system"],
            payments: &[],
            refunds: &[],
            gone_back: &["0.00"],
            moves: &["cancel 1"],
            stock: (2 * EACH, 0),
        };
        let paid = End {
            status: 2,
            timeline: &["1>2 alipay"],
            payments: &["settled query 219.00 0.00"],
            moves: &[],
            stock: (EACH, EACH),
            ..nothing
        };
        match self {
            Self::Unpaid => End { calls: &["query", "close"], ..nothing },
            Self::NeverCame => End { gone_back: &[], ..nothing },
            Self::Unheard | Self::UnheardAtTheEnd => paid,
            Self::LateForNothing => End {
                calls: &["query", "refund"],
                timeline: &["1>5 buyer"],
                payments: &["late query 219.00 219.00"],
                refunds: &["late succeeded 219.00"],
                gone_back: &[AMOUNT],
                // The other buyers have it.
                stock: (0, 2 * EACH),
                ..nothing
            },
            Self::Late => {
                End { timeline: &["1>5 buyer", "5>2 alipay"], moves: &["cancel 1", "revive 1"], ..paid }
            }
            Self::Sent => End {
                status: 4,
                calls: &[],
                timeline: &["1>2 alipay", "2>3 shop", "3>4 system"],
                payments: &["settled notification 219.00 0.00"],
                ..paid
            },
            Self::PaidTwice => End {
                calls: &["refund"],
                payments: &["settled notification 219.00 0.00", "duplicate notification 219.00 219.00"],
                refunds: &["duplicate succeeded 219.00"],
                gone_back: &["0.00", AMOUNT],
                ..paid
            },
        }
    }
}

type Orders = BTreeMap<Kind, Vec<Placed>>;

#[tokio::test(flavor = "multi_thread")]
async fn three_programs_do_everything_that_is_due_at_the_same_moment_once() {
    let mut shop = Shop::of(3, Setup::on_servers().await).await;
    let orders = bring_about(&mut shop).await;
    let second_payments = shop.sandbox.take_held().await;
    let is_second = |id: &String| orders[&Kind::PaidTwice].iter().any(|order| order.id == *id);
    let second_payments: Vec<_> = second_payments.into_iter().filter(|(id, _)| is_second(id)).collect();
    assert_eq!(second_payments.len(), usize::try_from(EACH).unwrap());
    let before = shop.sandbox.calls().await.len();
    // Slow, so that a program is still working on its orders when the others look for work.
    shop.sandbox
        .fault(json!({"method": "alipay.trade.query", "kind": "slow", "moment": "before", "milliseconds": 700, "times": 6 * EACH}))
        .await;

    make_all_due(&mut shop.database, &orders).await;
    assert!(shop.deliver_everywhere(&second_payments).await.iter().all(|answer| answer == "success"));
    let due: i32 = KINDS.iter().filter(|kind| kind.is_due()).map(|_| EACH).sum();
    until("all that was due is done", async || {
        claimed(&shop, "pass of order_timers").iter().sum::<i32>() >= due
            && claimed(&shop, "pass of due_refunds").iter().sum::<i32>() >= 2 * EACH
    })
    .await;
    let by_program = claimed(&shop, "pass of order_timers");
    assert_eq!(by_program.iter().sum::<i32>(), due, "claimed once: {by_program:?}");
    assert!(by_program.iter().all(|done| *done > 0), "all three took part: {by_program:?}");
    assert_eq!(claimed(&shop, "pass of due_refunds").iter().sum::<i32>(), 2 * EACH);
    check_all(&mut shop, &orders, before).await;

    // The notifications of the refunds, also repeated ones, tell the shop nothing new.
    let calls = shop.sandbox.calls().await.len();
    let told = shop.sandbox.take_held().await;
    assert_eq!(told.len(), usize::try_from(2 * EACH).unwrap(), "each refund moved money once");
    assert!(shop.deliver_everywhere(&told).await.iter().all(|answer| answer == "success"));
    assert_eq!(shop.sandbox.calls().await.len(), calls);
    check_all(&mut shop, &orders, before).await;
}

/// Places orders of each kind, which no job checks yet. Notifications are held back at the end.
async fn bring_about(shop: &mut Shop) -> Orders {
    shop.database.add_buyers(1001, EACH).await;
    let mut orders = Orders::new();
    for kind in KINDS {
        shop.database.add_sku(kind.sku(), PRICE, 2 * EACH).await;
        let mut placed = Vec::new();
        for user in 1001..1001 + EACH {
            placed.push(shop.place(user, kind.sku()).await);
        }
        orders.insert(kind, placed);
    }
    for kind in [Kind::Sent, Kind::PaidTwice] {
        for order in &orders[&kind] {
            shop.pay(order).await;
        }
        for order in &orders[&kind] {
            shop.comes_to(&order.id, 2).await;
        }
    }
    let staff = shop.dashop().staff("mei");
    for order in &orders[&Kind::Sent] {
        let sent =
            staff.act(&order.id, "ship", json!({"carrier": "顺丰速运", "tracking_number": "SF1"})).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
    }
    for order in orders[&Kind::LateForNothing].iter().chain(&orders[&Kind::Late]) {
        shop.cancel(order).await;
    }
    for user in 1001..1001 + EACH {
        for _ in 0..2 {
            shop.place(user, Kind::LateForNothing.sku()).await;
        }
    }
    shop.sandbox.hold_notifications().await;
    for order in &orders[&Kind::Unpaid] {
        shop.sandbox.arrive(&order.pay_url).await;
    }
    for kind in [Kind::Unheard, Kind::UnheardAtTheEnd, Kind::LateForNothing, Kind::Late] {
        for order in &orders[&kind] {
            shop.pay(order).await;
        }
    }
    for order in &orders[&Kind::PaidTwice] {
        shop.sandbox.pay_again(&order.id).await;
    }
    orders
}

async fn make_all_due(database: &mut Database, orders: &Orders) {
    let now = SystemClock.now();
    let a_minute_ago = now.before(std::time::Duration::from_secs(60));
    let those = |is_meant: fn(Kind) -> bool| {
        let meant = orders.iter().filter(|(kind, _)| is_meant(**kind)).flat_map(|(_, orders)| orders);
        let ids: Vec<String> = meant.map(|order| format!("'{}'", order.id)).collect();
        ids.join(",")
    };
    let expired = format!(
        "UPDATE tb_order_info SET expire_at = '{}' WHERE order_id IN ({})",
        sql(a_minute_ago),
        those(Kind::is_expired)
    );
    database.execute(&expired).await;
    let due = format!(
        "UPDATE tb_order_info SET due_at = '{}' WHERE order_id IN ({})",
        sql(now),
        those(Kind::is_due)
    );
    database.execute(&due).await;
}

/// How many of something each program says it has claimed and completed.
fn claimed(shop: &Shop, what: &str) -> Vec<i32> {
    let done = |line: &str| {
        let count = line.split_once("done=").filter(|_| line.contains(what))?.1;
        count.split(|letter: char| !letter.is_ascii_digit()).next()?.parse::<i32>().ok()
    };
    let of_program = |log: String| log.lines().filter_map(done).sum();
    shop.programs.iter().map(|program| of_program(program.log())).collect()
}

/// Checks that every order has reached its final state, and that nothing else happened.
async fn check_all(shop: &mut Shop, orders: &Orders, calls_before: usize) {
    let calls = shop.sandbox.calls().await.split_off(calls_before);
    let mut by_order: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for call in &calls {
        let method = call["method"].as_str().unwrap().replace("alipay.trade.", "");
        by_order.entry(call["out_trade_no"].as_str().unwrap()).or_default().push(method);
    }
    for (kind, orders) in orders {
        let end = kind.end();
        for Placed { id, .. } in orders {
            let called = by_order.remove(id.as_str()).unwrap_or_default();
            assert_eq!(called, end.calls, "{kind:?} {id}");
            assert_eq!(shop.status(id).await, end.status, "{kind:?} {id}");
            assert_eq!(shop.timeline(id).await, end.timeline, "{kind:?} {id}");
            assert_eq!(shop.payments(id).await, end.payments, "{kind:?} {id}");
            assert_eq!(shop.refunds(id).await, end.refunds, "{kind:?} {id}");
            assert_eq!(moves(&mut shop.database, id).await, end.moves, "{kind:?} {id}");
            let trades = shop.sandbox.trades(id).await;
            let gone_back: Vec<&str> =
                trades.iter().map(|trade| trade["refunded"].as_str().unwrap()).collect();
            assert_eq!(gone_back, end.gone_back, "{kind:?} {id}");
            assert_eq!(
                trades.iter().any(|trade| trade["paid"] == true),
                !end.payments.is_empty(),
                "{trades:?}"
            );
        }
        let (left, sold) = end.stock;
        assert_eq!(shop.stock(kind.sku()).await, (left.into(), sold.into()), "{kind:?}");
    }
    assert!(by_order.is_empty(), "nobody asked about other orders: {by_order:?}");
    let mut numbers: Vec<&Value> =
        calls.iter().map(|call| &call["out_request_no"]).filter(|number| !number.is_null()).collect();
    let all = numbers.len();
    numbers.sort_by_key(|number| number.as_str());
    numbers.dedup();
    assert_eq!(numbers.len(), all, "each request number once");
}

async fn moves(database: &mut Database, order_id: &str) -> Vec<String> {
    let moves = format!(
        "SELECT CONCAT(kind, ' ', pieces) AS n FROM dashop_stock_move WHERE order_id = '{order_id}' ORDER BY id"
    );
    database.words(&moves).await
}
