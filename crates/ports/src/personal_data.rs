use async_trait::async_trait;
use domain::{AddressId, ShopTime};

use crate::StoreError;

/// The result of one step through orders or addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anonymised<K> {
    /// How many were changed, or would be.
    pub count: u64,
    /// The key of the last one; `None` if there are no more.
    pub last: Option<K>,
}

/// The personal data of old orders and of deleted addresses.
#[async_trait]
pub trait PersonalData: Send + Sync {
    /// Replaces name, phone and address in at most `limit` orders after the number `after` that ended before
    /// `ended_before`, and the accounts that paid them. Amounts, lines, timelines and the times of the last changes
    /// stay as they are. Orders that are anonymised already are skipped. Without `apply`, nothing is changed.
    async fn anonymise_orders(
        &self,
        ended_before: ShopTime,
        after: Option<&str>,
        limit: u32,
        apply: bool,
    ) -> Result<Anonymised<String>, StoreError>;

    /// Replaces the content of at most `limit` address book entries after the id `after` that their owners deleted
    /// before `removed_before` and that no order needs for its own address.
    async fn anonymise_addresses(
        &self,
        removed_before: ShopTime,
        after: Option<AddressId>,
        limit: u32,
    ) -> Result<Anonymised<AddressId>, StoreError>;
}
