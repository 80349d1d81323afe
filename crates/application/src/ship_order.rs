use std::sync::Arc;

use domain::{Actor, NotAllowed, OrderEvent, OrderId};
use ports::{Clock, StoreError, UnitsOfWork};

/// 发货: the shop hands an order's goods to a carrier.
pub struct ShipOrder {
    /// Where the order is changed.
    pub units: Arc<dyn UnitsOfWork>,
    /// When.
    pub clock: Arc<dyn Clock>,
}

/// Why the order was not shipped.
#[derive(Debug, thiserror::Error)]
pub enum ShipOrderError {
    /// There is no such order.
    #[error("no order has this number")]
    UnknownOrder,
    /// It is not paid, shipped already, or given up.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The order changed at the same moment.
    #[error("the order changed meanwhile; look at it again")]
    Conflict,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ShipOrder {
    /// Marks a paid order as sent.
    pub async fn execute(&self, order_id: &OrderId) -> Result<(), ShipOrderError> {
        let mut unit = self.units.begin().await?;
        let order = unit.orders().find_for_update(order_id).await?.ok_or(ShipOrderError::UnknownOrder)?;
        let change = order.change(OrderEvent::Shipped, Actor::Shop, "发货", self.clock.now())?;
        let Some(change) = change else { return Ok(()) };
        if !unit.orders().change_status(&change).await? {
            return Err(ShipOrderError::Conflict);
        }
        Ok(unit.commit().await?)
    }
}
