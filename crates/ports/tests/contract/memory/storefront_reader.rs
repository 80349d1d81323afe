use async_trait::async_trait;
use domain::{
    AttributeId, AttributeValue, AttributeValueId, CatalogId, Product, ProductAttribute, ProductSku, Sku,
    SkuCard, SkuId, SpuId,
};
use ports::{Section, StoreError, StorefrontReader};

use super::{Defect, Memory, Tables};

/// A product and its category have the number of the product's first SKU.
#[async_trait]
impl StorefrontReader for Memory {
    async fn sections(&self, catalogs: u32, skus: u32) -> Result<Vec<Section>, StoreError> {
        let tables = self.tables();
        let firsts = tables.skus.keys().filter(|id| !tables.products.contains_key(id));
        let mut sections = Vec::new();
        for first in firsts.take(usize::try_from(catalogs).unwrap()) {
            let mut cards = tables.cards(*first, self.defect);
            if !self.has(Defect::IgnoresLimit) {
                cards.truncate(usize::try_from(skus).unwrap());
            }
            sections.push(Section { catalog_id: CatalogId(first.0), name: "c".to_owned(), skus: cards });
        }
        Ok(sections)
    }

    async fn section_page(
        &self,
        catalog_id: CatalogId,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<SkuCard>, StoreError> {
        let cards = self.tables().cards(SkuId(catalog_id.0), self.defect);
        let (skip, limit) = (usize::try_from(skip).unwrap(), usize::try_from(limit).unwrap());
        Ok(cards.into_iter().skip(skip).take(limit).collect())
    }

    async fn section_size(&self, catalog_id: CatalogId) -> Result<u32, StoreError> {
        Ok(u32::try_from(self.tables().cards(SkuId(catalog_id.0), self.defect).len()).unwrap())
    }

    async fn product_of(&self, sku_id: SkuId) -> Result<Option<Product>, StoreError> {
        let first = self.tables().products.get(&sku_id).copied().unwrap_or(sku_id);
        self.product(SpuId(first.0)).await
    }

    async fn product(&self, spu_id: SpuId) -> Result<Option<Product>, StoreError> {
        let tables = self.tables();
        let first = SkuId(spu_id.0);
        let Some((sku, _)) = tables.skus.get(&first) else { return Ok(None) };
        let attributes = (first.0 * 100..).zip(&sku.attributes);
        let attributes = attributes
            .map(|(id, attribute)| ProductAttribute { id: AttributeId(id), name: attribute.name.clone() });
        Ok(Some(Product {
            id: spu_id,
            catalog_id: CatalogId(spu_id.0),
            catalog_name: "c".to_owned(),
            attributes: attributes.collect(),
            skus: tables.variants(first).map(|sku| product_sku(&tables, first, sku)).collect(),
        }))
    }
}

impl Tables {
    fn variants(&self, first: SkuId) -> impl Iterator<Item = &Sku> {
        let of = move |id: &SkuId| self.products.get(id).copied().unwrap_or(*id);
        self.skus.iter().filter(move |(id, _)| of(id) == first).map(|(_, (sku, _))| sku)
    }

    fn cards(&self, first: SkuId, defect: Option<Defect>) -> Vec<SkuCard> {
        let shown = |sku: &&Sku| sku.is_launched || defect == Some(Defect::ShowsOffShelf);
        self.variants(first).filter(shown).map(card).collect()
    }
}

fn card(sku: &Sku) -> SkuCard {
    SkuCard {
        id: sku.id,
        name: sku.name.clone(),
        caption: String::new(),
        price: sku.price,
        image: sku.default_image_url.clone(),
    }
}

fn product_sku(tables: &Tables, first: SkuId, sku: &Sku) -> ProductSku {
    let ids = (sku.id.0 * 100..).zip(first.0 * 100..);
    let values = ids.zip(&sku.attributes).map(|((id, attribute_id), attribute)| AttributeValue {
        id: AttributeValueId(id),
        attribute_id: AttributeId(attribute_id),
        name: attribute.value.clone(),
    });
    ProductSku {
        card: card(sku),
        stock: tables.skus.get(&sku.id).map_or(0, |(_, record)| u32::try_from(record.stock).unwrap_or(0)),
        is_launched: sku.is_launched,
        values: values.collect(),
    }
}
