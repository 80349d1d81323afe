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

/// Two colours in two sizes. There is no 红 L; there are two SKUs of 蓝 L, the first one off the shelf.
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
