use std::sync::Arc;

use domain::{Caller, Cause, NotAdmitted, NotAllowed, OrderEvent, OrderId};
use ports::{Clock, StoreError, UnitsOfWork, Users};

use crate::books::write_change;

/// 确认收货: the buyer has the goods.
pub struct ConfirmReceipt {
    /// Who may confirm.
    pub users: Arc<dyn Users>,
    /// Where the order is changed.
    pub units: Arc<dyn UnitsOfWork>,
    /// When.
    pub clock: Arc<dyn Clock>,
}

/// Why receipt was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmReceiptError {
    /// The token's user is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// There is no such order, or it is another user's; the caller is not told which.
    #[error("no such order")]
    UnknownOrder,
    /// The order was not sent, or was given up.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The order changed at the same moment.
    #[error("the order changed meanwhile")]
    Conflict,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConfirmReceipt {
    /// Confirms that the user received the order; confirming again is no error and changes nothing.
    pub async fn execute(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        cause: &Cause,
    ) -> Result<(), ConfirmReceiptError> {
        let user_id = self.users.authenticate(caller).await??;
        let mut unit = self.units.begin().await?;
        let order = unit.orders().find_for_update(order_id).await?;
        let order =
            order.filter(|order| order.user_id == user_id).ok_or(ConfirmReceiptError::UnknownOrder)?;
        let change = order.change(OrderEvent::ReceiptConfirmed, cause, "确认收货", self.clock.now())?;
        let Some(change) = change else { return Ok(()) };
        if !write_change(&mut *unit, &change).await? {
            return Err(ConfirmReceiptError::Conflict);
        }
        Ok(unit.commit().await?)
    }
}
