use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{AttributeId, AttributeValueId, CatalogId, Choice, Product, ProductSku, SkuCard, SkuId, SpuId};
use moka::future::Cache;
use ports::{Section, StoreError, StorefrontReader};

/// 商品: the front page, the pages of a catalog, one SKU, and the choice among the SKUs of a product. Needs no sign-in.
pub struct BrowseGoods {
    storefront: Arc<dyn StorefrontReader>,
    /// The number of SKUs on the shelf for each catalog, cached for one second, because counting reads all of them.
    /// Concurrent requests wait for the same count.
    totals: Cache<CatalogId, u32>,
}

/// A page of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionPage {
    /// The SKUs of this page.
    pub skus: Vec<SkuCard>,
    /// The number of SKUs on all pages; at most one second old.
    pub total: u32,
}

/// One SKU with the other data of its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuDetail {
    /// The SKU; it may be off the shelf.
    pub sku: ProductSku,
    /// The values that can be chosen instead.
    pub choices: Vec<Choice>,
    /// The product, with all its SKUs.
    pub product: Product,
}

/// Why goods are not shown.
#[derive(Debug, thiserror::Error)]
pub enum BrowseGoodsError {
    /// The catalog has no such page.
    #[error("no such page")]
    NoSuchPage,
    /// There is no such SKU.
    #[error("no such SKU")]
    UnknownSku,
    /// No SKU of the product has exactly these values.
    #[error("no such combination")]
    NoSuchCombination,
    /// The database failed. All requests that waited for the same count get this error.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

impl From<StoreError> for BrowseGoodsError {
    fn from(error: StoreError) -> Self {
        Arc::new(error).into()
    }
}

impl BrowseGoods {
    /// SKUs on one page, as the old pages expect.
    pub const PAGE: u32 = 9;
    /// SKUs of each catalog on the front page.
    const ON_FRONT: u32 = 3;
    /// The most catalogs on the front page.
    const KINDS: u32 = 100;

    /// Shows the goods of `storefront`.
    pub fn new(storefront: Arc<dyn StorefrontReader>) -> Self {
        let totals = Cache::builder().time_to_live(Duration::from_secs(1)).max_capacity(1_000).build();
        Self { storefront, totals }
    }

    /// The front page.
    pub async fn front(&self) -> Result<Vec<Section>, BrowseGoodsError> {
        Ok(self.storefront.sections(Self::KINDS, Self::ON_FRONT).await?)
    }

    /// A page of a catalog, counted from 1. Page 1 exists even if it is empty.
    pub async fn section(&self, catalog_id: CatalogId, page: u32) -> Result<SectionPage, BrowseGoodsError> {
        let before = page.checked_sub(1).ok_or(BrowseGoodsError::NoSuchPage)?;
        let skip = before.checked_mul(Self::PAGE).ok_or(BrowseGoodsError::NoSuchPage)?;
        let total = self.totals.try_get_with(catalog_id, self.storefront.section_size(catalog_id)).await?;
        // A request for a page that does not exist costs the database no more than the total.
        let skus = if page == 1 || skip < total {
            self.storefront.section_page(catalog_id, skip, Self::PAGE).await?
        } else {
            Vec::new()
        };
        if skus.is_empty() && page > 1 {
            Err(BrowseGoodsError::NoSuchPage)
        } else {
            Ok(SectionPage { skus, total })
        }
    }

    /// One SKU.
    pub async fn detail(&self, sku_id: SkuId) -> Result<SkuDetail, BrowseGoodsError> {
        let product = self.storefront.product_of(sku_id).await?.ok_or(BrowseGoodsError::UnknownSku)?;
        let sku = product.sku(sku_id).ok_or(BrowseGoodsError::UnknownSku)?.clone();
        Ok(SkuDetail { choices: product.choices(&sku), sku, product })
    }

    /// The SKU of a product that has exactly these values.
    pub async fn choose(
        &self,
        spu_id: SpuId,
        chosen: &BTreeMap<AttributeId, AttributeValueId>,
    ) -> Result<SkuId, BrowseGoodsError> {
        let product = self.storefront.product(spu_id).await?.ok_or(BrowseGoodsError::NoSuchCombination)?;
        product.sku_with(chosen).ok_or(BrowseGoodsError::NoSuchCombination)
    }
}
