use super::*;

/// The status table of the contract, written down by hand: from, event, to.
const TABLE: [(i16, Trigger, i16); 8] = [
    (1, Trigger::Paid, 2),
    (2, Trigger::Shipped, 3),
    (3, Trigger::ReceiptConfirmed, 4),
    (1, Trigger::Cancelled, 5),
    (2, Trigger::FullyRefunded, 6),
    (3, Trigger::FullyRefunded, 6),
    (4, Trigger::FullyRefunded, 6),
    // Not in the contract's table: the payment rules revive a cancelled order whose stock is still there.
    (5, Trigger::PaidLate, 2),
];

#[test]
fn statuses_have_labels_and_say_whether_money_came() {
    let stated = OrderStatus::ALL.map(|status| (status.to_string(), status.was_paid(), status.is_paid()));
    let expected = [
        ("待付款", false, false),
        ("待发货", true, true),
        ("待收货", true, true),
        ("已完成", true, true),
        ("已取消", false, false),
        ("已退款", true, false),
    ];
    assert_eq!(stated, expected.map(|(label, was, is)| (label.to_owned(), was, is)));
}

#[test]
fn every_status_and_event_is_as_in_the_table() {
    for status in OrderStatus::ALL {
        for event in Trigger::ALL {
            let listed = TABLE.iter().find(|row| row.0 == status.code() && row.1 == event).map(|row| row.2);
            let repeated =
                [(4, Trigger::ReceiptConfirmed), (5, Trigger::Cancelled)].contains(&(status.code(), event));
            match status.on(event) {
                Ok(Transition::To(to)) => assert_eq!(Some(to.code()), listed, "{status:?} {event:?}"),
                Ok(Transition::AlreadyDone) => assert!(repeated, "{status:?} {event:?}"),
                Err(error) => {
                    assert!(listed.is_none() && !repeated, "{error}");
                    assert_eq!(error, NotAllowed { status, trigger: event });
                }
            }
        }
    }
}

#[test]
fn the_codes_are_one_to_six() {
    assert_eq!(OrderStatus::ALL.map(OrderStatus::code), [1, 2, 3, 4, 5, 6]);
    for code in [i64::MIN, -1, 0, 7, 257, 65537, i64::MAX] {
        assert_eq!(OrderStatus::from_code(code), None);
    }
    for status in OrderStatus::ALL {
        assert_eq!(OrderStatus::from_code(status.code().into()), Some(status));
    }
}

#[test]
fn actors_are_stored_as_words() {
    for actor in [Actor::Buyer, Actor::Shop, Actor::System, Actor::Channel(Channel::Alipay)] {
        assert_eq!(Actor::from_word(actor.as_str()), Some(actor));
    }
    assert_eq!(Actor::from_word("admin"), None);
}

#[test]
fn an_order_has_ended_when_nothing_is_waited_for() {
    let ended = OrderStatus::ALL.into_iter().filter(|status| status.has_ended());
    let expected = [OrderStatus::Completed, OrderStatus::Cancelled, OrderStatus::Refunded];
    assert_eq!(ended.collect::<Vec<_>>(), expected);
}
