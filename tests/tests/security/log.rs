//! What the log says about strangers, and how much.

use serde_json::json;
use tests::{Browser, Dashop, Setup};

/// The lines of one kind of security event.
fn events(dashop: &Dashop, kind: &str) -> Vec<String> {
    let named = format!("event=\"{kind}\"");
    dashop.log().lines().filter(|line| line.contains(&named)).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_and_lock_outs_are_told_with_name_and_address() {
    let dashop = Setup::embedded().with("DASHOP_SIGN_IN_FAILURES", "2").start().await;
    for _ in 0..3 {
        dashop.sign_in("demo", "wrong\nWARN forged").await;
    }
    dashop.sign_in("nobody\nWARN forged", "x").await;
    let failed = events(&dashop, "sign_in_failed");
    assert_eq!(failed.len(), 3, "{failed:?}");
    assert!(failed[0].contains(" WARN ") && failed[0].contains("127.0.0.1") && failed[0].contains("demo"));
    assert!(failed[2].contains("nobody\\nWARN forged"), "{failed:?}");
    let locked = events(&dashop, "sign_in_locked_out");
    assert_eq!(locked.len(), 1, "{locked:?}");
    assert!(locked[0].contains("127.0.0.1") && locked[0].contains("demo"));
    let log = dashop.log();
    assert!(!log.contains("wrong") && !log.lines().any(|line| line.starts_with("WARN forged")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_messages_and_tokens_are_told_a_bounded_number_of_times() {
    let dashop = Setup::embedded().start().await;
    let browser = Browser::new();
    let url = dashop.url("/v1/orders/success/");
    let forged = browser.get_with(&dashop.url("/v1/admin/orders"), "authorization", "x.y.z").await;
    assert_eq!(forged.status, 401);
    browser.get(&dashop.url("/v1/admin/orders")).await;
    let buyers = dashop.setup().run(&["token", "demo"]);
    let buyers = String::from_utf8(buyers.stdout).unwrap();
    browser.get_with(&dashop.url("/v1/admin/orders"), "authorization", buyers.trim()).await;
    let refused = events(&dashop, "staff_token_refused");
    assert_eq!(refused.len(), 2, "no token is no forged one: {refused:?}");
    assert!(refused[0].contains("127.0.0.1") && refused[1].contains("demo"), "{refused:?}");
    let session = dashop.url("/v1/admin/session");
    assert_eq!(browser.post_form(&session, "{\"code\":\"x\"}").await.status, 401);
    assert_eq!(events(&dashop, "staff_code_refused").len(), 1);
    for _ in 0..100 {
        assert_eq!(browser.post_form(&url, "out_trade_no=1&sign=eA%3D%3D").await.text, "非法访问");
        assert_eq!(browser.get(&format!("{url}?out_trade_no=1&sign=eA%3D%3D")).await.text, "非法访问");
    }
    for kind in ["notification_refused", "return_refused"] {
        let told = events(&dashop, kind);
        // The hundred events may fall into two minutes.
        assert!((31..=62).contains(&told.len()), "{}: {told:?}", told.len());
        assert!(told[0].contains("127.0.0.1") && told[0].contains("reason="), "{told:?}");
        assert!(told[30].contains("not logged"), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_believed_is_told_once() {
    for (trusted, lines) in [("false", 1), ("true", 0)] {
        let dashop = Setup::embedded().with("DASHOP_TRUSTED_PROXY", trusted).start().await;
        for _ in 0..3 {
            Browser::new().get_with(&dashop.url("/healthz"), "x-forwarded-for", "203.0.113.7").await;
        }
        let told = dashop.log().matches("DASHOP_TRUSTED_PROXY").count();
        assert_eq!(told, lines, "{trusted}: {}", dashop.log());
    }
}

/// Ten wrong passwords from another address once locked the buyer out, and a hundred locked out everybody behind a
/// proxy.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_lock_out_nobody_else() {
    let dashop = Setup::embedded().with("DASHOP_TRUSTED_PROXY", "true").start().await;
    let browser = Browser::new();
    let sign_in = async |address: &str, password: &str| {
        let body = json!({"username": "demo", "password": password}).to_string();
        let url = dashop.url("/v1/tokens");
        browser.post_with(&url, "x-forwarded-for", address, &body).await.json()["code"].clone()
    };
    for _ in 0..10 {
        assert_eq!(sign_in("203.0.113.7", "wrong").await, 106);
    }
    assert_eq!(sign_in("203.0.113.7", "123456").await, 107);
    assert_eq!(sign_in("203.0.113.8", "123456").await, 200);
}
