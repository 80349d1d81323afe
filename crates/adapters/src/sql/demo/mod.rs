//! A demo shop: goods of several kinds, two buyers with addresses and filled carts, and drawn pictures.
//!
//! Both buyers sign in with the password [`PASSWORD`]. The cart of the first buyer in [`BUYERS`] can be ordered as it
//! is. The cart of the second buyer is refused: it holds more pieces of one SKU than are in stock, and a SKU that is
//! off the shelf.

mod goods;
mod pictures;

use goods::SPECIAL;
pub(super) use goods::{Product, brands, catalogs, products};
pub use pictures::picture;

/// The password of the demo buyers.
pub const PASSWORD: &str = "123456";

/// MD5 of [`PASSWORD`], as the old shop stores it.
pub(super) const PASSWORD_MD5: &str = "e10adc3949ba59abbe56e057f20f883e";

/// A buyer of the demo shop.
#[derive(Debug, Clone, Copy)]
pub struct Buyer {
    /// `user_profile.id`.
    pub id: i32,
    /// The name for signing in.
    pub username: &'static str,
    pub(super) phone: &'static str,
    pub(super) addresses: [Home; 2],
    /// SKU, pieces, ticked.
    pub(super) cart: &'static [(i32, i32, bool)],
}

/// An entry of a demo buyer's address book; the first one is the default.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub(super) id: i32,
    pub(super) tag: &'static str,
    pub(super) receiver: &'static str,
    pub(super) mobile: &'static str,
    pub(super) address: &'static str,
    pub(super) postcode: &'static str,
}

/// The demo buyers.
pub const BUYERS: [Buyer; 2] = [
    Buyer {
        id: 1,
        username: "demo",
        phone: "13691433520",
        addresses: [
            Home {
                id: 1,
                tag: "家",
                receiver: "林晓晓",
                mobile: "13691433520",
                address: "北京市东城区广渠门内大街41号雍贵中心A座",
                postcode: "100062",
            },
            Home {
                id: 2,
                tag: "公司",
                receiver: "林晓晓",
                mobile: "13691433520",
                address: "北京市海淀区中关村大街27号10层",
                postcode: "100080",
            },
        ],
        cart: &[(1, 1, true), (11, 2, true), (22, 1, true), (SPECIAL.off_shelf, 1, false)],
    },
    Buyer {
        id: 2,
        username: "xiaoda",
        phone: "13800138000",
        addresses: [
            Home {
                id: 3,
                tag: "家",
                receiver: "达小达",
                mobile: "13800138000",
                address: "上海市徐汇区漕溪北路88号3单元502室",
                postcode: "200030",
            },
            Home {
                id: 4,
                tag: "父母家",
                receiver: "达大强",
                mobile: "13900139000",
                address: "浙江省杭州市西湖区文三路199号",
                postcode: "310012",
            },
        ],
        cart: &[(5, 2, true), (SPECIAL.scarce, 3, true), (SPECIAL.off_shelf, 1, false)],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_sku_has_a_picture_and_an_attribute_combination_of_its_own() {
        let products = products();
        let skus: Vec<_> = products.iter().flat_map(|product| &product.skus).collect();
        assert!((24..=60).contains(&skus.len()), "{} SKUs", skus.len());
        for (index, sku) in skus.iter().enumerate() {
            assert_eq!(usize::try_from(sku.id).unwrap(), index + 1, "ids count from one");
            assert!(picture(&sku.image).is_some(), "{}", sku.image);
            assert!(sku.name.chars().count() <= 50 && sku.image.chars().count() <= 100);
        }
        for product in &products {
            let combinations: BTreeSet<_> = product.skus.iter().map(|sku| &sku.values).collect();
            assert_eq!(combinations.len(), product.skus.len(), "{}", product.name);
            assert!(product.skus.iter().all(|sku| sku.values.len() == product.attributes.len()));
            assert!((1..=2).contains(&product.attributes.len()));
        }
    }

    #[test]
    fn the_carts_hold_what_there_is_to_try() {
        let products = products();
        let skus: BTreeMap<i32, _> =
            products.iter().flat_map(|product| &product.skus).map(|sku| (sku.id, sku)).collect();
        let [ready, refused] = BUYERS;
        assert!(ready.cart.iter().filter(|line| line.2).all(|line| {
            let sku = skus[&line.0];
            sku.is_launched && sku.stock >= line.1
        }));
        assert!(refused.cart.iter().any(|line| line.2 && skus[&line.0].stock < line.1));
        assert!(!skus[&SPECIAL.off_shelf].is_launched);
        assert!(BUYERS.iter().all(|buyer| buyer.username.chars().count() <= 11));
        assert!(BUYERS.iter().flat_map(|buyer| buyer.cart).all(|line| skus.contains_key(&line.0)));
    }
}
