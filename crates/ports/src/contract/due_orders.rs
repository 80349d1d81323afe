//! [`crate::OrderRepo::claim_due`] and [`crate::OrderRepo::set_due`].

use std::{collections::BTreeSet, sync::Arc};

use domain::{OrderStatus, StatusChange};

use super::{
    Shop,
    samples::{Stocked, change, micros, order_id, others_go_on, taken_by_eight},
};

use OrderStatus::{AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled};

async fn place(stocked: &Stocked, due: &[(&str, Option<u64>)]) {
    for (number, due_at) in due {
        let mut new = stocked.order(number);
        new.due_at = due_at.map(micros);
        stocked.place(&[new]).await;
    }
}

async fn claim(shop: &dyn Shop, now: u64, lease_until: u64, limit: u32) -> Vec<(String, u32)> {
    let mut unit = shop.units().begin().await.unwrap();
    let claimed = unit.orders().claim_due(micros(now), micros(lease_until), limit).await.unwrap();
    unit.commit().await.unwrap();
    claimed.into_iter().map(|claimed| (claimed.item.as_str().to_owned(), claimed.attempts)).collect()
}

fn named(number: &str, attempts: u32) -> (String, u32) {
    (number.to_owned(), attempts)
}

/// The longest due first, no more than asked for; again only when the lease has ended, one attempt later.
pub async fn are_claimed_once_and_again_after_the_lease(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let (a, b, c, d) = ("2019112812000001", "2019112812000002", "2019112812000003", "2019112812000004");
    place(&stocked, &[(a, Some(30)), (b, Some(10)), (c, None), (d, Some(20))]).await;
    assert_eq!(claim(&*stocked.shop, 9, 50, 9).await, []);
    assert_eq!(claim(&*stocked.shop, 30, 50, 2).await, [named(b, 0), named(d, 0)]);
    assert_eq!(claim(&*stocked.shop, 30, 60, 9).await, [named(a, 0)]);
    assert_eq!(claim(&*stocked.shop, 49, 60, 9).await, []);
    assert_eq!(claim(&*stocked.shop, 50, 70, 9).await, [named(b, 1), named(d, 1)]);

    let mut unit = stocked.begin().await;
    assert_eq!(unit.orders().claim_due(micros(60), micros(99), 9).await.unwrap().len(), 1);
    drop(unit);
    assert_eq!(claim(&*stocked.shop, 60, 99, 9).await, [named(a, 1)], "what was dropped is due still");
}

/// Eight who claim at once share what is due.
pub async fn are_claimed_by_one_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let numbers: Vec<String> = (10..50).map(|number| format!("20191128120000{number}")).collect();
    for number in &numbers {
        place(&stocked, &[(number.as_str(), Some(1))]).await;
    }
    let all = Arc::clone(&stocked.shop);
    let mut taken = taken_by_eight(move || {
        let shop = Arc::clone(&all);
        async move {
            let mut unit = shop.units().begin().await?;
            let claimed = unit.orders().claim_due(micros(2), micros(9), 3).await?;
            others_go_on().await;
            unit.commit().await?;
            Ok(claimed.into_iter().map(|one| one.item.as_str().to_owned()).collect())
        }
    })
    .await;
    taken.extend(claim(&*stocked.shop, 2, 9, 99).await.into_iter().map(|(number, _)| number));
    let distinct: BTreeSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (40, 40), "each once");
}

/// Whoever changed the status meanwhile said when the order is due next.
pub async fn are_put_off_in_their_status_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let number = "2019112812000001";
    place(&stocked, &[(number, Some(10))]).await;
    let set_due = async |status, due_at: Option<u64>| {
        let mut unit = stocked.begin().await;
        unit.orders().set_due(&order_id(number), status, due_at.map(micros)).await.unwrap();
        unit.commit().await.unwrap();
    };
    set_due(AwaitingShipment, Some(99)).await;
    assert_eq!(claim(&*stocked.shop, 10, 20, 9).await, [named(number, 0)]);
    set_due(AwaitingPayment, Some(30)).await;
    assert_eq!(claim(&*stocked.shop, 29, 40, 9).await, []);
    assert_eq!(claim(&*stocked.shop, 30, 40, 9).await, [named(number, 1)]);
    set_due(AwaitingPayment, None).await;
    assert_eq!(claim(&*stocked.shop, 99, 100, 9).await, []);
    set_due(AwaitingPayment, Some(50)).await;
    assert_eq!(claim(&*stocked.shop, 50, 60, 9).await, [named(number, 0)], "attempts begin anew");
}

/// A change of status says when the order is due next, and attempts begin anew.
pub async fn are_due_as_their_status_says(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let (paid, cancelled) = ("2019112812000001", "2019112812000002");
    place(&stocked, &[(paid, Some(10)), (cancelled, Some(10))]).await;
    assert_eq!(claim(&*stocked.shop, 10, 20, 9).await.len(), 2);
    let mut unit = stocked.begin().await;
    for change in [
        change(paid, AwaitingPayment, AwaitingShipment, ""),
        StatusChange { due_at: Some(micros(70)), ..change(cancelled, AwaitingPayment, Cancelled, "") },
    ] {
        assert!(unit.orders().change_status(&change).await.unwrap());
    }
    unit.commit().await.unwrap();
    assert_eq!(claim(&*stocked.shop, 69, 80, 9).await, []);
    assert_eq!(claim(&*stocked.shop, 70, 80, 9).await, [named(cancelled, 0)]);
    let mut unit = stocked.begin().await;
    let shipped =
        StatusChange { due_at: Some(micros(90)), ..change(paid, AwaitingShipment, AwaitingReceipt, "") };
    assert!(unit.orders().change_status(&shipped).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(claim(&*stocked.shop, 90, 99, 9).await, [named(cancelled, 1), named(paid, 0)]);
}
