//! [`crate::Credentials`].

use std::sync::Arc;

use domain::{PasswordHash, StoredPassword, Username};

use super::Shop;
use crate::Credential;

const MD5: &str = "e10adc3949ba59abbe56e057f20f883e";

async fn find(shop: &Arc<dyn Shop>, name: &str) -> Option<Credential> {
    shop.credentials().credential(&Username(name.to_owned())).await.unwrap()
}

fn stored(md5: &str, hash: Option<PasswordHash>) -> StoredPassword {
    StoredPassword { md5: md5.to_owned(), hash }
}

/// Names are compared letter for letter; the answer says whether the user may sign in.
pub async fn are_found_by_their_exact_name(shop: Arc<dyn Shop>) {
    let demo = shop.add_user("demo").await;
    let locked = shop.add_user("习瓜瓜").await;
    shop.set_password(demo, MD5, true).await;
    shop.set_password(locked, "other", false).await;
    let (active, inactive) = (stored(MD5, None), stored("other", None));
    let found = Credential { user_id: demo, is_active: true, password: active };
    assert_eq!(find(&shop, "demo").await, Some(found));
    let found = Credential { user_id: locked, is_active: false, password: inactive };
    assert_eq!(find(&shop, "习瓜瓜").await, Some(found));
    for unknown in ["Demo", "demo ", "dem", "", "😀"] {
        assert_eq!(find(&shop, unknown).await, None, "{unknown:?}");
    }
}

/// A stored hash stays, even if the MD5 changes. A second hash, or a hash for another MD5, is not stored.
pub async fn keep_the_first_hash_alone(shop: Arc<dyn Shop>) {
    let demo = shop.add_user("demo").await;
    let other = shop.add_user("other").await;
    shop.set_password(demo, MD5, true).await;
    shop.set_password(other, MD5, true).await;
    let hash = |text: &str| PasswordHash(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${text}"));
    let keep =
        async |md5: &str, text: &str| shop.credentials().keep_hash(demo, md5, &hash(text)).await.unwrap();
    assert!(!keep("changed meanwhile", "stale").await);
    assert_eq!(find(&shop, "demo").await.unwrap().password, stored(MD5, None));
    assert!(keep(MD5, "first").await);
    assert!(!keep(MD5, "second").await);
    shop.set_password(demo, "", true).await;
    assert_eq!(find(&shop, "demo").await.unwrap().password, stored("", Some(hash("first"))));
    assert_eq!(find(&shop, "other").await.unwrap().password, stored(MD5, None), "nobody else's");
}
