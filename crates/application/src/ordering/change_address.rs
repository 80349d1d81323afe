//! 修改收货地址: an order goes elsewhere, for its buyer until it is paid, for staff until it is shipped.

use domain::{AddressId, Caller, Cause, OrderId, ShippingAddress, ledger::Command};

use crate::{OrderChangeError, OrderService};

impl OrderService {
    /// The buyer chooses another of their addresses. Doing so again is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "change_address", skip_all)]
    pub async fn change_address_by_buyer(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        address_id: AddressId,
        cause: &Cause,
    ) -> Result<(), OrderChangeError> {
        let destination = self.users.destination(caller, address_id).await??;
        let buyer = crate::noticed::buyer(destination.user_id);
        let address = destination.address.ok_or(OrderChangeError::UnknownAddress)?;
        let command = Command::ChangeAddress {
            buyer: Some(buyer),
            address: address.shipping,
            address_id: Some(address.id),
            reason: "买家修改收货地址".to_owned(),
        };
        self.transact.run(order_id.as_str(), &command, cause).await?;
        Ok(())
    }

    /// Staff enter another address. Doing so again is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "change_address", skip_all)]
    pub async fn change_address_by_shop(
        &self,
        order_id: &OrderId,
        address: ShippingAddress,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), OrderChangeError> {
        let command =
            Command::ChangeAddress { buyer: None, address, address_id: None, reason: reason.to_owned() };
        self.transact.run(order_id.as_str(), &command, cause).await?;
        Ok(())
    }
}
