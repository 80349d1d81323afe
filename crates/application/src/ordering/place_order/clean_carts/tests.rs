use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use domain::{Cart, CartLineChange, SkuId, UserId};
use ports::{
    CartError, CartStore,
    mock::{MockCartRemovalQueue, MockClock},
};

use super::*;

/// Takes 50 ms for each call.
struct Slow;

#[async_trait]
impl CartStore for Slow {
    async fn load(&self, _: UserId) -> Result<Cart, CartError> {
        unreachable!()
    }
    async fn load_many(&self, _: &[UserId]) -> Result<BTreeMap<UserId, Cart>, CartError> {
        unreachable!()
    }
    async fn remove_ordered(&self, _: &[CartRemoval]) -> Result<Vec<OrderId>, CartError> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(Vec::new())
    }
    async fn write(&self, _: UserId, _: &[CartLineChange]) -> Result<bool, CartError> {
        unreachable!()
    }
    async fn discard(&self, _: UserId, _: &[SkuId]) -> Result<(), CartError> {
        unreachable!()
    }
}

/// More removals always wait when one is done; the finished ones are deleted from the queue nevertheless.
#[tokio::test(start_paused = true)]
async fn a_busy_cleaner_forgets_as_it_goes() {
    let forgotten = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&forgotten);
    let mut queue = MockCartRemovalQueue::new();
    queue.expect_forget().returning(move |ids| {
        counter.fetch_add(ids.len(), Ordering::SeqCst);
        Ok(())
    });
    let (queue, clock) = (Arc::new(queue), Arc::new(MockClock::new()));
    let remover = RemoveOrderedLines { queue, carts: Arc::new(Slow), clock };
    let (cleaner, cleaning) = CartCleaner::new(Arc::new(remover));
    let cleaning = tokio::spawn(cleaning);
    let removal = |number: u64| CartRemoval {
        order_id: OrderId::parse(&number.to_string()).unwrap(),
        user_id: UserId(4),
        lines: Vec::new(),
    };
    for group in 0..100 {
        let _cleaned = cleaner.clean((0..8).map(|nth| removal(group * 8 + nth + 1)).collect());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let so_far = forgotten.load(Ordering::SeqCst);
    assert!(so_far >= 600, "{so_far} of 800");
    drop(cleaner);
    cleaning.await.unwrap();
    assert_eq!(forgotten.load(Ordering::SeqCst), 800);
}
