//! Encrypted connections to the servers.

use serde_json::{Value, json};
use tests::{Browser, Certificates, Server, Setup, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_databases_certificate_is_checked_as_the_setting_says() {
    let (right, other) = (Certificates::of("IP:127.0.0.1"), Certificates::of("IP:127.0.0.1"));
    let options = [
        format!("--ssl-cert={}", right.certificate().display()),
        format!("--ssl-key={}", right.key().display()),
    ];
    let mariadb = Server::mariadb_with(&options.each_ref().map(String::as_str)).await;
    let redis = Server::redis().await;
    let setup = Setup::on(&mariadb, &redis).await.with("DASHOP_DATABASE_START_TIMEOUT", "0");
    for (mode, certificates, is_good) in
        [("required", &right, true), ("required", &other, false), ("unverified", &other, true)]
    {
        let authority = certificates.authority().display().to_string();
        let setup =
            setup.clone().with("DASHOP_DATABASE_TLS", mode).with("DASHOP_DATABASE_TLS_CA", &authority);
        let output = setup.run(&["migrate"]);
        assert_eq!(output.status.success(), is_good, "{mode}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_are_reached_over_tls() {
    let (right, other) = (Certificates::of("IP:127.0.0.1"), Certificates::of("IP:127.0.0.1"));
    let (mariadb, redis) = (Server::mariadb().await, Server::redis_with_tls(&right).await);
    let setup = Setup::on(&mariadb, &redis).await.with("DASHOP_REDIS_URL", &format!("{}/4", redis.tls_url()));
    for (certificates, ready) in
        [(&right, json!({"status": "ok"})), (&other, json!({"status": "ok", "degraded": ["carts"]}))]
    {
        let authority = certificates.authority().display().to_string();
        let dashop = setup.beside().with("DASHOP_REDIS_TLS_CA", &authority).start().await;
        let says = async || -> Value { Browser::new().get(&dashop.url("/readyz")).await.json() };
        until("it says so", async || says().await == ready).await;
    }
}
