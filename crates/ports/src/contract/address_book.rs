//! [`crate::AddressBook`].

use std::sync::Arc;

use domain::{AddressChange, AddressEdit, AddressEntries, AddressId, Postcode, ShippingAddress, UserId};

use super::{
    NewAddress, Shop,
    samples::{an_address, caller, how_many, noon, shipping},
};
use crate::StoreError;

async fn entries(shop: &Arc<dyn Shop>, user_id: UserId) -> AddressEntries {
    shop.addresses().entries(user_id).await.unwrap()
}

/// Street and default of each entry.
fn summary(entries: &AddressEntries) -> Vec<(&str, bool)> {
    let address = entries.0.iter().map(|entry| &entry.address);
    address.map(|address| (address.shipping.address.as_str(), address.is_default)).collect()
}

fn add(street: &str) -> AddressEdit {
    AddressEdit::Add(shipping(street), Postcode::parse("100062").unwrap())
}

/// Decides on the present entries, and writes the change.
async fn edit(shop: &Arc<dyn Shop>, user_id: UserId, edit: &AddressEdit) -> Result<bool, StoreError> {
    let before = shop.addresses().entries(user_id).await?;
    let change = before.edit(edit).unwrap();
    shop.addresses().apply(user_id, &before, &change, noon()).await
}

fn id_of(entries: &AddressEntries, street: &str) -> AddressId {
    let address = entries.0.iter().map(|entry| &entry.address);
    address.into_iter().find(|address| address.shipping.address == street).unwrap().id
}

/// The default entry comes first, then the others by id, without deleted entries and those of other users.
pub async fn lists_the_default_first_and_deleted_never(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let other = shop.add_user("other").await;
    let first = shop.add_address(user, an_address("一")).await;
    let deleted = NewAddress { is_alive: false, is_default: true, ..an_address("删") };
    shop.add_address(user, deleted).await;
    let default = shop.add_address(user, NewAddress { is_default: true, ..an_address("二") }).await;
    let last = shop.add_address(user, an_address("三")).await;

    let book = entries(&shop, user).await;
    assert_eq!(summary(&book), [("二", true), ("一", false), ("三", false)]);
    assert_eq!(book.0.iter().map(|entry| entry.address.id).collect::<Vec<_>>(), [default, first, last]);
    assert_eq!(book.0[0].address.shipping, shipping("二"));
    assert_eq!(entries(&shop, other).await, AddressEntries::default());
}

/// The row of a deleted entry stays for orders that refer to it, but the entry is no longer listed.
pub async fn adds_rewrites_and_deletes(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let other = shop.add_user("other").await;
    shop.add_address(other, an_address("别人家")).await;
    assert_eq!(entries(&shop, user).await, AddressEntries::default());
    assert!(edit(&shop, user, &add("一")).await.unwrap());
    assert!(edit(&shop, user, &add("二")).await.unwrap());
    let book = entries(&shop, user).await;
    assert_eq!(summary(&book), [("一", true), ("二", false)]);
    assert_eq!((&book.0[0].address.shipping, book.0[0].postcode.as_str()), (&shipping("一"), "100062"));

    let (first, second) = (id_of(&book, "一"), id_of(&book, "二"));
    let rewritten = ShippingAddress {
        title: "公司".to_owned(),
        receiver: "达小达".to_owned(),
        mobile: "13800138000".to_owned(),
        address: "三".to_owned(),
    };
    let rewrite = AddressEdit::Rewrite(second, rewritten.clone());
    assert!(edit(&shop, user, &rewrite).await.unwrap());
    let book = entries(&shop, user).await;
    assert_eq!(summary(&book), [("一", true), ("三", false)]);
    assert_eq!((&book.0[1].address.shipping, book.0[1].postcode.as_str()), (&rewritten, "100062"));

    assert!(edit(&shop, user, &AddressEdit::Delete(first)).await.unwrap());
    assert_eq!(summary(&entries(&shop, user).await), [("三", true)]);
    let destination = shop.users().destination(&caller("demo"), first).await.unwrap();
    assert_eq!(destination.unwrap().address, None);
    assert_eq!(summary(&entries(&shop, other).await), [("别人家", false)]);
}

/// There is one default after any change. Other users' entries and deleted ones are not affected.
pub async fn keeps_one_default(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let other = shop.add_user("other").await;
    let default = |street| NewAddress { is_default: true, ..an_address(street) };
    shop.add_address(other, default("别人家")).await;
    shop.add_address(user, NewAddress { is_alive: false, ..default("删") }).await;
    for street in ["一", "二"] {
        shop.add_address(user, default(street)).await;
    }
    let third = shop.add_address(user, an_address("三")).await;
    assert!(edit(&shop, user, &AddressEdit::Prefer(third)).await.unwrap());
    assert_eq!(summary(&entries(&shop, user).await), [("三", true), ("一", false), ("二", false)]);
    assert!(edit(&shop, user, &AddressEdit::Delete(third)).await.unwrap());
    assert_eq!(summary(&entries(&shop, user).await), [("一", true), ("二", false)]);
    assert_eq!(summary(&entries(&shop, other).await), [("别人家", true)]);
}

/// A change that was decided on entries that have changed since is not written.
pub async fn writes_on_what_it_was_decided_on_alone(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let before = entries(&shop, user).await;
    let change = before.edit(&add("一")).unwrap();
    assert!(edit(&shop, user, &add("二")).await.unwrap());
    let applied = shop.addresses().apply(user, &before, &change, noon()).await.unwrap();
    assert!(!applied, "it would be a second default");
    let book = entries(&shop, user).await;
    shop.move_address(id_of(&book, "二"), "搬走").await;
    let stale = AddressChange::Delete { id: id_of(&book, "二"), new_default: None };
    assert!(!shop.addresses().apply(user, &book, &stale, noon()).await.unwrap());
    assert_eq!(summary(&entries(&shop, user).await), [("搬走", true)]);
}

/// Many tasks add entries at once: each entry that is reported as written is stored, and one is the default.
pub async fn loses_no_entry(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let written = how_many(16, |number| {
        let shop = Arc::clone(&shop);
        async move {
            match edit(&shop, user, &add(&number.to_string())).await {
                Ok(written) => written,
                Err(StoreError::Busy(_)) => false,
                Err(error) => panic!("{error:?}"),
            }
        }
    })
    .await;
    let book = entries(&shop, user).await;
    assert_eq!((book.0.len(), written >= 1), (written, true));
    assert_eq!(book.0.iter().filter(|entry| entry.address.is_default).count(), 1, "{book:?}");
}
