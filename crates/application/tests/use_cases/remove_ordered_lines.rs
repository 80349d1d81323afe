//! Removal of ordered lines from carts outside the database.

use std::{sync::Arc, time::Duration};

use application::{CartCleaner, Job, JobError, RemoveOrderedLines};
use domain::OrderId;
use ports::{
    CartRemoval,
    mock::{MockCartRemovalQueue, MockCartStore},
};

use crate::support::*;

fn removal(number: u64) -> CartRemoval {
    let lines = cart(&[(4, 2, true)]).lines.into_iter().map(|line| (line.sku_id, line.stamp));
    CartRemoval {
        order_id: OrderId::parse(&number.to_string()).unwrap(),
        user_id: USER,
        lines: lines.collect(),
    }
}

fn remover(queue: MockCartRemovalQueue, carts: MockCartStore) -> RemoveOrderedLines {
    RemoveOrderedLines { queue: Arc::new(queue), carts: Arc::new(carts), clock: Arc::new(clock()) }
}

/// A queue with these pending removals.
fn left_over(removals: Vec<CartRemoval>) -> MockCartRemovalQueue {
    let mut queue = MockCartRemovalQueue::new();
    queue
        .expect_take_over()
        .times(1)
        .withf(|before, now, limit| {
            (*before, *now, *limit) == (noon().before(Duration::from_secs(15)), noon(), 100)
        })
        .return_once(move |_, _, _| Ok(removals));
    queue
}

#[tokio::test]
async fn what_was_left_over_is_removed_and_then_forgotten() {
    let mut queue = left_over(vec![removal(100), removal(101)]);
    queue.expect_forget().times(1).withf(|ids| ids.len() == 2).returning(|_| Ok(()));
    let mut carts = MockCartStore::new();
    carts
        .expect_remove_ordered()
        .times(1)
        .withf(|removals| removals.len() == 2)
        .returning(|_| Ok(Vec::new()));
    assert_eq!(remover(queue, carts).pass().await.unwrap(), 2);
    assert_eq!(remover(left_over(vec![]), MockCartStore::new()).pass().await.unwrap(), 0);
}

#[tokio::test]
async fn what_cannot_be_removed_stays_on_record() {
    let mut queue = left_over(vec![removal(100), removal(101)]);
    queue.expect_forget().times(1).withf(|ids| ids == [removal(101).order_id]).returning(|_| Ok(()));
    let mut carts = MockCartStore::new();
    carts.expect_remove_ordered().returning(|_| Ok(vec![removal(100).order_id]));
    assert_eq!(remover(queue, carts).pass().await.unwrap(), 1, "the other one is forgotten");

    let mut carts = MockCartStore::new();
    carts.expect_remove_ordered().returning(|_| Err(carts_down()));
    let failed = remover(left_over(vec![removal(100)]), carts).pass().await;
    assert!(matches!(failed, Err(JobError::Carts(_))));

    let mut queue = MockCartRemovalQueue::new();
    queue.expect_take_over().returning(|_, _, _| Err(store_down()));
    assert!(matches!(remover(queue, MockCartStore::new()).pass().await, Err(JobError::Store(_))));
}

/// A cleaner without work ends with its last handle, and calls no port.
#[tokio::test]
async fn an_idle_cleaner_ends() {
    let (cleaner, cleaning) =
        CartCleaner::new(Arc::new(remover(MockCartRemovalQueue::new(), MockCartStore::new())));
    drop(cleaner);
    cleaning.await;
}
