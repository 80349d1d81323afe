use std::time::Duration;

use super::*;
use crate::stock::moves::tests::{noon, order};

#[test]
fn a_payment_begins_a_minute_before_the_deadline_at_the_latest() {
    let until = |expire_at| Order { expire_at, ..order(&[(4, 1)]) };
    let deadline = noon().after(Duration::from_secs(60));
    assert!(!until(Some(deadline)).is_overdue(noon()));
    assert!(until(Some(deadline)).is_overdue(noon().after(Duration::from_micros(1))));
    assert!(!until(None).is_overdue(noon()));
}

#[test]
fn an_order_is_later_than_its_buyers_latest_one_unless_that_is_of_another_time() {
    let ahead = |micros| Some(noon().after(Duration::from_micros(micros)));
    assert_eq!(Order::creation_time(noon(), None), noon());
    assert_eq!(Order::creation_time(noon().after(Duration::from_micros(9)), ahead(7)), ahead(9).unwrap());
    for (latest, expected) in [(0, 1), (7, 8), (59_999_999, 60_000_000), (60_000_000, 0)] {
        assert_eq!(Order::creation_time(noon(), ahead(latest)), ahead(expected).unwrap(), "{latest}");
    }
}

#[test]
fn an_order_is_known_by_its_number_its_buyer_and_its_time() {
    let one = order(&[(4, 2), (5, 1)]);
    assert!(one.is_the_same_as(&Order { status: OrderStatus::Cancelled, ..one.clone() }));
    let id = OrderId::parse("2019112812000043").unwrap();
    assert!(!one.is_the_same_as(&Order { id, ..one.clone() }));
    assert!(!one.is_the_same_as(&Order { user_id: UserId(one.user_id.0 + 1), ..one.clone() }));
    let a_moment_later = one.created_at.after(Duration::from_micros(1));
    assert!(!one.is_the_same_as(&Order { created_at: a_moment_later, ..one.clone() }));
}
