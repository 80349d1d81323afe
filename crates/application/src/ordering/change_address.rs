//! 修改收货地址: an order goes elsewhere, for its buyer until it is paid, for staff until it is shipped.

use domain::{AddressId, Caller, Cause, NotAdmitted, OrderId, ShippingAddress, ledger::Command};
use ports::StoreError;

use crate::{OrderService, TransactError};

/// Why the order goes where it did.
#[derive(Debug, thiserror::Error)]
pub enum ChangeAddressError {
    /// The token's user is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The address does not exist, is deleted, or is another user's.
    #[error("no such address")]
    UnknownAddress,
    /// It did not take effect: there is no such order, its status does not allow it, or others were faster.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderService {
    /// The buyer chooses another of their addresses. Doing so again is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "change_address", skip_all)]
    pub async fn change_address_by_buyer(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        address_id: AddressId,
        cause: &Cause,
    ) -> Result<(), ChangeAddressError> {
        let destination = self.users.destination(caller, address_id).await??;
        let buyer = crate::noticed::buyer(destination.user_id);
        let address = destination.address.ok_or(ChangeAddressError::UnknownAddress)?;
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
    ) -> Result<(), ChangeAddressError> {
        let command =
            Command::ChangeAddress { buyer: None, address, address_id: None, reason: reason.to_owned() };
        self.transact.run(order_id.as_str(), &command, cause).await?;
        Ok(())
    }
}
