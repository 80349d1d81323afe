//! 确认收货: the buyer has the goods.

use domain::{Caller, Cause, OrderId, ledger::Command};

use crate::{OrderError, OrderService};

impl OrderService {
    /// Confirms that the user received the order; confirming again is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "confirm_receipt", skip_all)]
    pub async fn confirm_receipt(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        cause: &Cause,
    ) -> Result<(), OrderError> {
        let buyer = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let command = Command::ConfirmReceipt { buyer: Some(buyer) };
        self.transact.run(order_id.as_str(), &command, cause).await?;
        Ok(())
    }
}
