use super::*;
use crate::OrderStatus;

fn time(text: &str) -> ShopTime {
    ShopTime::parse(text).unwrap()
}

fn order(expire_at: Option<&str>) -> Order {
    Order {
        status: OrderStatus::AwaitingPayment,
        created_at: time("2019-11-28 20:40:08"),
        expire_at: expire_at.map(time),
        ..crate::stock::moves::tests::order(&[])
    }
}

#[test]
fn the_looks_widen_and_end_with_the_deadline() {
    let order = order(Some("2019-11-28 21:10:08"));
    let mut looks = Vec::new();
    let mut now = order.created_at;
    for attempts in 0..6 {
        now = order.next_look(now, attempts).unwrap();
        looks.push(now.to_string().split_off(11));
    }
    assert_eq!(order.first_look(), Some(time("2019-11-28 20:41:08")));
    assert_eq!(looks, ["20:41:08", "20:43:08", "20:47:08", "20:55:08", "21:10:08", "21:10:13"]);
    assert!(order.is_expired(now));
    // Its stock is not for sale while it cannot be cancelled, so the next try comes soon after any number of tries.
    for (attempts, next) in [(0, "21:11:13"), (6, "21:15:13"), (1_000, "21:15:13")] {
        let failed = order.timer_failure(now, attempts).to_string();
        assert_eq!(failed, format!("2019-11-28 {next}"), "{attempts}");
    }
    let cancelled = Order { status: OrderStatus::Cancelled, ..order };
    assert_eq!(cancelled.timer_failure(now, 1_000), now.after(LONGEST_BACK_OFF));
}

#[test]
fn an_order_without_a_deadline_is_given_up_when_alipay_has_forgotten_it() {
    let order = order(None);
    assert!(!order.is_expired(time("2030-01-01 00:00:00")));
    assert_eq!(order.next_look(time("2019-11-29 20:00:00"), 40), Some(time("2019-11-30 02:00:00")));
    // The buyer begins to pay years after the old back end placed the order.
    let begun = time("2026-11-25 10:00:00");
    let (mut now, mut attempts) = (begun, 0);
    while let Some(next) = order.next_look(now, attempts) {
        (now, attempts) = (next, attempts + 1);
    }
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    assert!(now >= begun.after(days(15)) && now < begun.after(days(16)), "{now}");
    assert_eq!(order.timer_failure(begun, 0), time("2026-11-25 10:01:00"));
    assert_eq!(order.timer_failure(begun, 1_000), time("2026-11-25 16:00:00"), "not after a failure");
}

#[test]
fn a_cancelled_order_is_looked_at_once_more_after_its_end() {
    let order = order(Some("2019-11-28 21:10:08"));
    assert_eq!(order.last_look(time("2019-11-28 20:50:00")), time("2019-11-28 21:15:08"));
    assert_eq!(order.last_look(time("2019-11-28 22:00:00")), time("2019-11-28 22:05:00"));
    let old = Order { expire_at: None, ..order };
    assert_eq!(old.last_look(time("2026-11-25 10:00:00")), time("2026-12-10 10:05:00"));
}
