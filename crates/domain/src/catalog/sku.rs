use crate::{Money, SkuId};

/// A stock keeping unit as the catalogue and the stock have it at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// `DDSC_SKU.id`.
    pub id: SkuId,
    /// What the shop calls it.
    pub name: String,
    /// Name of its picture below the configured `base_url`.
    pub default_image_url: String,
    /// Price of one piece.
    pub price: Money,
    /// Pieces that can still be sold.
    pub stock: u32,
    /// Whether it is on the shelf; off the shelf it cannot be bought.
    pub is_launched: bool,
    /// Its attributes, such as 颜色: 红色, in the order of their ids.
    pub attributes: Vec<SaleAttribute>,
}

/// One attribute by which the SKUs of a product differ, with this SKU's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleAttribute {
    /// Such as 颜色.
    pub name: String,
    /// Such as 红色.
    pub value: String,
}
