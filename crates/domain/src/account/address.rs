use crate::AddressId;

/// What stands in an order in place of its buyer's name, phone and address, once nobody needs them any more.
pub const ANONYMOUS: &str = "已匿名";

/// An entry of a buyer's address book that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `address.id`.
    pub id: AddressId,
    /// Whether the buyer prefers it.
    pub is_default: bool,
    /// Where and to whom it leads.
    pub shipping: ShippingAddress,
}

/// Where an order is sent, as it was when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingAddress {
    /// The buyer's word for it, such as 家; `address.tag`.
    pub title: String,
    /// Who receives the parcel.
    pub receiver: String,
    /// The receiver's telephone number.
    pub mobile: String,
    /// Province, city, street and house.
    pub address: String,
}
