use crate::{Address, AddressId, ShippingAddress};

/// A buyer's address book: what is not deleted, the default entry first, then by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressEntries(pub Vec<AddressEntry>);

/// An entry of an address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressEntry {
    /// Where it leads.
    pub address: Address,
    /// `address.postcode`, as it is stored; may be empty.
    pub postcode: String,
}

/// What a buyer writes into an address; displayed by its name in the request that adds one.
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
    /// The buyer's word for it, such as 家.
    Tag,
}

/// What is written cannot be stored, or makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address's {0} is not valid")]
pub struct InvalidField(pub AddressField);

/// A Chinese postcode: six digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postcode(String);

/// What a buyer does to the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressEdit {
    /// Adds an entry.
    Add(ShippingAddress, Postcode),
    /// Writes an entry anew; its postcode stays.
    Rewrite(AddressId, ShippingAddress),
    /// Deletes an entry.
    Delete(AddressId),
    /// Makes an entry the default.
    Prefer(AddressId),
}

/// What an edit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressChange {
    /// A new entry.
    Insert {
        /// Where it leads.
        shipping: ShippingAddress,
        /// Its postcode.
        postcode: Postcode,
        /// Whether it is the default.
        is_default: bool,
    },
    /// An entry's text.
    Rewrite(AddressId, ShippingAddress),
    /// An entry is deleted: the row stays, for orders that refer to it.
    Delete {
        /// Which.
        id: AddressId,
        /// What becomes the default, where that must change.
        new_default: Option<AddressId>,
    },
    /// This entry is the default from now on, and no other.
    Prefer(AddressId),
}

/// Why an address book stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// There is no such entry, or it is deleted, or another user's.
    #[error("no such address")]
    Unknown,
    /// There are as many entries as there may be.
    #[error("an address book has at most {} entries", AddressEntries::MOST)]
    Full,
}

impl AddressEntries {
    /// The most entries that an address book grows to.
    pub const MOST: usize = 50;

    /// What an edit writes; nothing if it is refused.
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
    /// An address as a buyer writes it, without the blanks around it: each part as long as its column takes at most,
    /// and not empty; the mobile number with eleven digits. The first part that is not so is named.
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
    /// Reads a postcode, with blanks around it or not.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        AddressField::Postcode.checked(text).map(Self)
    }

    /// The postcode as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AddressField {
    /// How many characters the column in the shop's table `address` takes.
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
        // The old tables' character set has three bytes a character at most.
        let is_storable = |letter: char| !letter.is_control() && u32::from(letter) <= 0xFFFF;
        let fits = !text.is_empty() && text.chars().count() <= self.width() && text.chars().all(is_storable);
        let all_digits = || text.bytes().all(|byte| byte.is_ascii_digit());
        let is_valid = match self {
            Self::Receiver | Self::Address | Self::Tag => true,
            // The whole country's mobile numbers have eleven digits and begin with 1.
            Self::Mobile => text.len() == 11 && text.starts_with('1') && all_digits(),
            Self::Postcode => text.len() == 6 && all_digits(),
        };
        if fits && is_valid { Ok(text.to_owned()) } else { Err(InvalidField(self)) }
    }
}

#[cfg(test)]
mod tests;
