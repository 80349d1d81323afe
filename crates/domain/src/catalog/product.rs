use std::collections::BTreeMap;

use crate::{AttributeId, AttributeValueId, CatalogId, Money, SkuId, SpuId};

/// A SKU as the sections of the shop show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuCard {
    /// The SKU.
    pub id: SkuId,
    /// Its name.
    pub name: String,
    /// Its description in one line.
    pub caption: String,
    /// Price of one piece.
    pub price: Money,
    /// Name of its picture below the configured `base_url`.
    pub image: String,
}

/// A product with all its SKUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: SpuId,
    /// Its category.
    pub catalog_id: CatalogId,
    /// The name of its category.
    pub catalog_name: String,
    /// The attributes by which its SKUs differ, in the order of ids.
    pub attributes: Vec<ProductAttribute>,
    /// Its SKUs, in the order of ids, on the shelf or not.
    pub skus: Vec<ProductSku>,
}

/// One attribute by which the SKUs of a product differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductAttribute {
    /// Its id.
    pub id: AttributeId,
    /// Its name, such as 颜色.
    pub name: String,
}

/// One SKU of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSku {
    /// The SKU as the sections of the shop show it.
    pub card: SkuCard,
    /// Pieces that can still be sold.
    pub stock: u32,
    /// Whether it is on the shelf.
    pub is_launched: bool,
    /// Its values of the product's attributes, in the order of ids.
    pub values: Vec<AttributeValue>,
}

/// A SKU's value of one attribute. Each SKU has its own row: two values are the same if their names are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeValue {
    /// The id of its row.
    pub id: AttributeValueId,
    /// The attribute.
    pub attribute_id: AttributeId,
    /// Its name, such as 红色.
    pub name: String,
}

/// One attribute that a buyer can choose on the page of a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The attribute.
    pub attribute: ProductAttribute,
    /// The SKU's own value, if it has one.
    pub chosen: Option<AttributeValue>,
    /// The values of all SKUs of the product, each name once: the SKU's own row of it, else the first row.
    pub values: Vec<AttributeValue>,
}

impl Product {
    /// The SKU of this id.
    pub fn sku(&self, id: SkuId) -> Option<&ProductSku> {
        self.skus.iter().find(|sku| sku.card.id == id)
    }

    /// The choices on the page of a SKU, one per attribute.
    pub fn choices(&self, sku: &ProductSku) -> Vec<Choice> {
        let choice = |attribute: &ProductAttribute| {
            let chosen = sku.values.iter().find(|value| value.attribute_id == attribute.id).cloned();
            let mut values: Vec<AttributeValue> = Vec::new();
            for value in self.values_of(attribute.id) {
                if values.iter().all(|known| known.name != value.name) {
                    let own = chosen.iter().find(|own| own.name == value.name);
                    values.push(own.unwrap_or(value).clone());
                }
            }
            Choice { attribute: attribute.clone(), chosen, values }
        };
        self.attributes.iter().map(choice).collect()
    }

    /// The SKU with exactly these values; `None` if there is no such combination. A SKU on the shelf is preferred.
    pub fn sku_with(&self, chosen: &BTreeMap<AttributeId, AttributeValueId>) -> Option<SkuId> {
        let named = |(attribute_id, value_id): (&AttributeId, &AttributeValueId)| {
            let value = self.values_of(*attribute_id).find(|value| value.id == *value_id)?;
            Some((*attribute_id, value.name.as_str()))
        };
        let wanted: BTreeMap<AttributeId, &str> = chosen.iter().map(named).collect::<Option<_>>()?;
        let matches = |sku: &&ProductSku| {
            let own = sku.values.iter().map(|value| (value.attribute_id, value.name.as_str()));
            own.collect::<BTreeMap<_, _>>() == wanted
        };
        self.skus.iter().filter(matches).min_by_key(|sku| !sku.is_launched).map(|sku| sku.card.id)
    }

    fn values_of(&self, attribute_id: AttributeId) -> impl Iterator<Item = &AttributeValue> {
        self.skus.iter().flat_map(|sku| &sku.values).filter(move |value| value.attribute_id == attribute_id)
    }
}

#[cfg(test)]
mod tests;
