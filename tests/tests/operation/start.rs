//! What the program needs at its start, and what it waits for.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    process::{Command, Output},
};

use tests::{Server, Setup, until};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_starts_at_the_same_time_is_waited_for() {
    let (mut mariadb, redis) = (Server::mariadb().await, Server::redis().await);
    let setup = Setup::on(&mariadb, &redis).await;
    mariadb.kill();
    let starting = tokio::spawn(setup.clone().start());
    until("it says that it waits", async || setup.log().contains("waiting for the database")).await;
    mariadb.start().await;
    let dashop = starting.await.unwrap();
    assert_eq!(tests::Browser::new().status(&dashop.url("/readyz")).await, Some(200));
}

/// Process 1 of a container ignores each signal for which it has no handler.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_stop_while_it_waits_for_the_database_stops() {
    let (mut mariadb, redis) = (Server::mariadb().await, Server::redis().await);
    let setup = Setup::on(&mariadb, &redis).await;
    mariadb.kill();
    for signal in ["TERM", "INT"] {
        let before = setup.log().len();
        let dashop = setup.clone().launch();
        until("it waits", async || setup.log()[before..].contains("waiting for the database")).await;
        dashop.signal(signal);
        dashop.ended().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_never_comes_is_given_up_and_one_that_refuses_at_once() {
    let (mut mariadb, redis) = (Server::mariadb().await, Server::redis().await);
    let setup = Setup::on(&mariadb, &redis).await.with("DASHOP_DATABASE_START_TIMEOUT", "1");
    let wrong = setup.data().database_url().replace("root@", "root:wrong@");
    let refused = setup.clone().with("DASHOP_DATABASE_URL", &wrong).run(&["migrate"]);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("Access denied") && !said(&refused).contains("waiting"),
        "{}",
        said(&refused)
    );
    mariadb.kill();
    let given_up = setup.run(&["migrate"]);
    assert!(!given_up.status.success());
    assert!(said(&given_up).contains("waiting for the database"), "{}", said(&given_up));
}

/// The settings of a container that migrates and does nothing else.
fn migrating(setup: &Setup) -> Command {
    let mut command = setup.command();
    for name in ["DASHOP_JWT_SECRET", "DASHOP_STAFF_SECRET", "DASHOP_SANDBOX", "DASHOP_REDIS_URL"] {
        command.env_remove(name);
    }
    command.arg("migrate");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_needs_the_database_alone() {
    let setup = Setup::on_servers().await;
    let output = migrating(&setup).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("ran 2026-11-23-000001_shop_tables"), "{}", said(&output));
    let again = migrating(&setup).output().unwrap();
    assert!(said(&again).contains("the schema is up to date"), "{}", said(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_shop_without_its_demo_user_starts() {
    let dashop = Setup::embedded().start().await;
    until("it greets with a token", async || dashop.log().contains("TOKEN=")).await;
    let setup = dashop.stop().await;
    let mut database = setup.data().open().await;
    database.execute("UPDATE user_profile SET username = 'owner' WHERE username = 'demo'").await;
    drop(database);
    let before = setup.log().len();
    let dashop = setup.start().await;
    until("it greets", async || dashop.log()[before..].contains("dashop 达达商城")).await;
    let log = dashop.stop().await.log();
    assert!(log[before..].contains("Alipay sandbox") && !log[before..].contains("TOKEN="), "{log}");
}

/// If such a setting were treated as unset, the shop would run with other settings.
#[tokio::test]
async fn a_setting_that_is_not_text_is_refused_by_name() {
    let setup = Setup::embedded();
    for (name, value) in [(&b"DASHOP_FREIGHT"[..], &b"\xb0\xcb"[..]), (b"DASHOP_\xff", b"1")] {
        let mut command = setup.command();
        let output = command.env(OsStr::from_bytes(name), OsStr::from_bytes(value)).arg("config").output();
        let output = output.unwrap();
        assert!(!output.status.success(), "{}", said(&output));
        let why = format!("{} is not text in UTF-8", String::from_utf8_lossy(name));
        assert!(said(&output).contains(&why), "{}", said(&output));
    }
    let others =
        setup.command().env("LESSCHARSET", OsStr::from_bytes(b"\xff")).arg("config").output().unwrap();
    assert!(others.status.success(), "{}", said(&others));
}

#[tokio::test]
async fn settings_that_no_server_could_start_with_are_not_shown_as_if_they_were_good() {
    let alipay = tests::Alipay::new();
    let setup = Setup::embedded().paying_at(&alipay);
    assert!(setup.run(&["config"]).status.success());
    let own_key = alipay.application.public_key().to_spki_pem().unwrap();
    for wrong in
        [own_key.as_str(), "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "nonsense"]
    {
        for name in ["DASHOP_ALIPAY_PUBLIC_KEY", "DASHOP_ALIPAY_PREVIOUS_PUBLIC_KEY"] {
            let output = setup.clone().with(name, wrong).run(&["config"]);
            assert!(!output.status.success(), "{name} {wrong}: {}", said(&output));
            assert!(said(&output).contains(&format!("{name}: ")), "{name} {wrong}: {}", said(&output));
        }
    }
}
