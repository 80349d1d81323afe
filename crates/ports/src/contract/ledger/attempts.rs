//! Attempts to pay an order.

use std::sync::Arc;

use domain::{AttemptState, PaymentAttempt, PaymentProduct};

use super::*;

fn attempt(number: &str, product: PaymentProduct) -> PaymentAttempt {
    PaymentAttempt {
        channel: domain::Channel::Alipay,
        out_trade_no: number.to_owned(),
        product,
        amount: money("219.90"),
        state: AttemptState::Open,
        opened_at: micros(1),
        closed_at: None,
        paid_at: None,
    }
}

fn second() -> String {
    format!("{ORDER}_2")
}

fn opened(number: &str) -> Event {
    Event::AttemptOpened(attempt(number, PaymentProduct::Wap))
}

fn closed(number: &str, is_final: bool) -> Event {
    Event::AttemptClosed { out_trade_no: number.to_owned(), is_final, at: micros(2) }
}

fn paid(number: &str) -> Event {
    Event::AttemptPaid { out_trade_no: number.to_owned(), at: micros(3) }
}

/// The order is found by the number of any attempt, and any attempt may be the paid one.
pub async fn finds_an_order_by_any_attempt(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    let (id, other) = (order_id(ORDER), order_id(OTHER));
    assert_eq!(shop.orders().attempts(&id).await.unwrap(), []);
    let first = Event::AttemptOpened(attempt(ORDER, PaymentProduct::Page));
    append(shop, ORDER, &[first, closed(ORDER, false), opened(&second())]).await.unwrap();
    let attempts = shop.orders().attempts(&id).await.unwrap();
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.out_trade_no.as_str()).collect();
    assert_eq!(numbers, [ORDER, &second()]);
    assert_eq!(shop.orders().attempts(&other).await.unwrap(), []);
    for number in [ORDER, &second()] {
        let found = read(shop, number).await;
        assert_eq!((found.number.as_str(), found.order.map(|order| order.id)), (ORDER, Some(id.clone())));
        assert_eq!(found.attempts, attempts);
    }
    let payments = [
        payment("A1", &second(), PaymentStatus::Settled),
        payment("A2", ORDER, PaymentStatus::Duplicate),
        payment("A3", &second(), PaymentStatus::Duplicate),
    ];
    let refund = Refund { out_trade_no: second(), ..refund("r1", "A1", "1.00") };
    let change = Event::StatusChanged(change(ORDER, AwaitingPayment, AwaitingShipment, ""));
    let [settled, duplicate, another] = payments.clone().map(Event::PaymentRecorded);
    append(shop, &second(), &[change, settled, paid(&second())]).await.unwrap();
    append(shop, ORDER, &[duplicate, requested(refund.clone(), 9)]).await.unwrap();
    append(shop, &second(), &[another]).await.unwrap();
    let found = read(shop, &second()).await;
    assert_eq!((&found.payments[..], &found.refunds[..]), (&payments[..], &[refund.clone()][..]));
    let of_orders = shop.orders().refund_due_payments(&[other.clone(), id.clone()]).await.unwrap();
    assert_eq!(of_orders, payments[1..], "in the order of recording");
    let longer = order_id(&format!("{ORDER}1"));
    let of_orders = shop.orders().refund_due_payments(&[id.clone(), longer]).await.unwrap();
    assert_eq!(
        of_orders,
        payments[1..],
        "a number of an attempt sorts behind the longer number of another order"
    );
    assert_eq!(shop.orders().refund_due_payments(std::slice::from_ref(&other)).await.unwrap(), []);
    assert_eq!(shop.orders().refunds(&id).await.unwrap(), [refund]);
    let listed = shop.admin().shipping_list(std::slice::from_ref(&id)).await.unwrap();
    assert_eq!(listed[0].payment.as_ref(), Some(&payments[0]));
    let file = shop.admin().file(&id).await.unwrap().unwrap();
    assert_eq!((file.ledger.attempts, file.ledger.payments), (found.attempts, found.payments));
}

/// A number of the form of an order's attempts belongs to the order, recorded or not.
pub async fn finds_an_order_by_an_attempt_that_is_not_on_record(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    let unopened = format!("{OTHER}_7");
    let found = read(shop, &unopened).await;
    assert_eq!((found.number.as_str(), found.attempts), (OTHER, vec![]), "an attempt that is not on record");
    for nobodys in ["2019112812009999_2".to_owned(), format!("{OTHER}_x")] {
        assert_eq!(read(shop, &nobodys).await, OrderLedger::empty(&nobodys), "of no order");
    }
    // As a program without a rule for such numbers has written it.
    let stray = payment("A0", &unopened, PaymentStatus::UnknownOrder);
    append(shop, OTHER, &[Event::PaymentRecorded(stray.clone())]).await.unwrap();
    let of_another_form = payment("A9", &format!("{OTHER}_x"), PaymentStatus::UnknownOrder);
    append(shop, &format!("{OTHER}_x"), &[Event::PaymentRecorded(of_another_form)]).await.unwrap();
    for number in [OTHER, &unopened] {
        assert_eq!(read(shop, number).await.payments, std::slice::from_ref(&stray), "{number}");
    }
}

/// An attempt's number is used once among all orders.
pub async fn opens_an_attempt_once(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    append(shop, ORDER, &[opened(&second())]).await.unwrap();
    for number in [ORDER, OTHER] {
        assert!(lost(append(shop, number, &[opened(&second())]).await));
    }
    assert_eq!(read(shop, ORDER).await.attempts, [attempt(&second(), PaymentProduct::Wap)]);
    assert_eq!(read(shop, OTHER).await.attempts, []);
}

/// An attempt that can no longer be paid is not closed again. An attempt is marked as paid once, from any state.
pub async fn closes_and_pays_attempts_in_their_states_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER)]).await;
    let shop = &*stocked.shop;
    let number = &second();
    assert!(lost(append(shop, ORDER, &[closed(number, true)]).await));
    assert!(lost(append(shop, ORDER, &[paid(number)]).await));
    let mut expected = read(shop, ORDER).await;
    for (event, is_written) in [
        (opened(number), true),
        (closed(number, false), true),
        (closed(number, true), true),
        (closed(number, true), false),
        (paid(number), true),
        (paid(number), false),
        (closed(number, false), false),
    ] {
        assert_eq!(!lost(append(shop, ORDER, std::slice::from_ref(&event)).await), is_written, "{event:?}");
        if is_written {
            expected.apply(&event).unwrap();
        }
        assert_eq!(read(shop, ORDER).await, expected, "after {event:?}");
    }
    assert_eq!(expected.attempts[0].state, AttemptState::Paid);
}
