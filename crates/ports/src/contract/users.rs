//! [`crate::Users`].

use std::sync::Arc;

use domain::Username;

use super::Shop;

/// Letter for letter: neither case nor blanks nor width are overlooked.
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
