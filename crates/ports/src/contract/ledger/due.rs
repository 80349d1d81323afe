//! Timers of orders, and due refunds.

use std::{collections::BTreeSet, sync::Arc};

use super::*;
use crate::contract::samples::taken_by_eight;

async fn place(stocked: &Stocked, due: &[(&str, Option<u64>)]) {
    for (number, due_at) in due {
        let mut new = stocked.order(number);
        new.due_at = due_at.map(micros);
        stocked.place(&[new]).await;
    }
}

async fn claim(shop: &dyn Shop, now: u64, lease_until: u64, limit: u32) -> Vec<(String, u32)> {
    let due = shop.ledgers().claim_due_orders(micros(now), micros(lease_until), limit).await.unwrap();
    due.into_iter().map(|claimed| (claimed.item.id.as_str().to_owned(), claimed.attempts)).collect()
}

async fn claim_refunds(shop: &dyn Shop, now: u64, lease_until: u64, limit: u32) -> Vec<(String, u32)> {
    let due = shop.ledgers().claim_due_refunds(micros(now), micros(lease_until), limit).await.unwrap();
    due.into_iter().map(|claimed| (claimed.item.out_request_no, claimed.attempts)).collect()
}

fn named(number: &str, attempts: u32) -> (String, u32) {
    (number.to_owned(), attempts)
}

/// The longest due come first, up to the limit. They are claimed again only after the lease, with one more attempt.
pub async fn due_orders_are_claimed_once_and_again_after_the_lease(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let (a, b, c, d) = ("2019112812000001", "2019112812000002", "2019112812000003", "2019112812000004");
    place(&stocked, &[(a, Some(30)), (b, Some(10)), (c, None), (d, Some(20))]).await;
    assert_eq!(claim(&*stocked.shop, 9, 50, 9).await, []);
    assert_eq!(claim(&*stocked.shop, 30, 50, 2).await, [named(b, 0), named(d, 0)]);
    assert_eq!(claim(&*stocked.shop, 30, 60, 9).await, [named(a, 0)]);
    assert_eq!(claim(&*stocked.shop, 49, 60, 9).await, []);
    assert_eq!(claim(&*stocked.shop, 50, 70, 9).await, [named(b, 1), named(d, 1)]);
}

/// Eight tasks that claim at once share the due items.
pub async fn due_orders_are_claimed_by_one_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let numbers: Vec<String> = (10..50).map(|number| format!("20191128120000{number}")).collect();
    for number in &numbers {
        place(&stocked, &[(number.as_str(), Some(1))]).await;
    }
    let all = Arc::clone(&stocked.shop);
    let mut taken = taken_by_eight(move || {
        let shop = Arc::clone(&all);
        async move {
            let claimed = shop.ledgers().claim_due_orders(micros(2), micros(9), 3).await?;
            Ok(claimed.into_iter().map(|one| one.item.id.as_str().to_owned()).collect())
        }
    })
    .await;
    taken.extend(claim(&*stocked.shop, 2, 9, 99).await.into_iter().map(|(number, _)| number));
    let distinct: BTreeSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (40, 40), "each once");
}

/// A timer is set by a change of status, or by a separate event in that status. Its attempts are counted until the
/// event restarts the count.
pub async fn timers_are_set_in_their_status_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    place(&stocked, &[(ORDER, Some(10)), (OTHER, Some(10))]).await;
    let shop = &*stocked.shop;
    let due = shop.ledgers().claim_due_orders(micros(10), micros(20), 9).await.unwrap();
    let statuses: Vec<_> = due.into_iter().map(|claimed| claimed.item.status).collect();
    assert_eq!(statuses, [Some(AwaitingPayment); 2]);
    let set = async |number: &str, status, due_at: Option<u64>, restart| {
        let event = Event::TimerSet { status, due_at: due_at.map(micros), restart };
        !lost(append(shop, number, &[event]).await)
    };
    assert!(set(ORDER, AwaitingPayment, Some(30), false).await);
    assert!(!set(OTHER, Cancelled, None, true).await, "it has another status");
    assert_eq!(claim(shop, 20, 40, 9).await, [named(OTHER, 1)]);
    assert_eq!(claim(shop, 30, 50, 9).await, [named(ORDER, 1)]);
    assert!(set(ORDER, AwaitingPayment, Some(50), true).await);
    assert!(set(OTHER, AwaitingPayment, None, true).await);
    assert_eq!(claim(shop, 50, 60, 9).await, [named(ORDER, 0)], "anew");
    assert!(!set("2019112812000099", AwaitingPayment, Some(1), false).await, "there is no such order");

    let shipped = domain::StatusChange {
        due_at: Some(micros(90)),
        ..change(OTHER, AwaitingPayment, AwaitingShipment, "")
    };
    let cancelled = change(ORDER, AwaitingPayment, Cancelled, "");
    append(shop, OTHER, &[Event::StatusChanged(shipped)]).await.unwrap();
    append(shop, ORDER, &[Event::StatusChanged(cancelled)]).await.unwrap();
    assert_eq!(claim(shop, 89, 99, 9).await, []);
    assert_eq!(claim(shop, 90, 99, 9).await, [named(OTHER, 0)]);
}

/// The longest due come first, up to the limit. They are claimed again only after the lease, with one more attempt.
pub async fn due_refunds_are_claimed_once_and_again_after_the_lease(shop: Arc<dyn Shop>) {
    for (number, due) in [("r1", 30), ("r2", 10), ("r4", 20), ("r5", 99)] {
        append(&*shop, ORDER, &[requested(refund(number, "A1", "1.00"), due)]).await.unwrap();
    }
    assert_eq!(claim_refunds(&*shop, 9, 50, 9).await, []);
    assert_eq!(claim_refunds(&*shop, 30, 50, 2).await, [named("r2", 0), named("r4", 0)]);
    assert_eq!(claim_refunds(&*shop, 30, 60, 9).await, [named("r1", 0)]);
    assert_eq!(claim_refunds(&*shop, 49, 60, 9).await, []);
    assert_eq!(claim_refunds(&*shop, 50, 70, 9).await, [named("r2", 1), named("r4", 1)]);
    let failure = Some("支付宝处理中".to_owned());
    let postponed = Event::RefundPostponed { out_request_no: "r2".to_owned(), due_at: micros(40), failure };
    append(&*shop, ORDER, &[postponed]).await.unwrap();
    assert_eq!(claim_refunds(&*shop, 51, 70, 9).await, [named("r2", 2)]);
    let failed =
        Event::RefundFailed { out_request_no: "r2".to_owned(), failure: "no".to_owned(), at: micros(51) };
    let reopened = Event::RefundReopened { refund: refund("r2", "A1", "1.00"), due_at: micros(71) };
    append(&*shop, ORDER, &[failed, reopened]).await.unwrap();
    let anew = [named("r1", 1), named("r4", 2), named("r2", 0)];
    assert_eq!(claim_refunds(&*shop, 71, 90, 9).await, anew, "as one that was not tried");
}

/// Eight tasks that claim at once share the due items.
pub async fn due_refunds_are_claimed_by_one_alone(shop: Arc<dyn Shop>) {
    for number in 0..40 {
        let due = requested(refund(&format!("r{number}"), "A1", "1.00"), 1);
        append(&*shop, ORDER, &[due]).await.unwrap();
    }
    let all = Arc::clone(&shop);
    let mut taken = taken_by_eight(move || {
        let shop = Arc::clone(&all);
        async move {
            let claimed = shop.ledgers().claim_due_refunds(micros(2), micros(9), 3).await?;
            Ok(claimed.into_iter().map(|one| one.item.out_request_no).collect())
        }
    })
    .await;
    taken.extend(claim_refunds(&*shop, 2, 9, 99).await.into_iter().map(|(number, _)| number));
    let distinct: BTreeSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (40, 40), "each once");
}
