use std::{collections::BTreeMap, sync::Arc};

use domain::{AttributeId, AttributeValueId, CatalogId, Choice, Product, ProductSku, SkuId, SpuId};
use ports::{Section, SectionPage, StoreError, StorefrontReader};

/// 商品: the front page, a kind of goods page by page, one SKU, and the choice among the SKUs of a product. Anybody may
/// look.
pub struct BrowseGoods {
    /// The goods.
    pub storefront: Arc<dyn StorefrontReader>,
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
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BrowseGoods {
    /// SKUs of one page, as the old pages expect.
    pub const PAGE: u32 = 9;
    /// SKUs of each kind on the front page.
    const ON_FRONT: u32 = 3;
    /// Kinds on the front page at most.
    const KINDS: u32 = 100;

    /// The front page.
    pub async fn front(&self) -> Result<Vec<Section>, BrowseGoodsError> {
        Ok(self.storefront.sections(Self::KINDS, Self::ON_FRONT).await?)
    }

    /// A page of a kind of goods, counted from one. The first one is there even if it is empty.
    pub async fn section(&self, catalog_id: CatalogId, page: u32) -> Result<SectionPage, BrowseGoodsError> {
        let before = page.checked_sub(1).ok_or(BrowseGoodsError::NoSuchPage)?;
        let skip = before.checked_mul(Self::PAGE).ok_or(BrowseGoodsError::NoSuchPage)?;
        let shown = self.storefront.section_page(catalog_id, skip, Self::PAGE).await?;
        if shown.skus.is_empty() && page > 1 { Err(BrowseGoodsError::NoSuchPage) } else { Ok(shown) }
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
