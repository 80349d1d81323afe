use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Sku, SkuId};

use crate::StoreError;

/// The shop's goods, as they are offered now.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The SKUs of these ids that exist, on the shelf or not, with their stock and attributes, attributes in the
    /// order of their ids. Locks nothing: the stock may have changed when the answer arrives.
    ///
    /// MUST ask the database once, however many ids there are.
    async fn skus(&self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError>;
}
