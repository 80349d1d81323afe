/// Defines newtypes over database keys of the shop.
macro_rules! numeric_ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, derive_more::Display)]
            pub struct $name(pub i32);
        )*
    };
}

numeric_ids! {
    /// A buyer: `user_profile.id`.
    UserId,
    /// An entry of a buyer's address book: `address.id`.
    AddressId,
    /// A stock keeping unit, one buyable combination of a product's attributes: `DDSC_SKU.id`.
    SkuId,
    /// A product, sold as one or more SKUs: `DDSC_SPU.id`.
    SpuId,
    /// A category of products: `DDSC_GOODS_CATALOG.id`.
    CatalogId,
    /// An attribute by which the SKUs of a product differ: `DDSC_SPU_SALE_ATTR.id`.
    AttributeId,
    /// The value of an attribute of one SKU: `DDSC_SALE_ATTR_VALUE.id`.
    AttributeValueId,
}

/// The name with which a user signs in: `user_profile.username`, the `username` claim of a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, derive_more::Display)]
pub struct Username(pub String);

/// The number of an order: `tb_order_info.order_id`, and Alipay's `out_trade_no` of the first attempt to pay it.
///
/// 1 to [`OrderId::MAX_LEN`] decimal digits. [`crate::OrderNumbers`] generates the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, derive_more::Display)]
pub struct OrderId(String);

/// The text is not an order number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order number is 1 to 64 decimal digits")]
pub struct InvalidOrderId;

impl OrderId {
    /// The most digits that the database column and Alipay's `out_trade_no` accept.
    pub const MAX_LEN: usize = 64;

    /// Reads an order number from outside.
    pub fn parse(text: &str) -> Result<Self, InvalidOrderId> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && text.len() <= Self::MAX_LEN { Ok(Self(text.to_owned())) } else { Err(InvalidOrderId) }
    }

    /// A number that this crate made.
    pub(crate) fn from_digits(digits: String) -> Self {
        Self(digits)
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key with which a client may repeat the creation of an order: each key of a buyer creates one order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The longest accepted key, in characters.
    pub const MAX_LEN: usize = 128;

    /// Reads a key of 1 to [`IdempotencyKey::MAX_LEN`] visible ASCII characters; else `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && text.len() <= Self::MAX_LEN).then(|| Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
