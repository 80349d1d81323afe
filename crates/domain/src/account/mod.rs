//! Users: sign-in, tokens and address books.

mod address;
mod address_book;
mod caller;
mod credentials;

pub use address::{ANONYMOUS, Address, ShippingAddress};
pub use address_book::{
    AddressChange, AddressEdit, AddressEntries, AddressEntry, AddressField, AddressRefusal, InvalidField,
    Postcode,
};
pub use caller::{Caller, MarkKey, NotAdmitted, PasswordMark};
pub use credentials::{Password, PasswordHash, StoredPassword};
