//! Secrets and the log level change while the program serves.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Output};

use adapters::system::SystemClock;
use jsonwebtoken::{EncodingKey, Header};
use ports::Clock;
use serde_json::{Value, json};
use tests::{Dashop, Listener, Load, Setup, until};

/// The secret that the test harness signs with.
const OLD: &str = "a secret of the tests, long enough for HS256";
const NEW: &str = "the secret that all tokens are signed with afterwards";
const NO_MORE: &str = "secrets and log level are as the settings say now";

/// A program's settings file, which a test can change.
struct File(PathBuf);

impl File {
    fn of(setup: Setup) -> (Self, Setup) {
        let file = Self(setup.directory().join("dashop.toml"));
        let path = file.0.display().to_string();
        file.write("");
        // Variables of the environment cannot change, so the secrets must not be there.
        (file, setup.with("DASHOP_CONFIG", &path).without("DASHOP_JWT_SECRET").without("DASHOP_STAFF_SECRET"))
    }

    fn write(&self, settings: &str) {
        fs::write(&self.0, settings).unwrap();
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn signs(secret: &str, verifies: Option<&str>) -> String {
    let second = verifies.map(|secret| format!("jwt_verify_secret = '{secret}'\n")).unwrap_or_default();
    format!("jwt_secret = '{secret}'\n{second}")
}

fn reload(dashop: &Dashop) -> Output {
    dashop.setup().run(&["reload"])
}

fn reloaded(dashop: &Dashop) {
    let output = reload(dashop);
    assert!(output.status.success(), "{output:?}");
}

fn token(secret: &str, username: &str) -> String {
    let claims = json!({"username": username, "exp": SystemClock.now().unix_seconds() + 3600});
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn direct_buy(user: i32) -> Value {
    json!({"address_id": user, "settlement_type": 1, "sku_id": 901, "buy_num": 1})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_tokens_is_changed_under_load_without_a_failed_request() {
    const STOCK: i32 = 1_000_000;
    let (file, setup) = File::of(Setup::embedded());
    file.write(&signs(OLD, None));
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 12).await;
    database.add_sku(901, "209.00", STOCK).await;
    let code = async |token: &str| dashop.bearer(token).create(direct_buy(1009)).await["code"].clone();
    assert_eq!(code(&token(NEW, "b1009")).await, 403);

    // These buyers sign in once, and keep their tokens.
    let signed_in = Load::of_direct_buys(&[&dashop], 1001..1005, 901);
    signed_in.orders(20).await;
    file.write(&signs(OLD, Some(NEW)));
    reloaded(&dashop);
    let new = token(NEW, "b1009");
    for _ in 0..10 {
        // Every process knows the new secret before any process signs with it.
        for settings in [signs(NEW, Some(OLD)), signs(OLD, Some(NEW))] {
            signed_in.orders(10).await;
            file.write(&settings);
            reloaded(&dashop);
            assert_eq!(code(&new).await, 200);
        }
    }
    file.write(&signs(NEW, Some(OLD)));
    dashop.signal("HUP");
    until("it has read them at a signal, too", async || dashop.log().matches(NO_MORE).count() == 22).await;
    signed_in.orders(20).await;
    let answers = signed_in.stop().await;
    assert_eq!(
        (answers.lost(), answers.codes().into_keys().collect()),
        (0, vec![200]),
        "{:?}",
        answers.codes()
    );

    file.write(&signs(NEW, None));
    reloaded(&dashop);
    assert_eq!(code(&dashop.token("b1009")).await, 403, "the second secret is gone");
    assert_eq!(code(&new).await, 200);
    let issued = dashop.setup().run(&["token", "b1009"]);
    assert_eq!(code(String::from_utf8(issued.stdout).unwrap().trim()).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_are_refused_and_change_nothing() {
    let (file, setup) = File::of(Setup::embedded());
    file.write(&signs(OLD, None));
    let dashop = setup.start().await;
    let good = dashop.token("demo");
    File(dashop.setup().directory().join("empty")).write("\n");
    for (settings, said) in [
        ("jwt_secret = '1234567'".to_owned(), "DASHOP_JWT_SECRET must have at least 16 bytes"),
        (format!("{}jwt_verify_until = '2026-12-31'", signs(NEW, None)), "DASHOP_JWT_VERIFY_UNTIL"),
        ("jwt_secret_file = 'empty'".to_owned(), "DASHOP_JWT_SECRET_FILE names empty, which is empty"),
        (format!("{}log_level = 'loud,=x'", signs(NEW, None)), "DASHOP_LOG_LEVEL"),
        (format!("{}freight = 'ten'", signs(NEW, None)), "DASHOP_FREIGHT"),
        (
            format!("{}events_url = 'http://127.0.0.1:9/'\nevents_secret = '{NEW}'", signs(NEW, None)),
            "DASHOP_EVENTS_URL",
        ),
        ("jwt_secret".to_owned(), "the configuration file"),
    ] {
        file.write(&settings);
        let before = dashop.log().len();
        if said.starts_with("DASHOP") {
            let output = reload(&dashop);
            let complaint = String::from_utf8(output.stderr).unwrap();
            // The command passes the program's refusal on. It cannot read a file that is no settings at all, so that case
            // uses a signal.
            assert_eq!(output.status.code(), Some(1), "{settings}");
            assert!(complaint.contains("refused") && complaint.contains(said), "{complaint}");
            assert!(!complaint.contains("1234567") && !complaint.contains(NEW), "{complaint}");
        } else {
            dashop.signal("HUP");
        }
        until("the log says so", async || dashop.log()[before..].contains("the new settings are refused"))
            .await;
        let log = dashop.log();
        assert!(log[before..].contains(said) && !log.contains("1234567") && !log.contains(NEW), "{log}");
        assert_eq!(dashop.bearer(&good).list(0).await.len(), 0, "the old secret goes on: {settings}");
    }
    file.write(&signs(OLD, None));
    let elsewhere = dashop.setup().beside().run(&["reload"]);
    assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("no program listens"), "{elsewhere:?}");
    let setup = dashop.stop().await;
    let nobody = setup.run(&["reload"]);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no program listens"), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_level_changes_and_changes_back() {
    let (file, setup) = File::of(Setup::embedded());
    let dashop = setup.start().await;
    let said = |level: &str| {
        file.write(&format!("log_level = '{level}'"));
        let before = dashop.log().len();
        reloaded(&dashop);
        dashop.log()[before..].contains(NO_MORE)
    };
    assert_eq!(["warn", "info", "error", "debug"].map(said), [false, true, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secrets_of_staff_and_of_events_change_with_the_others() {
    const OF_STAFF: [&str; 2] =
        ["the secret of staff until now, long enough", "the secret of staff from now on, as long"];
    const OF_EVENTS: [&str; 2] = ["events until now", "events from now on"];
    let listener = Listener::start().await;
    let (file, setup) = File::of(Setup::embedded().with("DASHOP_EVENTS_URL", listener.url()));
    let settings = |staff: &str, more: &str, events: &str| {
        file.write(&format!(
            "{}staff_secret = '{staff}'\n{more}\nevents_secret = '{events}'",
            signs(OLD, None)
        ));
    };
    settings(OF_STAFF[0], "", OF_EVENTS[0]);
    let dashop = setup.start().await;
    let order = async || {
        let body = json!({"address_id": 1, "settlement_type": 1, "sku_id": 15, "buy_num": 1});
        let created = dashop.buyer("demo").create(body).await;
        let number = created["data"]["order_id"].as_str().unwrap().to_owned();
        until("it is told", async || !listener.events(&number).is_empty()).await;
        number
    };
    let number = order().await;
    assert!(listener.events(&number)[0].is_signed_with(OF_EVENTS[0]));
    let staff = dashop.staff("店长");
    staff.order(&number).await;
    settings(OF_STAFF[1], &format!("staff_verify_secret = '{}'", OF_STAFF[0]), OF_EVENTS[1]);
    reloaded(&dashop);
    staff.order(&number).await;
    dashop.staff("店长").order(&number).await;
    let next = order().await;
    assert!(listener.events(&next)[0].is_signed_with(OF_EVENTS[1]));
    settings(OF_STAFF[1], "", OF_EVENTS[1]);
    reloaded(&dashop);
    assert_eq!(staff.act(&number, "ship", json!({})).await.status, 401);
    dashop.staff("店长").order(&number).await;
}
