use std::{sync::Arc, time::Duration};

use domain::{Cause, EvidenceSource, Order, OrderEvent, OrderId, OrderStatus, ShopTime};
use ports::{Claimed, Clock, GatewayError, OrderReader, PaymentGateway, StoreError, UnitsOfWork};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{CancelOrder, CancelOrderError, SettleError, SettlePayment, books::write_change};

/// Looks after orders that nobody else does: asks Alipay about unpaid ones, so that a lost notification costs nothing,
/// cancels them when their deadline has passed, looks once more at cancelled ones that may have been paid in the last
/// minute, and takes sent ones for received after some days.
pub struct WatchOrders {
    /// The orders.
    pub orders: Arc<dyn OrderReader>,
    /// Where orders are claimed and changed.
    pub units: Arc<dyn UnitsOfWork>,
    /// Is asked about payments.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Settles what turns out paid.
    pub settle: Arc<SettlePayment>,
    /// Cancels what was not paid in time.
    pub cancel: Arc<CancelOrder>,
    /// What is due.
    pub clock: Arc<dyn Clock>,
}

/// Why an order could not be looked after; it is due again later.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Settle(#[from] SettleError),
    #[error(transparent)]
    Cancel(#[from] CancelOrderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WatchOrders {
    /// How long one process has an order to itself.
    const LEASE: Duration = Duration::from_secs(300);
    /// How many orders one pass takes at most.
    pub const PASS: u32 = 64;
    /// How many of them are looked after at the same time.
    const AT_ONCE: usize = 8;

    /// One pass over the orders that are due; says how many it looked after. Several processes may do this at once.
    ///
    /// # Errors
    /// The database failed while claiming; nothing is lost.
    pub async fn pass(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut unit = self.units.begin().await?;
        let due = unit.orders().claim_due(now, now.after(Self::LEASE), Self::PASS).await?;
        unit.commit().await?;
        let taken = due.len();
        let places = Arc::new(Semaphore::new(Self::AT_ONCE));
        let mut work = JoinSet::new();
        for claimed in due {
            let (watch, places) = (Arc::clone(self), Arc::clone(&places));
            work.spawn(async move {
                let _place = places.acquire_owned().await;
                watch.look_after(claimed).await;
            });
        }
        while work.join_next().await.is_some() {}
        Ok(taken)
    }

    async fn look_after(&self, Claimed { item: id, attempts }: Claimed<OrderId>) {
        match self.find_and_look(&id, attempts).await {
            Ok(()) => {}
            // Found paid instead: that is no failure.
            Err(WatchError::Cancel(CancelOrderError::NotAllowed(_))) => {}
            Err(error) => {
                tracing::warn!(order_id = %id, attempts, error = &error as &dyn std::error::Error,
                    "an order could not be looked after; it is looked at again later");
                if let Err(error) = self.look_again(&id, attempts).await {
                    tracing::error!(order_id = %id, error = &error as &dyn std::error::Error,
                        "an order could not be put off; it is due again when its lease ends");
                }
            }
        }
    }

    async fn find_and_look(&self, id: &OrderId, attempts: u32) -> Result<(), WatchError> {
        let Some(order) = self.orders.find(id).await? else { return Ok(()) };
        match order.status {
            OrderStatus::AwaitingPayment if order.is_expired(self.clock.now()) => {
                Ok(self.cancel.by_deadline(&order).await?)
            }
            OrderStatus::AwaitingPayment => {
                self.ask(&order).await?;
                self.set_due(&order, order.next_look(self.clock.now(), attempts.saturating_add(1))).await
            }
            OrderStatus::AwaitingReceipt => self.take_for_received(&order).await,
            OrderStatus::Cancelled => {
                self.ask(&order).await?;
                self.set_due(&order, None).await
            }
            // Somebody else's write, past this service, left it due.
            OrderStatus::AwaitingShipment | OrderStatus::Completed | OrderStatus::Refunded => {
                self.set_due(&order, None).await
            }
        }
    }

    /// Settles the order's trade if it is paid.
    async fn ask(&self, order: &Order) -> Result<(), WatchError> {
        match self.gateway.query(&order.id).await? {
            Some(trade) if trade.is_payment() => {
                self.settle.by_trade(&trade, EvidenceSource::Query, Cause::alipay(None)).await?;
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    async fn take_for_received(&self, order: &Order) -> Result<(), WatchError> {
        let mut unit = self.units.begin().await?;
        let Some(order) = unit.orders().find_for_update(&order.id).await? else { return Ok(()) };
        let reason = "超过期限,自动确认收货";
        // What was confirmed or refunded meanwhile needs nothing.
        if let Ok(Some(change)) =
            order.change(OrderEvent::ReceiptConfirmed, &Cause::system(), reason, self.clock.now())
            && write_change(&mut *unit, &change).await?
        {
            unit.commit().await?;
        }
        Ok(())
    }

    /// Only in the status it was found in: whoever changed it meanwhile said when it is due next.
    async fn set_due(&self, order: &Order, due_at: Option<ShopTime>) -> Result<(), WatchError> {
        let mut unit = self.units.begin().await?;
        unit.orders().set_due(&order.id, order.status, due_at).await?;
        unit.commit().await?;
        Ok(())
    }

    /// After a failure: on the same widening schedule.
    async fn look_again(&self, id: &OrderId, attempts: u32) -> Result<(), WatchError> {
        let Some(order) = self.orders.find(id).await? else { return Ok(()) };
        match order.status {
            OrderStatus::AwaitingPayment | OrderStatus::Cancelled | OrderStatus::AwaitingReceipt => {
                let next = order.look_after_failure(self.clock.now(), attempts.saturating_add(1));
                self.set_due(&order, Some(next)).await
            }
            OrderStatus::AwaitingShipment | OrderStatus::Completed | OrderStatus::Refunded => Ok(()),
        }
    }
}
