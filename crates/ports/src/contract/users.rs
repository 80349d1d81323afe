//! [`crate::Users`].

use std::sync::Arc;

use domain::{AddressId, Caller, MarkKey, NotAdmitted, PasswordHash, StoredPassword, UserId, Username};

use super::{
    NewAddress, Shop,
    samples::{an_address, caller, shipping},
};

/// Names are compared letter for letter: case, blanks and width matter.
pub async fn are_found_by_their_exact_name(shop: Arc<dyn Shop>) {
    let demo = shop.add_user("demo").await;
    let guagua = shop.add_user("习瓜瓜").await;
    let find = async |name: &str| shop.users().find(&Username(name.to_owned())).await.unwrap();
    assert_eq!(find("demo").await, Some(demo));
    assert_eq!(find("习瓜瓜").await, Some(guagua));
    for unknown in
        ["Demo", "DEMO", "demo ", " demo", "démo", "dem", "ｄｅｍｏ", "", "习瓜", "%", "demo\0", "😀"]
    {
        assert_eq!(find(unknown).await, None, "{unknown:?}");
    }
    assert_eq!(find(&"d".repeat(5_000)).await, None);
}

async fn authenticate(shop: &Arc<dyn Shop>, name: &str) -> Result<UserId, NotAdmitted> {
    shop.users().authenticate(&caller(name)).await.unwrap()
}

/// Names are compared letter for letter here too, and inactive users are refused. Staff find inactive users.
pub async fn are_let_in_while_they_are_active(shop: Arc<dyn Shop>) {
    let demo = shop.add_user("demo").await;
    shop.set_password(demo, "md5", true).await;
    assert_eq!(authenticate(&shop, "demo").await, Ok(demo));
    for unknown in ["Demo", "demo ", "nobody", "😀"] {
        assert_eq!(authenticate(&shop, unknown).await, Err(NotAdmitted::UnknownUser), "{unknown:?}");
    }
    shop.set_password(demo, "md5", false).await;
    assert_eq!(authenticate(&shop, "demo").await, Err(NotAdmitted::UnknownUser));
    assert_eq!(shop.users().find(&Username("demo".to_owned())).await.unwrap(), Some(demo));
}

/// A token with a mark is valid as long as the password for which it was issued.
pub async fn are_let_in_until_their_password_changes(shop: Arc<dyn Shop>) {
    let demo = shop.add_user("demo").await;
    shop.set_password(demo, "md5", true).await;
    let username = Username("demo".to_owned());
    let mark = MarkKey::new(b"a secret").mark(&StoredPassword { md5: "md5".to_owned(), hash: None });
    let caller = Caller { username: username.clone(), mark: Some(mark) };
    assert_eq!(shop.users().authenticate(&caller).await.unwrap(), Ok(demo));
    let hash = PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
    let kept = shop.credentials().keep_hash(demo, "md5", &hash).await.unwrap();
    assert_eq!(shop.users().authenticate(&caller).await.unwrap(), Ok(demo), "the first sign-in");
    let password = StoredPassword { md5: "md5".to_owned(), hash: kept.then_some(hash) };
    let hashed = Caller { username, mark: Some(MarkKey::new(b"a secret").mark(&password)) };
    let other = StoredPassword { hash: Some(PasswordHash("another".to_owned())), ..password };
    let other = Caller { mark: Some(MarkKey::new(b"a secret").mark(&other)), ..hashed.clone() };
    assert_eq!(shop.users().authenticate(&other).await.unwrap(), Err(NotAdmitted::PasswordChanged));
    assert_eq!(shop.users().authenticate(&hashed).await.unwrap(), Ok(demo));
    shop.set_password(demo, "another", true).await;
    for ended in [caller, hashed] {
        assert_eq!(shop.users().authenticate(&ended).await.unwrap(), Err(NotAdmitted::PasswordChanged));
    }
}

/// Another user's address, a deleted address and a missing address are no destination.
pub async fn have_destinations_of_their_own_alone(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let other = shop.add_user("other").await;
    let own = shop.add_address(user, an_address("一")).await;
    let deleted = shop.add_address(user, NewAddress { is_alive: false, ..an_address("删") }).await;
    let others = shop.add_address(other, an_address("别人家")).await;
    let find =
        async |name: &str, address_id| shop.users().destination(&caller(name), address_id).await.unwrap();

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

/// An order is admitted by the same check as every other request.
pub async fn have_a_destination_where_they_are_let_in(shop: Arc<dyn Shop>) {
    let user = shop.add_user("demo").await;
    let own = shop.add_address(user, an_address("一")).await;
    let find = async |caller: &Caller| shop.users().destination(caller, own).await.unwrap();
    let mark = Some(MarkKey::new(b"a secret").read("of another password".to_owned()));
    shop.set_password(user, "md5", true).await;
    assert!(find(&caller("demo")).await.is_ok());
    assert_eq!(find(&Caller { mark, ..caller("demo") }).await, Err(NotAdmitted::PasswordChanged));
    shop.set_password(user, "md5", false).await;
    assert_eq!(find(&caller("demo")).await, Err(NotAdmitted::UnknownUser));
}
