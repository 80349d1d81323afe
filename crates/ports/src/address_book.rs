use async_trait::async_trait;
use domain::{AddressChange, AddressEntries, ShopTime, UserId};

use crate::StoreError;

/// The buyers' address books.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AddressBook: Send + Sync {
    /// The user's entries, the default entry first, then by id. Deleted entries MUST NOT be among them.
    async fn entries(&self, user_id: UserId) -> Result<AddressEntries, StoreError>;

    /// Writes a change that was decided on the entries `decided_on`. If the entries have changed since, it writes
    /// nothing and returns `false`.
    ///
    /// Comparing and writing MUST be one atomic step, even if the book is empty. Other users' entries are not touched.
    async fn apply(
        &self,
        user_id: UserId,
        decided_on: &AddressEntries,
        change: &AddressChange,
        at: ShopTime,
    ) -> Result<bool, StoreError>;
}
