use async_trait::async_trait;
use domain::{AddressChange, AddressEntries, ShopTime, UserId};

use crate::StoreError;

/// The buyers' address books, to look at and to write in.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AddressBook: Send + Sync {
    /// The user's entries, the default one first, then by id. Deleted ones MUST NOT be among them.
    async fn entries(&self, user_id: UserId) -> Result<AddressEntries, StoreError>;

    /// Writes a change that was decided on these entries. False, and nothing written, where the book is another by now.
    ///
    /// Comparing and writing MUST be one atomic step, also where the book is empty. Nobody else's entries are touched.
    async fn apply(
        &self,
        user_id: UserId,
        decided_on: &AddressEntries,
        change: &AddressChange,
        at: ShopTime,
    ) -> Result<bool, StoreError>;
}
