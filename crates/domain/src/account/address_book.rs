use crate::{Address, AddressId, ShippingAddress};

/// A buyer's address book without deleted entries: the default entry first, then by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressEntries(pub Vec<AddressEntry>);

/// An entry of an address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressEntry {
    /// The address.
    pub address: Address,
    /// `address.postcode`, as it is stored; it may be empty.
    pub postcode: String,
}

/// A field of an address that a buyer writes. It is displayed by its name in the request that adds an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, derive_more::Display)]
#[display(rename_all = "lowercase")]
pub enum AddressField {
    /// Who receives the parcel.
    Receiver,
    /// Province, city, street and house.
    Address,
    /// The receiver's telephone number.
    Mobile,
    /// 邮编.
    Postcode,
    /// The buyer's label for it, such as 家.
    Tag,
}

/// The value of a field cannot be stored or is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address's {0} is not valid")]
pub struct InvalidField(pub AddressField);

/// A Chinese postcode: six digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postcode(String);

/// A change that a buyer makes to the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressEdit {
    /// Adds an entry.
    Add(ShippingAddress, Postcode),
    /// Replaces the address of an entry; its postcode stays.
    Rewrite(AddressId, ShippingAddress),
    /// Deletes an entry.
    Delete(AddressId),
    /// Makes an entry the default.
    Prefer(AddressId),
}

/// The change of the stored address book that an edit causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressChange {
    /// A new entry.
    Insert {
        /// The address.
        shipping: ShippingAddress,
        /// Its postcode.
        postcode: Postcode,
        /// Whether it is the default.
        is_default: bool,
    },
    /// The new address of an entry.
    Rewrite(AddressId, ShippingAddress),
    /// An entry is deleted. Its row stays, because orders refer to it.
    Delete {
        /// The entry.
        id: AddressId,
        /// The new default entry, if the default changes.
        new_default: Option<AddressId>,
    },
    /// This entry becomes the only default.
    Prefer(AddressId),
}

/// Why a change of an address book is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// The entry does not exist, is deleted, or belongs to another user.
    #[error("no such address")]
    Unknown,
    /// The address book has [`AddressEntries::MOST`] entries or more.
    #[error("an address book has at most {} entries", AddressEntries::MOST)]
    Full,
}

impl AddressEntries {
    /// The most entries to which an address book can grow; a stored one may have more.
    pub const MOST: usize = 50;

    /// The change that an edit causes.
    pub fn edit(&self, edit: &AddressEdit) -> Result<AddressChange, AddressRefusal> {
        match edit {
            AddressEdit::Add(shipping, postcode) => {
                if self.0.len() >= Self::MOST {
                    return Err(AddressRefusal::Full);
                }
                let is_default = !self.0.iter().any(|entry| entry.address.is_default);
                Ok(AddressChange::Insert {
                    shipping: shipping.clone(),
                    postcode: postcode.clone(),
                    is_default,
                })
            }
            AddressEdit::Rewrite(id, shipping) => {
                self.find(*id)?;
                Ok(AddressChange::Rewrite(*id, shipping.clone()))
            }
            AddressEdit::Delete(id) => {
                let was_default = self.find(*id)?.address.is_default;
                let others = self.0.iter().map(|entry| &entry.address).filter(|address| address.id != *id);
                let new_default = others.min_by_key(|address| address.id).filter(|_| was_default);
                Ok(AddressChange::Delete { id: *id, new_default: new_default.map(|address| address.id) })
            }
            AddressEdit::Prefer(id) => {
                self.find(*id)?;
                Ok(AddressChange::Prefer(*id))
            }
        }
    }

    fn find(&self, id: AddressId) -> Result<&AddressEntry, AddressRefusal> {
        self.0.iter().find(|entry| entry.address.id == id).ok_or(AddressRefusal::Unknown)
    }
}

impl ShippingAddress {
    /// Checks an address that a buyer writes, and removes surrounding blanks. No part may be empty or longer than its
    /// column, and the mobile number must have eleven digits and begin with 1. The error names the first wrong part.
    pub fn checked(title: &str, receiver: &str, mobile: &str, address: &str) -> Result<Self, InvalidField> {
        Ok(Self {
            receiver: AddressField::Receiver.checked(receiver)?,
            address: AddressField::Address.checked(address)?,
            mobile: AddressField::Mobile.checked(mobile)?,
            title: AddressField::Tag.checked(title)?,
        })
    }
}

impl Postcode {
    /// Reads a postcode; surrounding blanks are removed.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        AddressField::Postcode.checked(text).map(Self)
    }

    /// The postcode as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AddressField {
    /// The width of the column in the shop's table `address`, in characters.
    fn width(self) -> usize {
        match self {
            Self::Receiver | Self::Tag => 10,
            Self::Address => 100,
            Self::Mobile => 11,
            Self::Postcode => 7,
        }
    }

    fn checked(self, text: &str) -> Result<String, InvalidField> {
        let text = text.trim();
        // The old tables' character set has at most three bytes per character.
        let is_storable = |letter: char| !letter.is_control() && u32::from(letter) <= 0xFFFF;
        let fits = !text.is_empty() && text.chars().count() <= self.width() && text.chars().all(is_storable);
        let all_digits = || text.bytes().all(|byte| byte.is_ascii_digit());
        let is_valid = match self {
            Self::Receiver | Self::Address | Self::Tag => true,
            // All mobile numbers in China have eleven digits and begin with 1.
            Self::Mobile => text.len() == 11 && text.starts_with('1') && all_digits(),
            Self::Postcode => text.len() == 6 && all_digits(),
        };
        if fits && is_valid { Ok(text.to_owned()) } else { Err(InvalidField(self)) }
    }
}

#[cfg(test)]
mod tests;
