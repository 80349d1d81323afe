use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Sku, SkuId};

use crate::StoreError;

/// The shop's SKUs, as they are offered now.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The existing SKUs of these ids, on the shelf or not, with their stock and their attributes in the order of ids.
    /// It locks nothing, so the stock may have changed when the answer arrives.
    ///
    /// MUST query the database once, for any number of ids.
    async fn skus(&self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError>;
}
