use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{AttributeId, AttributeValueId, CatalogId, Choice, Product, ProductSku, SkuCard, SkuId, SpuId};
use moka::future::Cache;
use ports::{Section, StoreError, StorefrontReader};

/// 商品: the front page, a kind of goods page by page, one SKU, and the choice among the SKUs of a product. Anybody may
/// look.
pub struct BrowseGoods {
    storefront: Arc<dyn StorefrontReader>,
    /// How many SKUs of a kind are on the shelf, for a second: to count them is to read them all. Whoever asks while they are
    /// counted waits for that.
    totals: Cache<CatalogId, u32>,
}

/// A page of a kind of goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionPage {
    /// The SKUs of this page.
    pub skus: Vec<SkuCard>,
    /// How many there are on all pages; at most a second old.
    pub total: u32,
}

/// One SKU with what its page shows around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuDetail {
    /// The SKU; it may be off the shelf.
    pub sku: ProductSku,
    /// What can be chosen instead.
    pub choices: Vec<Choice>,
    /// The product, with all its SKUs.
    pub product: Product,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum BrowseGoodsError {
    /// There is no such page of this kind of goods.
    #[error("no such page")]
    NoSuchPage,
    /// There is no such SKU.
    #[error("no such SKU")]
    UnknownSku,
    /// No SKU of the product has just these values.
    #[error("no such combination")]
    NoSuchCombination,
    /// The database failed, for all who waited for it.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

impl From<StoreError> for BrowseGoodsError {
    fn from(error: StoreError) -> Self {
        Arc::new(error).into()
    }
}

impl BrowseGoods {
    /// SKUs of one page, as the old pages expect.
    pub const PAGE: u32 = 9;
    /// SKUs of each kind on the front page.
    const ON_FRONT: u32 = 3;
    /// Kinds on the front page at most.
    const KINDS: u32 = 100;

    /// The goods of `storefront`.
    pub fn new(storefront: Arc<dyn StorefrontReader>) -> Self {
        let totals = Cache::builder().time_to_live(Duration::from_secs(1)).max_capacity(1_000).build();
        Self { storefront, totals }
    }

    /// The front page.
    pub async fn front(&self) -> Result<Vec<Section>, BrowseGoodsError> {
        Ok(self.storefront.sections(Self::KINDS, Self::ON_FRONT).await?)
    }

    /// A page of a kind of goods, counted from one. The first one is there even if it is empty.
    pub async fn section(&self, catalog_id: CatalogId, page: u32) -> Result<SectionPage, BrowseGoodsError> {
        let before = page.checked_sub(1).ok_or(BrowseGoodsError::NoSuchPage)?;
        let skip = before.checked_mul(Self::PAGE).ok_or(BrowseGoodsError::NoSuchPage)?;
        let total = self.totals.try_get_with(catalog_id, self.storefront.section_size(catalog_id)).await?;
        // Whoever asks for pages that are not there costs the database no more than the total.
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

    /// The SKU of a product that has just these values.
    pub async fn choose(
        &self,
        spu_id: SpuId,
        chosen: &BTreeMap<AttributeId, AttributeValueId>,
    ) -> Result<SkuId, BrowseGoodsError> {
        let product = self.storefront.product(spu_id).await?.ok_or(BrowseGoodsError::NoSuchCombination)?;
        product.sku_with(chosen).ok_or(BrowseGoodsError::NoSuchCombination)
    }
}
