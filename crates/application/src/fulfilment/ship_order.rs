//! 发货 and 退回库存: shipment and return of an order's goods by staff.

use domain::{Cause, OrderId, Restock, Shipment, ledger::Command};

use crate::{OrderService, TransactError};

impl OrderService {
    /// Records the shipment of a paid order.
    #[tracing::instrument(level = "debug", name = "ship_order", skip_all)]
    pub async fn ship(
        &self,
        order_id: &OrderId,
        shipment: &Shipment,
        cause: &Cause,
    ) -> Result<(), TransactError> {
        let command = Command::Ship { shipment: shipment.clone(), receipt_after: self.receipt_after };
        self.transact.run(order_id.as_str(), &command, cause).await.map(drop)
    }

    /// Puts pieces of an order back into stock without a refund, once for each request number.
    pub async fn return_pieces(
        &self,
        order_id: &OrderId,
        pieces: Vec<Restock>,
        request_no: String,
        expected_returned: Option<u32>,
        cause: &Cause,
    ) -> Result<(), TransactError> {
        let command = Command::ReturnPieces { pieces, request_no, expected_returned };
        self.transact.run(order_id.as_str(), &command, cause).await.map(drop)
    }
}
