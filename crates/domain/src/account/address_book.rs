use std::fmt;

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

/// What a buyer writes into an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    Add {
        /// Where it leads.
        shipping: ShippingAddress,
        /// Its postcode.
        postcode: Postcode,
    },
    /// Writes an entry anew; its postcode stays.
    Rewrite {
        /// Which.
        id: AddressId,
        /// Where it leads from now on.
        shipping: ShippingAddress,
    },
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
    Rewrite {
        /// Which.
        id: AddressId,
        /// Where it leads from now on.
        shipping: ShippingAddress,
    },
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

    /// What an edit writes.
    ///
    /// # Errors
    /// The edit is not possible; nothing is to be written.
    pub fn edit(&self, edit: &AddressEdit) -> Result<AddressChange, AddressRefusal> {
        match edit {
            AddressEdit::Add { shipping, postcode } => {
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
            AddressEdit::Rewrite { id, shipping } => {
                self.find(*id)?;
                Ok(AddressChange::Rewrite { id: *id, shipping: shipping.clone() })
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
    /// and not empty; the mobile number with eleven digits.
    ///
    /// # Errors
    /// A part is not so; the first one is named.
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
    ///
    /// # Errors
    /// It is not six digits.
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

/// The field's name in the request that adds an address.
impl fmt::Display for AddressField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receiver => "receiver",
            Self::Address => "address",
            Self::Mobile => "mobile",
            Self::Postcode => "postcode",
            Self::Tag => "tag",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipping() -> ShippingAddress {
        ShippingAddress::checked("家", "习瓜瓜", "13691433520", "北京市东城区珍贝大厦").unwrap()
    }

    fn entry(id: i32, is_default: bool) -> AddressEntry {
        let address = Address { id: AddressId(id), is_default, shipping: shipping() };
        AddressEntry { address, postcode: "100062".to_owned() }
    }

    fn add() -> AddressEdit {
        AddressEdit::Add { shipping: shipping(), postcode: Postcode::parse("100062").unwrap() }
    }

    fn adds_default(book: &AddressEntries) -> bool {
        matches!(book.edit(&add()), Ok(AddressChange::Insert { is_default: true, .. }))
    }

    #[test]
    fn the_first_entry_is_the_default() {
        assert!(adds_default(&AddressEntries::default()));
        assert!(!adds_default(&AddressEntries(vec![entry(1, true)])));
        assert!(adds_default(&AddressEntries(vec![entry(1, false)])), "the old shop left some without");
    }

    #[test]
    fn the_default_is_inherited() {
        let book = AddressEntries(vec![entry(3, true), entry(5, false), entry(9, false)]);
        let delete = |id| book.edit(&AddressEdit::Delete(AddressId(id)));
        let deletion = |id, new_default: Option<i32>| {
            Ok(AddressChange::Delete { id: AddressId(id), new_default: new_default.map(AddressId) })
        };
        assert_eq!(delete(3), deletion(3, Some(5)));
        assert_eq!(delete(9), deletion(9, None));
        let last = AddressEntries(vec![entry(3, true)]);
        assert_eq!(last.edit(&AddressEdit::Delete(AddressId(3))), deletion(3, None));
    }

    #[test]
    fn what_is_not_there_is_not_edited() {
        let book = AddressEntries(vec![entry(3, true)]);
        let unknown = AddressId(4);
        for edit in [
            AddressEdit::Rewrite { id: unknown, shipping: shipping() },
            AddressEdit::Delete(unknown),
            AddressEdit::Prefer(unknown),
        ] {
            assert_eq!(book.edit(&edit), Err(AddressRefusal::Unknown), "{edit:?}");
        }
        assert_eq!(book.edit(&AddressEdit::Prefer(AddressId(3))), Ok(AddressChange::Prefer(AddressId(3))));
    }

    #[test]
    fn a_book_does_not_grow_for_ever() {
        let entries = (0..AddressEntries::MOST).map(|id| entry(i32::try_from(id).unwrap(), id == 0));
        assert_eq!(AddressEntries(entries.collect()).edit(&add()), Err(AddressRefusal::Full));
    }

    #[test]
    fn what_the_columns_cannot_hold_is_refused() {
        let check = |title: &str, receiver: &str, mobile: &str, address: &str| {
            ShippingAddress::checked(title, receiver, mobile, address).map_err(|InvalidField(field)| field)
        };
        let (ten, hundred) = ("一".repeat(10), "一".repeat(100));
        assert!(check(&ten, &ten, "13691433520", &hundred).is_ok());
        assert_eq!(check(" 家 ", "习瓜瓜", "13691433520", "北京").unwrap().title, "家");
        let eleven = "一".repeat(11);
        assert_eq!(check(&eleven, "习", "13691433520", "北京"), Err(AddressField::Tag));
        assert_eq!(check("家", &eleven, "13691433520", "北京"), Err(AddressField::Receiver));
        assert_eq!(check("家", "习", "13691433520", &"一".repeat(101)), Err(AddressField::Address));
        for empty in ["", "  ", "\u{3000}"] {
            assert_eq!(check("家", empty, "13691433520", "北京"), Err(AddressField::Receiver));
        }
        assert_eq!(check("家", "😀", "13691433520", "北京"), Err(AddressField::Receiver));
        assert_eq!(check("家", "习\n瓜", "13691433520", "北京"), Err(AddressField::Receiver));
    }

    #[test]
    fn numbers_are_digits() {
        for bad in ["1369143352", "136914335201", "23691433520", "1369143352o", "１3691433520", ""] {
            let checked = ShippingAddress::checked("家", "习", bad, "北京");
            assert_eq!(checked, Err(InvalidField(AddressField::Mobile)), "{bad}");
        }
        assert_eq!(Postcode::parse(" 100062 ").unwrap().as_str(), "100062");
        for bad in ["10006", "1000620", "10006a", ""] {
            assert_eq!(Postcode::parse(bad), Err(InvalidField(AddressField::Postcode)), "{bad}");
        }
    }
}
