//! What monitoring sees, and that no client can make it grow.

use std::collections::BTreeSet;

use serde_json::json;
use tests::{Browser, Dashop, Prometheus, Sandbox, Server, Setup, until};

/// The names and labels of all series, without values.
async fn series(dashop: &Dashop) -> BTreeSet<String> {
    let metrics = dashop.metrics().await;
    let lines = metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

fn request(labels: &str) -> String {
    format!("dashop_http_requests_total{{{labels}}}")
}

const CREATED: &str =
    r#"method="POST",route="/v1/orders/processing",operation="create",status="200",code="200""#;
const LISTED: &str = r#"method="GET",route="/v1/orders/processing",operation="list",status="200",code="200""#;

tests::on_both_stores!(what_buyers_do_is_counted);

async fn what_buyers_do_is_counted(setup: Setup) {
    let dashop = setup.with_metrics().start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 5).await;
    let buyer = dashop.buyer("b1001");
    let body = json!({"address_id": 1001, "settlement_type": 1, "sku_id": 901, "buy_num": 2});
    for _ in 0..2 {
        assert_eq!(buyer.create(body.clone()).await["code"], 200);
    }
    assert_eq!(buyer.create(body).await["code"], 50103, "two and two of five");
    assert_eq!(buyer.list(0).await.len(), 2);
    let first = buyer.list(0).await[1]["order_id"].as_str().unwrap().to_owned();
    assert_eq!(buyer.cancel(&first).await["code"], 200);
    assert_eq!(dashop.sign_in("b1001", "wrong").await["code"], 106);

    assert_eq!(dashop.metric(&request(CREATED)).await, Some(2.0));
    assert_eq!(
        dashop.metric(&request(&CREATED.replace(r#"code="200""#, r#"code="50103""#))).await,
        Some(1.0)
    );
    assert_eq!(dashop.metric(&request(LISTED)).await, Some(2.0));
    for (series, value) in [
        ("dashop_orders_placed_total", 2.0),
        ("dashop_order_group_size_count", 3.0),
        ("dashop_order_queue_wait_seconds_count", 3.0),
        (r#"dashop_order_status_changes_total{to="cancelled",actor="buyer"}"#, 1.0),
        (r#"dashop_sign_ins_total{outcome="wrong"}"#, 1.0),
        (r#"dashop_security_events_total{event="sign_in_failed"}"#, 1.0),
        (r#"dashop_payments_total{status="wrong_amount"}"#, 0.0),
        (r#"dashop_backlog_rows{queue="due_orders"}"#, 0.0),
        (r#"dashop_db_query_duration_seconds_count{query="PlacingStore.begin_group"}"#, 2.0),
        ("dashop_db_up", 1.0),
        ("dashop_http_requests_in_progress", 0.0),
    ] {
        assert_eq!(dashop.metric(series).await, Some(value), "{series}");
    }
    let claims = r#"dashop_db_query_duration_seconds_count{query="OrderRepo.claim_due_orders"}"#;
    until("a job has claimed orders, in a transaction of its own", async || {
        dashop.metric(claims).await > Some(0.0)
    })
    .await;
    let calls = dashop.metric(
        r#"dashop_alipay_call_duration_seconds_count{method="alipay.trade.query",outcome="refused"}"#,
    );
    assert!(calls.await > Some(0.0), "Alipay was asked before the order was given up");
    let metrics = dashop.metrics().await;
    for name in ["process_resident_memory_bytes ", "process_open_fds ", "dashop_build_info{version="] {
        assert!(metrics.contains(&format!("\n{name}")), "{name}");
    }
}

/// Whatever paths, methods, codes and names strangers invent, they cause no new series.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_make_no_new_series() {
    let dashop = Setup::embedded().with_metrics().start().await;
    let browser = Browser::new();
    let attack = async |round: u32| {
        let salt = format!("{round}x{}", round * 7919);
        for path in [
            format!("/{salt}"),
            format!("/v1/orders/{salt}/"),
            format!("/v1/orders/processing/?status={round}&order_status={salt}"),
            format!("/v1/orders/success/?out_trade_no={salt}&sign={salt}"),
            format!("/v1/goods/detail/{salt}"),
            format!("/v1/admin/orders/{salt}"),
            format!("/v1/users/{salt}/address"),
            format!("/media/{salt}.jpg"),
            format!("/assets/{salt}.js"),
            "/v1/orders/processing".to_owned(),
            "//".to_owned(),
        ] {
            browser.get(&dashop.url(&path)).await;
            browser.get_with(&dashop.url(&path), "authorization", &salt).await;
            browser.post_form(&dashop.url(&path), &format!("notify_id={salt}&sign={salt}")).await;
            browser.with_method(&salt.replace('x', "X"), &dashop.url(&path)).await;
        }
        dashop.sign_in(&salt, &salt).await;
        dashop.buyer(&salt).create(json!({"address_id": round, "settlement_type": salt})).await;
    };
    attack(1).await;
    attack(2).await;
    let before = series(&dashop).await;
    for round in 3..12 {
        attack(round).await;
    }
    let after = series(&dashop).await;
    // Jobs run meanwhile; their queries have fixed names.
    let new: Vec<_> = after.difference(&before).filter(|series| !series.contains("query=")).collect();
    assert_eq!(new, Vec::<&String>::new());
    assert!(before.iter().any(|series| series.contains(r#"method="OTHER",route="(none)""#)), "{before:?}");
    assert!(before.iter().all(|series| !series.contains("x7919")), "{before:?}");
}

/// The metrics listener serves no pages of the shop, and the shop's listener serves no metrics.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_told_at_their_own_address_alone() {
    let dashop = Setup::embedded().with_metrics().start().await;
    let browser = Browser::new();
    assert_eq!(browser.status(&dashop.url("/metrics")).await, Some(404));
    assert_eq!(browser.status(&format!("http://{}/healthz", dashop.metrics_address())).await, Some(404));
    let reply = browser.get(&format!("http://{}/metrics", dashop.metrics_address())).await;
    assert_eq!(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
    dashop.stop().await;
}

/// Certificate mode counts them like key mode.
#[tokio::test(flavor = "multi_thread")]
async fn refused_signatures_are_counted_in_certificate_mode() {
    let sandbox = Sandbox::start_with_certificates().await;
    let dashop = Setup::embedded().paying_at_sandbox(&sandbox).with_metrics().start().await;
    let refused = r#"dashop_notifications_total{verdict="bad_signature"}"#;
    assert_eq!(dashop.metric(refused).await, Some(0.0));
    let forged =
        "notify_type=trade_status_sync&out_trade_no=1&trade_status=TRADE_SUCCESS&sign_type=RSA2&sign=AAAA";
    let reply = Browser::new().post_form(&dashop.url("/v1/orders/success/"), forged).await;
    assert_eq!(reply.text, "非法访问");
    assert_eq!(dashop.metric(refused).await, Some(1.0));
}

/// The shipped rules with shorter waits, because a test cannot wait for minutes.
fn impatient(rules: &str) -> String {
    let mut impatient = String::new();
    for line in rules.lines() {
        let line = match line.trim_start().starts_with("for: ") {
            true => "        for: 1s".to_owned(),
            false => line.replace("[10m]", "[15s]").replace("[5m]", "[15s]"),
        };
        impatient.push_str(&line);
        impatient.push('\n');
    }
    impatient
}

/// A real Prometheus server sees no problem, then Redis and a table missing, then no problem again.
#[tokio::test(flavor = "multi_thread")]
async fn alerts_fire_while_something_is_wrong() {
    let (mut mariadb, mut redis) = (Server::mariadb().await, Server::redis().await);
    let dashop =
        Setup::on(&mariadb, &redis).await.with("DASHOP_JOBS_STALLED_AFTER", "5").with_metrics().start().await;
    let rules = impatient(include_str!("../../../docs/operations/alerts.yml"));
    let prometheus = Prometheus::watching(&dashop, &rules).await;
    until("jobs have passed", async || {
        prometheus.value("sum(dashop_job_passes_total{outcome=%22succeeded%22})").await > Some(3.0)
    })
    .await;
    until("nothing fires", async || prometheus.firing().await == BTreeSet::new()).await;

    redis.kill();
    mariadb.kill();
    let wrong = ["DashopDatabaseDown", "DashopJobFailing", "DashopJobStalled", "DashopRedisDown"];
    until("all alerts fire", async || {
        let firing = prometheus.firing().await;
        wrong.iter().all(|alert| firing.contains(*alert))
    })
    .await;

    mariadb.start().await;
    redis.start().await;
    until("no such alert fires", async || {
        let firing = prometheus.firing().await;
        ["DashopDatabaseDown", "DashopJobStalled", "DashopRedisDown"]
            .iter()
            .all(|alert| !firing.contains(*alert))
    })
    .await;
}

/// One line per request, without any secret or personal data.
#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_has_a_line_for_each_request() {
    let dashop = Setup::embedded()
        .with("DASHOP_ACCESS_LOG", "true")
        .with("DASHOP_LOG_JSON", "true")
        .with("DASHOP_LOG_LEVEL", "warn")
        .start()
        .await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 5).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let body = json!({"address_id": 1001, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    let created = dashop.buyer("b1001").create(body).await;
    let order_id = created["data"]["order_id"].as_str().unwrap();
    dashop.buyer("b1001").show(order_id).await;
    let path = dashop.url("/v1/users/b1001/address?phone=13800000000");
    Browser::new().get_with(&path, "traceparent", &traceparent).await;

    let log = dashop.log();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &serde_json::Value| line["target"] == "access")
        .map(|line| line["fields"].clone())
        .collect();
    let user_id = lines.iter().find_map(|line| line["user_id"].as_i64());
    assert_eq!(user_id, Some(1001));
    let line = |operation: &str| lines.iter().find(|line| line["operation"] == operation).unwrap().clone();
    let create = line("create");
    assert_eq!((&create["method"], &create["route"]), (&json!("POST"), &json!("/v1/orders/processing")));
    assert_eq!(
        (&create["status"], &create["code"], &create["user_id"]),
        (&json!(200), &json!(200), &json!(1001))
    );
    assert!(create["ms"].is_u64() && create["request_id"].is_string(), "{create}");
    assert_eq!(line("show")["user_id"], 1001);
    let traced = lines.iter().find(|line| line["trace_id"] == trace).unwrap();
    assert_eq!((&traced["status"], &traced["code"]), (&json!(200), &json!(403)), "{traced}");
    for secret in ["b1001", "13800000000", order_id, "eyJ"] {
        let told = lines.iter().find(|line| line.to_string().contains(secret));
        assert!(told.is_none(), "{secret}: {told:?}");
    }
}

/// The access log is off by default, to keep the log short.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_access_log_unless_it_is_set() {
    let dashop = Setup::embedded().start().await;
    Browser::new().get(&dashop.url("/healthz")).await;
    assert!(!dashop.log().contains("access"), "{}", dashop.log());
}
