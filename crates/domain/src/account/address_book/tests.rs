use super::*;

fn shipping() -> ShippingAddress {
    ShippingAddress::checked("家", "习瓜瓜", "13691433520", "北京市东城区珍贝大厦").unwrap()
}

fn entry(id: i32, is_default: bool) -> AddressEntry {
    let address = Address { id: AddressId(id), is_default, shipping: shipping() };
    AddressEntry { address, postcode: "100062".to_owned() }
}

fn add() -> AddressEdit {
    AddressEdit::Add(shipping(), Postcode::parse("100062").unwrap())
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
        AddressEdit::Rewrite(unknown, shipping()),
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
