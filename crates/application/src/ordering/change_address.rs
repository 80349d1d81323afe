//! 修改收货地址: changes the address of an order. Buyers may do so until it is paid, staff until it is shipped.

use domain::{AddressId, Caller, Cause, OrderId, ShippingAddress, ledger::Command};

use crate::{OrderError, OrderService};

impl OrderService {
    /// The buyer chooses another of their addresses. A repeated call is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "change_address", skip_all)]
    pub async fn change_address_by_buyer(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        address_id: AddressId,
        cause: &Cause,
    ) -> Result<(), OrderError> {
        let destination = self.users.destination(caller, address_id).await??;
        let buyer = crate::noticed::buyer(destination.user_id);
        let address = destination.address.ok_or(OrderError::UnknownAddress)?;
        let command = Command::ChangeAddress {
            buyer: Some(buyer),
            expected: None,
            address: address.shipping,
            address_id: Some(address.id),
            reason: "买家修改收货地址".to_owned(),
        };
        self.transact.run(order_id.as_str(), &command, cause).await?;
        Ok(())
    }

    /// Staff enter another address. With `expected`, the change is refused if the buyer has changed the address since staff
    /// saw it. A repeated call is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "change_address", skip_all)]
    pub async fn change_address_by_shop(
        &self,
        order_id: &OrderId,
        expected: Option<ShippingAddress>,
        address: ShippingAddress,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), OrderError> {
        let reason = reason.to_owned();
        let command = Command::ChangeAddress { buyer: None, expected, address, address_id: None, reason };
        self.transact.run(order_id.as_str(), &command, cause).await?;
        Ok(())
    }
}
