use async_trait::async_trait;
use ports::{
    CartRemovals, IdempotencyRepo, NewOrderRepo, Outbox, StockRepo, StoreError, UnitOfWork, UnitsOfWork,
};

use super::{Database, Lease};
use crate::sql::{
    config::{CartsIn, EventSink},
    metrics::ParkedRows,
};

/// One transaction; dropped, the lease rolls it back. The repositories are implemented on it, each in its own file.
pub(super) struct Unit {
    pub(super) lease: Lease,
    pub(super) carts: CartsIn,
    pub(super) event_sink: EventSink,
    pub(super) parked: ParkedRows,
}

#[async_trait]
impl UnitsOfWork for Database {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let lease = Self::begin(self).await?;
        Ok(Box::new(Unit {
            lease,
            carts: self.carts,
            event_sink: self.event_sink,
            parked: self.parked.clone(),
        }))
    }
}

#[async_trait]
impl UnitOfWork for Unit {
    fn orders(&mut self) -> &mut dyn NewOrderRepo {
        self
    }

    fn stock(&mut self) -> &mut dyn StockRepo {
        self
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        self
    }

    fn idempotency(&mut self) -> &mut dyn IdempotencyRepo {
        self
    }

    fn cart_removals(&mut self) -> &mut dyn CartRemovals {
        self
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.lease.commit().await
    }
}
