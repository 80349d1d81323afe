use async_trait::async_trait;
use domain::{Address, AddressId, Caller, NotAdmitted, UserId, Username};

use crate::StoreError;

/// The users of the shop: the table `user_profile`.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Users: Send + Sync {
    /// The user who signs in with this name, active or not; the comparison is exact, letter for letter.
    async fn find(&self, username: &Username) -> Result<Option<UserId>, StoreError>;

    /// The user that a token names, if [`Caller::admitted`] admits the user. Names are compared as exactly as in
    /// [`Users::find`]. It MUST be one query, because every request of a buyer starts with it.
    async fn authenticate(&self, caller: &Caller) -> Result<Result<UserId, NotAdmitted>, StoreError>;

    /// Like [`Users::authenticate`], with one address, in the same query.
    ///
    /// [`Destination::address`] MUST be `None` if the address does not exist, is deleted, or is another user's.
    async fn destination(
        &self,
        caller: &Caller,
        address_id: AddressId,
    ) -> Result<Result<Destination, NotAdmitted>, StoreError>;
}

/// A buyer and the address of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The buyer.
    pub user_id: UserId,
    /// The address, if it is a valid one of this buyer.
    pub address: Option<Address>,
}
