use crate::{Money, SkuId};

/// A stock keeping unit with its catalogue data and its stock at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// `DDSC_SKU.id`.
    pub id: SkuId,
    /// Its name.
    pub name: String,
    /// Name of its picture below the configured `base_url`.
    pub default_image_url: String,
    /// Price of one piece.
    pub price: Money,
    /// The number of pieces that can still be sold.
    pub stock: u32,
    /// Whether it is on the shelf; off the shelf it cannot be bought.
    pub is_launched: bool,
    /// Its attributes, such as 颜色: 红色, in the order of their ids.
    pub attributes: Vec<SaleAttribute>,
}

/// One attribute by which the SKUs of a product differ, with this SKU's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleAttribute {
    /// The attribute's name, such as 颜色.
    pub name: String,
    /// The value, such as 红色.
    pub value: String,
}
