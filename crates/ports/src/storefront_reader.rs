use async_trait::async_trait;
use domain::{CatalogId, Product, SkuCard, SkuId, SpuId};

use crate::StoreError;

/// The shop's goods as its pages show them.
///
/// The number of queries of a method MUST NOT grow with the goods. But for `section_size`, a method MUST read the SKUs of no more
/// products than it takes to fill what it returns and skips; it may pass over products without launched SKUs. The SKUs of a kind
/// are ordered by product id, then by SKU id.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StorefrontReader: Send + Sync {
    /// The first `catalogs` kinds of goods in the order of ids, each with the first `skus` of its SKUs on the shelf; kinds
    /// that have none included.
    async fn sections(&self, catalogs: u32, skus: u32) -> Result<Vec<Section>, StoreError>;

    /// The SKUs of a kind that are on the shelf, without the first `skip`; empty where there is no such kind.
    async fn section_page(
        &self,
        catalog_id: CatalogId,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<SkuCard>, StoreError>;

    /// How many SKUs of a kind are on the shelf.
    async fn section_size(&self, catalog_id: CatalogId) -> Result<u32, StoreError>;

    /// The product that the SKU is one of.
    async fn product_of(&self, sku_id: SkuId) -> Result<Option<Product>, StoreError>;

    /// The product of this id.
    async fn product(&self, spu_id: SpuId) -> Result<Option<Product>, StoreError>;
}

/// The beginning of a kind of goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Which kind.
    pub catalog_id: CatalogId,
    /// What it is called.
    pub name: String,
    /// Its first SKUs.
    pub skus: Vec<SkuCard>,
}
