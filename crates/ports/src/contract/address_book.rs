//! [`crate::AddressBook`].

use std::sync::Arc;

use domain::{AddressId, Caller, MarkKey, NotAdmitted};

use super::{
    NewAddress, Shop,
    samples::{an_address, caller, shipping},
};

/// The default one first, then by id; deleted ones and those of others are not there.
pub async fn lists_the_default_first_and_deleted_never(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let other = shop.add_user("other").await;
    let first = shop.add_address(user, an_address("一")).await;
    let deleted = NewAddress { is_alive: false, is_default: true, ..an_address("删") };
    shop.add_address(user, deleted).await;
    let default = shop.add_address(user, NewAddress { is_default: true, ..an_address("二") }).await;
    let last = shop.add_address(user, an_address("三")).await;

    let book = shop.addresses().of_user(user).await.unwrap();
    assert_eq!(book.iter().map(|address| address.id).collect::<Vec<_>>(), [default, first, last]);
    assert_eq!(book.iter().map(|address| address.is_default).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(book[0].shipping, shipping("二"));
    assert_eq!(shop.addresses().of_user(other).await.unwrap(), []);
}

/// Another user's address, a deleted one and one that does not exist are no destination.
pub async fn finds_a_destination_of_the_buyer_alone(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let other = shop.add_user("other").await;
    let own = shop.add_address(user, an_address("一")).await;
    let deleted = shop.add_address(user, NewAddress { is_alive: false, ..an_address("删") }).await;
    let others = shop.add_address(other, an_address("别人家")).await;
    let find =
        async |name: &str, address_id| shop.addresses().destination(&caller(name), address_id).await.unwrap();

    let destination = find("demo", own).await.unwrap();
    assert_eq!(destination.user_id, user);
    let address = destination.address.unwrap();
    assert_eq!((address.id, address.shipping), (own, shipping("一")));
    for (what, id) in [("deleted", deleted), ("another's", others), ("unknown", AddressId(999_999))] {
        let destination = find("demo", id).await.unwrap();
        assert_eq!((destination.user_id, destination.address), (user, None), "{what}");
    }
    assert_eq!(find("Demo", own).await, Err(NotAdmitted::UnknownUser), "another name");
    assert_eq!(find("nobody", own).await, Err(NotAdmitted::UnknownUser));
}

/// An order starts with the same question as every other request.
pub async fn finds_a_destination_of_whom_the_token_lets_in(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let own = shop.add_address(user, an_address("一")).await;
    let find = async |caller: &Caller| shop.addresses().destination(caller, own).await.unwrap();
    let mark = Some(MarkKey::new(b"a secret").read("of another password".to_owned()));
    shop.set_password(user, "md5", true).await;
    assert!(find(&caller("demo")).await.is_ok());
    assert_eq!(find(&Caller { mark, ..caller("demo") }).await, Err(NotAdmitted::PasswordChanged));
    shop.set_password(user, "md5", false).await;
    assert_eq!(find(&caller("demo")).await, Err(NotAdmitted::UnknownUser));
}
