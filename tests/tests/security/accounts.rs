//! Tokens of users who may no longer sign in.

use serde_json::json;
use tests::{Buyer, Dashop, Database, Setup};

tests::on_both_stores!(
    an_inactive_user_is_refused_at_once,
    a_token_ends_when_the_password_changes,
    the_token_of_the_first_sign_in_ends_when_the_hash_changes,
    the_first_sign_in_ends_no_token,
);

const PASSWORD: &str = "123456";
const MD5: &str = "e10adc3949ba59abbe56e057f20f883e";

/// A shop with a buyer `b901` who has signed in, and access to its database.
async fn signed_in(setup: Setup) -> (Dashop, Database, Buyer) {
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(901, 1).await;
    set(&mut database, &format!("password = '{MD5}'")).await;
    let token = token(&dashop).await;
    let buyer = dashop.bearer(&token);
    (dashop, database, buyer)
}

async fn token(dashop: &Dashop) -> String {
    let answer = dashop.sign_in("b901", PASSWORD).await;
    answer["data"]["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn set(database: &mut Database, assignment: &str) {
    database.execute(&format!("UPDATE user_profile SET {assignment} WHERE id = 901")).await;
}

/// The codes of three operations: one reads, one changes, one creates.
async fn codes(buyer: &Buyer) -> Vec<i64> {
    let create = json!({"address_id": 901, "settlement_type": 1, "sku_id": 1, "buy_num": 1});
    let answers = [
        buyer.preview("settlement_type=1&sku_id=1&buy_num=1").await,
        buyer.pay("1").await,
        buyer.create(create).await,
    ];
    answers.iter().map(|answer| answer["code"].as_i64().unwrap()).collect()
}

/// 50107 means that the order does not exist; the token was accepted.
const LET_IN: [i64; 3] = [200, 50107, 200];

async fn an_inactive_user_is_refused_at_once(setup: Setup) {
    let (dashop, mut database, buyer) = signed_in(setup).await;
    // A token as the old back end makes it.
    let old = dashop.buyer("b901");
    assert_eq!(codes(&buyer).await, LET_IN);
    assert_eq!(codes(&old).await, LET_IN);
    set(&mut database, "isActive = 0").await;
    assert_eq!(codes(&buyer).await, [208; 3]);
    assert_eq!(codes(&old).await, [208; 3]);
    set(&mut database, "isActive = 1").await;
    assert_eq!(codes(&buyer).await, LET_IN);
}

async fn a_token_ends_when_the_password_changes(setup: Setup) {
    let (dashop, mut database, first) = signed_in(setup).await;
    let second = dashop.bearer(&token(&dashop).await);
    let printed = dashop.setup().run(&["token", "b901"]);
    assert!(printed.status.success(), "{printed:?}");
    let printed = dashop.bearer(str::from_utf8(&printed.stdout).unwrap().trim());
    let old = dashop.buyer("b901");
    for buyer in [&first, &second, &printed, &old] {
        assert_eq!(codes(buyer).await, LET_IN);
    }
    // The old back end changes a password this way.
    set(&mut database, "password = '0123456789abcdef0123456789abcdef', dashop_password = NULL").await;
    for buyer in [&first, &second, &printed] {
        assert_eq!(codes(buyer).await, [403; 3]);
    }
    assert_eq!(codes(&old).await, LET_IN, "a token of the old back end does not tell of the password");
}

async fn the_token_of_the_first_sign_in_ends_when_the_hash_changes(setup: Setup) {
    let (_dashop, mut database, first) = signed_in(setup).await;
    assert_eq!(codes(&first).await, LET_IN);
    // The MD5 no longer counts, but stays.
    set(&mut database, "dashop_password = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'").await;
    assert_eq!(codes(&first).await, [403; 3]);
    set(&mut database, "dashop_password = NULL").await;
    assert_eq!(codes(&first).await, [403; 3]);
}

async fn the_first_sign_in_ends_no_token(setup: Setup) {
    let (dashop, mut database, _) = signed_in(setup).await;
    set(&mut database, "dashop_password = NULL").await;
    let printed = dashop.setup().run(&["token", "b901"]);
    let printed = dashop.bearer(str::from_utf8(&printed.stdout).unwrap().trim());
    let first = dashop.bearer(&token(&dashop).await);
    let hashes = database.number("SELECT COUNT(dashop_password) AS n FROM user_profile WHERE id = 901").await;
    assert_eq!(hashes, 1, "the first sign-in");
    token(&dashop).await;
    assert_eq!(codes(&first).await, LET_IN);
    assert_eq!(codes(&printed).await, LET_IN, "it was printed before");
}
