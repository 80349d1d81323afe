use std::collections::BTreeMap;

use crate::{AttributeId, AttributeValueId, CatalogId, Money, SkuId, SpuId};

/// A SKU as the sections show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuCard {
    /// Which.
    pub id: SkuId,
    /// What the shop calls it.
    pub name: String,
    /// What the shop says of it, in a line.
    pub caption: String,
    /// Price of one piece.
    pub price: Money,
    /// Name of its picture below the configured `base_url`.
    pub image: String,
}

/// A product with all its SKUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Which.
    pub id: SpuId,
    /// Of which kind.
    pub catalog_id: CatalogId,
    /// What that kind is called.
    pub catalog_name: String,
    /// By what its SKUs differ, in the order of ids.
    pub attributes: Vec<ProductAttribute>,
    /// Its SKUs, in the order of ids, on the shelf or not.
    pub skus: Vec<ProductSku>,
}

/// One attribute by which the SKUs of a product differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductAttribute {
    /// Which.
    pub id: AttributeId,
    /// Such as 颜色.
    pub name: String,
}

/// One SKU of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSku {
    /// What the shelf shows.
    pub card: SkuCard,
    /// Pieces that can still be sold.
    pub stock: u32,
    /// Whether it is on the shelf.
    pub is_launched: bool,
    /// Its values of the product's attributes, in the order of ids.
    pub values: Vec<AttributeValue>,
}

/// A SKU's value of one attribute. Two SKUs of the same colour have a row each: what makes values the same is the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeValue {
    /// Which row.
    pub id: AttributeValueId,
    /// Of which attribute.
    pub attribute_id: AttributeId,
    /// Such as 红色.
    pub name: String,
}

/// One attribute, as the page of a SKU lets its buyer choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Which attribute.
    pub attribute: ProductAttribute,
    /// The SKU's own value, if it has one.
    pub chosen: Option<AttributeValue>,
    /// Each value that any SKU of the product has, once: in the SKU's own row where it has the value, else in the first
    /// row that has.
    pub values: Vec<AttributeValue>,
}

impl Product {
    /// The SKU of this id.
    pub fn sku(&self, id: SkuId) -> Option<&ProductSku> {
        self.skus.iter().find(|sku| sku.card.id == id)
    }

    /// What the page of a SKU lets its buyer choose, an attribute each.
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

    /// The SKU with just these values, one on the shelf before others; `None` if there is no such combination.
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
mod tests {
    use super::*;

    const COLOUR: AttributeId = AttributeId(7);
    const SIZE: AttributeId = AttributeId(8);

    fn sku(id: i32, is_launched: bool, values: &[(i32, AttributeId, &str)]) -> ProductSku {
        let value = |(id, attribute_id, name): &(i32, AttributeId, &str)| AttributeValue {
            id: AttributeValueId(*id),
            attribute_id: *attribute_id,
            name: (*name).to_owned(),
        };
        ProductSku {
            card: SkuCard {
                id: SkuId(id),
                name: String::new(),
                caption: String::new(),
                price: Money::ZERO,
                image: String::new(),
            },
            stock: 1,
            is_launched,
            values: values.iter().map(value).collect(),
        }
    }

    /// Two colours in two sizes, of which 红 L is not made; 蓝 L is there twice, first off the shelf.
    fn product() -> Product {
        let attribute = |id, name: &str| ProductAttribute { id, name: name.to_owned() };
        Product {
            id: SpuId(3),
            catalog_id: CatalogId(1),
            catalog_name: "女装".to_owned(),
            attributes: vec![attribute(COLOUR, "颜色"), attribute(SIZE, "尺寸")],
            skus: vec![
                sku(1, true, &[(11, COLOUR, "红"), (12, SIZE, "M")]),
                sku(2, true, &[(21, COLOUR, "蓝"), (22, SIZE, "M")]),
                sku(3, false, &[(31, COLOUR, "蓝"), (32, SIZE, "L")]),
                sku(4, true, &[(41, COLOUR, "蓝"), (42, SIZE, "L")]),
            ],
        }
    }

    fn chosen(values: &[(AttributeId, i32)]) -> BTreeMap<AttributeId, AttributeValueId> {
        values.iter().map(|(attribute, value)| (*attribute, AttributeValueId(*value))).collect()
    }

    #[test]
    fn each_value_is_offered_once_and_the_own_one_as_it_is() {
        let product = product();
        let choices = product.choices(product.sku(SkuId(4)).unwrap());
        let offered: Vec<Vec<(i32, &str)>> = choices
            .iter()
            .map(|choice| choice.values.iter().map(|value| (value.id.0, value.name.as_str())).collect())
            .collect();
        assert_eq!(offered, [vec![(11, "红"), (41, "蓝")], vec![(12, "M"), (42, "L")]]);
        let own: Vec<_> = choices.iter().map(|choice| choice.chosen.as_ref().unwrap().id.0).collect();
        assert_eq!(own, [41, 42]);
    }

    #[test]
    fn whatever_is_offered_leads_to_its_sku() {
        let product = product();
        let find = |colour, size| product.sku_with(&chosen(&[(COLOUR, colour), (SIZE, size)]));
        assert_eq!(find(11, 12), Some(SkuId(1)));
        assert_eq!(find(41, 12), Some(SkuId(2)), "rows of different SKUs together");
        assert_eq!(find(21, 42), Some(SkuId(4)), "the one on the shelf");
        assert_eq!(find(11, 42), None, "not made");
    }

    #[test]
    fn half_a_choice_and_strange_values_lead_nowhere() {
        let product = product();
        for strange in [&[(COLOUR, 11)][..], &[], &[(COLOUR, 12), (SIZE, 11)], &[(COLOUR, 11), (SIZE, 999)]] {
            assert_eq!(product.sku_with(&chosen(strange)), None, "{strange:?}");
        }
        let with_another = chosen(&[(COLOUR, 11), (SIZE, 12), (AttributeId(9), 1)]);
        assert_eq!(product.sku_with(&with_another), None);
        assert!(product.sku(SkuId(5)).is_none());
    }

    #[test]
    fn a_product_without_attributes_has_no_choice() {
        let plain = Product { attributes: Vec::new(), skus: vec![sku(1, true, &[])], ..product() };
        assert_eq!(plain.choices(plain.sku(SkuId(1)).unwrap()), []);
        assert_eq!(plain.sku_with(&BTreeMap::new()), Some(SkuId(1)));
    }
}
