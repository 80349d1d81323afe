use super::*;
use crate::configuration::{AlipayKeys, Secret};

fn facts(settings: &[(&str, &str)]) -> DatabaseFacts {
    let good = [
        ("read_only", "OFF"),
        ("binlog_format", "ROW"),
        ("log_bin", "ON"),
        ("sync_binlog", "1"),
        ("innodb_flush_log_at_trx_commit", "1"),
        ("transaction_isolation", "REPEATABLE-READ"),
        ("character_set_database", "utf8mb4"),
        ("max_prepared_stmt_count", "16382"),
    ];
    let all = good.iter().chain(settings);
    DatabaseFacts {
        version: "10.11.6-MariaDB".to_owned(),
        settings: all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        privileges: NEEDED_PRIVILEGES.map(str::to_owned).to_vec(),
        clock: None,
        ..DatabaseFacts::default()
    }
}

fn bad(facts: &DatabaseFacts) -> Vec<(Verdict, &'static str)> {
    let mut report = Report::default();
    server(&mut report, facts, 16);
    let bad = report.0.into_iter().filter(|line| line.verdict != Verdict::Ok);
    bad.map(|line| (line.verdict, line.what)).collect()
}

#[test]
fn a_good_server_has_nothing_against_it_and_each_fault_is_one_line() {
    assert_eq!(bad(&facts(&[])), []);
    for (settings, verdict, what) in [
        (("read_only", "ON"), Verdict::Fail, "read-only"),
        (("super_read_only", "ON"), Verdict::Fail, "read-only"),
        (("binlog_format", "STATEMENT"), Verdict::Fail, "binlog_format"),
        (("log_bin", "OFF"), Verdict::Warn, "binary log"),
        (("sync_binlog", "0"), Verdict::Warn, "binary log on disk"),
        (("innodb_flush_log_at_trx_commit", "2"), Verdict::Fail, "commits"),
        (("character_set_database", "latin1"), Verdict::Warn, "character set"),
        (("max_prepared_stmt_count", "9599"), Verdict::Warn, "prepared statements"),
    ] {
        assert_eq!(bad(&facts(&[settings])), [(verdict, what)], "{settings:?}");
    }
    let good = facts(&[]);
    let tidb = DatabaseFacts { version: "8.0.11-TiDB-v7.5.1".to_owned(), ..good.clone() };
    assert_eq!(bad(&tidb), [(Verdict::Fail, "database version")]);
    let tables = DatabaseFacts { unsafe_tables: vec!["address (MyISAM)".to_owned()], ..good.clone() };
    assert_eq!(bad(&tables), [(Verdict::Fail, "table engines")]);
    let indexes = DatabaseFacts { missing_indexes: vec!["address.uid_id".to_owned()], ..good.clone() };
    assert_eq!(bad(&indexes), [(Verdict::Warn, "indexes")]);
    let user = DatabaseFacts { privileges: vec!["SELECT".to_owned()], ..good };
    assert_eq!(bad(&user), [(Verdict::Warn, "privileges")]);
    let file = DatabaseFacts { damage: Some("bad page".to_owned()), ..DatabaseFacts::default() };
    assert_eq!(bad(&file), [(Verdict::Fail, "database file")]);
}

#[test]
fn an_account_that_cannot_reach_the_shop_is_told_of() {
    const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";
    const SANDBOX: &str = "https://openapi-sandbox.dl.alipaydev.com/gateway.do";
    const URLS: &str = "Alipay URLs";
    let reached = "https://shop.example/v1/orders/success/";
    for (gateway, notify, back, seller, expected) in [
        (GATEWAY, reached, reached, Some("2088"), &[][..]),
        (GATEWAY, "http://127.0.0.1:8000/v1", reached, Some("2088"), &[URLS]),
        (SANDBOX, reached, "http://localhost/v1", Some("2088"), &[URLS]),
        (GATEWAY, "http://0.0.0.0:8000/v1", "http://[::]/v1", None, &[URLS, "Alipay seller"]),
        (GATEWAY, "http://[::1]:8000/v1", reached, None, &[URLS, "Alipay seller"]),
        (
            "http://127.0.0.1:8001/gateway.do",
            "http://127.0.0.1:8000/v1",
            "http://127.0.0.1:8000/v1",
            None,
            &[],
        ),
    ] {
        let mut report = Report::default();
        let account = AlipayAccount {
            app_id: "1".to_owned(),
            seller_id: seller.map(str::to_owned),
            gateway_url: gateway.to_owned(),
            app_private_key: Secret::new("k".to_owned()),
            keys: AlipayKeys::PublicKey { current: "k".to_owned(), previous: None },
            notify_url: notify.to_owned(),
            return_url: back.to_owned(),
        };
        super::account(&mut report, &account);
        let warned: Vec<_> = report.0.iter().filter(|line| line.verdict == Verdict::Warn).collect();
        let what: Vec<_> = warned.iter().map(|line| line.what).collect();
        assert_eq!(what, expected, "{gateway} {notify} {back} {warned:?}");
    }
}

#[test]
fn clients_may_not_take_all_files() {
    for (files, connections, warned) in [
        (65_536, None, &[][..]),
        (65_536, Some(52_428), &[]),
        (65_536, Some(52_429), &["connections"]),
        (65_536, Some(1_000_000), &["connections"]),
        (1_024, Some(500), &["file limit"]),
    ] {
        let mut report = Report::default();
        machine::files(&mut report, files, connections);
        let found: Vec<_> = report.0.iter().filter(|line| line.verdict == Verdict::Warn).collect();
        let what: Vec<_> = found.iter().map(|line| line.what).collect();
        assert_eq!(what, warned, "{files} {connections:?} {found:?}");
    }
}

#[test]
fn clocks_may_differ_a_little() {
    let now = ShopTime::parse("2026-11-25 10:00:00").unwrap();
    for (seconds, verdict) in [(0, Verdict::Ok), (2, Verdict::Ok), (3, Verdict::Warn)] {
        for there in [now.after(Duration::from_secs(seconds)), now.before(Duration::from_secs(seconds))] {
            let mut report = Report::default();
            clock(&mut report, there, now);
            assert_eq!(report.0.first().map(|line| line.verdict), Some(verdict), "{seconds}");
        }
    }
}
