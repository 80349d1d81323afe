use crate::AddressId;

/// The text that replaces the buyer's name, phone and address in an order, once they are no longer needed.
pub const ANONYMOUS: &str = "已匿名";

/// An entry of a buyer's address book that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `address.id`.
    pub id: AddressId,
    /// Whether it is the buyer's default.
    pub is_default: bool,
    /// The receiver and the place.
    pub shipping: ShippingAddress,
}

/// A delivery address. An order keeps its own copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingAddress {
    /// The buyer's label for it, such as 家; `address.tag`.
    pub title: String,
    /// Who receives the parcel.
    pub receiver: String,
    /// The receiver's telephone number.
    pub mobile: String,
    /// Province, city, street and house.
    pub address: String,
}
