use async_trait::async_trait;
use domain::{AddressId, ShopTime};

use crate::StoreError;

/// How far orders or addresses were gone through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anonymised<K> {
    /// How many were changed, or would be.
    pub count: u64,
    /// The key of the last one; `None` if there are no more.
    pub last: Option<K>,
}

/// Who the buyers of old orders are.
#[async_trait]
pub trait PersonalData: Send + Sync {
    /// Replaces name, phone and address of the next orders that ended before that moment, and the accounts that paid them:
    /// at most so many, behind this number. What they cost, hold and went through stays as it is, and so do the times of
    /// their last changes. Orders that were changed before are passed over. Without `apply` nothing is changed.
    async fn anonymise_orders(
        &self,
        ended_before: ShopTime,
        after: Option<&str>,
        limit: u32,
        apply: bool,
    ) -> Result<Anonymised<String>, StoreError>;

    /// Replaces what is in entries of address books that their owners removed before that moment and that no order needs
    /// for its own address any more: at most so many, behind this one.
    async fn anonymise_addresses(
        &self,
        removed_before: ShopTime,
        after: Option<AddressId>,
        limit: u32,
    ) -> Result<Anonymised<AddressId>, StoreError>;
}
