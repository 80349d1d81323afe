use std::{sync::Arc, time::Duration};

use domain::{Cause, NotAllowed, OrderEvent, OrderId, Shipment};
use ports::{Clock, StoreError, UnitsOfWork};

use crate::books::{Books, write_change};

/// 发货: the shop hands an order's goods to a carrier.
pub struct ShipOrder {
    /// Where the order is changed.
    pub units: Arc<dyn UnitsOfWork>,
    /// When.
    pub clock: Arc<dyn Clock>,
    /// After how long the buyer is taken to have the goods.
    pub receipt_after: Duration,
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
    /// All of its payment is on its way back to the buyer.
    #[error("the order's whole payment is being refunded")]
    BeingRefunded,
    /// The order changed at the same moment.
    #[error("the order changed meanwhile; look at it again")]
    Conflict,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ShipOrder {
    /// Marks a paid order as sent.
    pub async fn execute(
        &self,
        order_id: &OrderId,
        shipment: &Shipment,
        cause: &Cause,
    ) -> Result<(), ShipOrderError> {
        let mut unit = self.units.begin().await?;
        let books = Books::open(&mut *unit, order_id.as_str()).await?;
        let order = books.order.as_ref().ok_or(ShipOrderError::UnknownOrder)?;
        let now = self.clock.now();
        let change = order.change(OrderEvent::Shipped, cause, &words(shipment), now)?;
        let Some(mut change) = change else { return Ok(()) };
        if books.view().is_given_up() {
            return Err(ShipOrderError::BeingRefunded);
        }
        change.due_at = Some(now.after(self.receipt_after));
        if !write_change(&mut *unit, &change).await? {
            return Err(ShipOrderError::Conflict);
        }
        unit.orders().record_shipment(order_id, shipment).await?;
        Ok(unit.commit().await?)
    }
}

/// What the timeline says.
fn words(shipment: &Shipment) -> String {
    format!("发货 {} {}", shipment.carrier, shipment.tracking_number).trim_end().to_owned()
}
