use async_trait::async_trait;
use domain::{CatalogId, Product, SkuCard, SkuId, SpuId};

use crate::StoreError;

/// The products and SKUs as the shop's pages show them.
///
/// The number of queries of a method MUST NOT grow with the number of products. Except `section_size`, a method MUST
/// read the SKUs of only as many products as it needs for the SKUs that it returns and skips; it may pass over products
/// without launched SKUs. The SKUs of a category are ordered by product id, then by SKU id.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StorefrontReader: Send + Sync {
    /// The first `catalogs` categories in the order of ids, each with the first `skus` of its SKUs on the shelf.
    /// Categories without such SKUs are included.
    async fn sections(&self, catalogs: u32, skus: u32) -> Result<Vec<Section>, StoreError>;

    /// At most `limit` SKUs of a category that are on the shelf, after the first `skip`; empty if there is no such
    /// category.
    async fn section_page(
        &self,
        catalog_id: CatalogId,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<SkuCard>, StoreError>;

    /// How many SKUs of a category are on the shelf.
    async fn section_size(&self, catalog_id: CatalogId) -> Result<u32, StoreError>;

    /// The product of the SKU.
    async fn product_of(&self, sku_id: SkuId) -> Result<Option<Product>, StoreError>;

    /// The product with this id.
    async fn product(&self, spu_id: SpuId) -> Result<Option<Product>, StoreError>;
}

/// A category with its first SKUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The category.
    pub catalog_id: CatalogId,
    /// Its name.
    pub name: String,
    /// Its first SKUs.
    pub skus: Vec<SkuCard>,
}
