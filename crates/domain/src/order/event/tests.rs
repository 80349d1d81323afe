use super::*;
use crate::stock::moves::tests::order;

fn delivery(at: &str) -> Delivery {
    let event = OrderEvent {
        order_id: OrderId::parse("2019112820400804").unwrap(),
        kind: OrderEventKind::StatusChanged,
        from: Some(OrderStatus::AwaitingPayment),
        to: OrderStatus::AwaitingShipment,
        amount: None,
        actor: Actor::Channel(crate::Channel::Alipay),
        reason: String::new(),
        at: ShopTime::parse(at).unwrap(),
        trace: None,
    };
    Delivery { id: OutboxId(42), event_id: EventId::of_row(OutboxId(42)), event }
}

/// The time from the first to the last try if the endpoint never answers, and the number of tries.
fn last_try(delivery: &Delivery, begin: ShopTime) -> (Duration, u32) {
    let (mut now, mut tries) = (begin, 0);
    while let Some(next) = delivery.next_try(now, tries) {
        (now, tries) = (next, tries + 1);
    }
    (now.since(begin), tries + 1)
}

#[test]
fn waits_double_from_five_seconds_to_an_hour() {
    let delivery = delivery("2019-11-28 20:40:08");
    let now = delivery.event.at;
    let waits = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600];
    for (tries, wait) in (0..).zip(waits) {
        assert_eq!(delivery.next_try(now, tries), Some(now.after(Duration::from_secs(wait))));
    }
    assert_eq!(delivery.next_try(now, u32::MAX), Some(now.after(Duration::from_secs(3600))));
}

#[test]
fn three_days_pass_before_it_is_given_up() {
    let three_days = Duration::from_secs(3 * 24 * 3600);
    let delivery = delivery("2019-11-28 20:40:08");
    let (waited, tries) = last_try(&delivery, delivery.event.at);
    let (young, old) =
        (delivery.event.at.after(three_days - Duration::from_secs(1)), delivery.event.at.after(three_days));
    assert!(delivery.next_try(young, 1_000).is_some() && delivery.next_try(old, 1_000).is_none());
    assert!(waited >= three_days && waited < three_days + Duration::from_secs(7200), "{waited:?}");
    assert_eq!(tries, Delivery::FEWEST_TRIES);
    let a_year_later = delivery.event.at.after(three_days * 120);
    assert!(last_try(&delivery, a_year_later).0 >= three_days, "told anew, it is not given up sooner");
}

#[test]
fn of_a_new_order_its_amount_and_the_trace_of_its_request_are_told() {
    let trace = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert!(trace.is_some());
    let order = order(&[(4, 1)]);
    let new = NewOrder {
        address_id: crate::AddressId(1),
        due_at: None,
        cart_lines: Vec::new(),
        idempotency: None,
        repeat_guard: None,
        trace: trace.clone(),
        order: order.clone(),
    };
    let expected = OrderEvent {
        order_id: order.id,
        kind: OrderEventKind::Created,
        from: None,
        to: order.status,
        amount: Some(order.total_amount),
        actor: Actor::Buyer,
        reason: String::new(),
        at: order.created_at,
        trace,
    };
    assert_eq!(OrderEvent::created(&new), expected);
}

#[test]
fn ids_and_kinds_have_words() {
    assert_eq!(EventId::of_row(OutboxId(42)).to_string(), "evt_42");
    let uuid = "019ac6d7-5b00-7000-8000-000000000000";
    assert_eq!(EventId::of_uuid(uuid).to_string(), format!("evt_{uuid}"));
    let id = EventId::parse("evt_42").unwrap();
    assert_eq!((id.bare(), id.row()), ("42", Some(OutboxId(42))));
    assert_eq!(EventId::parse(&format!("evt_{uuid}")).unwrap().row(), None);
    for wrong in ["", "42", "evt_", "evt_4 2", "evt_'", &format!("evt_{uuid}0")] {
        assert_eq!(EventId::parse(wrong), None, "{wrong}");
    }
    let words = [
        "order.created",
        "order.status_changed",
        "order.refund",
        "order.amount_lowered",
        "order.address_changed",
    ];
    for word in words {
        assert_eq!(OrderEventKind::from_word(word).map(OrderEventKind::as_str), Some(word));
    }
    assert_eq!(OrderEventKind::from_word("order.lost"), None);
}
