//! How an operator maintains a shop: inspects it, backs it up, restores it, and anonymises old buyers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;
use tests::{Alipay, Data, Load, Server, Setup, killed_with_parent, until};

tests::on_both_stores!(a_doctor_finds_nothing_fatal, old_buyers_are_forgotten_and_the_books_stay);

/// The exit status and the output of a command.
fn said(setup: &Setup, arguments: &[&str]) -> (i32, String) {
    let output = setup.run(arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn file_of(setup: &Setup) -> PathBuf {
    match setup.data() {
        Data::Embedded(file) => file.clone(),
        Data::Servers { .. } => panic!("the embedded store has a file"),
    }
}

/// `make drill`: under load the database is copied, the program is killed and the disk is lost. All orders that were
/// answered before the copy began are restored, and the stock and the orders agree.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_shop_comes_back_from_its_backup() {
    let setup = Setup::embedded();
    let dashop = setup.clone().start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 4).await;
    database.add_sku(901, "209.00", 100_000).await;
    let load = Load::of_direct_buys(&[&dashop], 904..908, 901);
    load.orders(40).await;
    let before = load.answers().copy();
    let copy = setup.directory().join("copy.db");
    let copy_name = copy.display().to_string();
    let (status, text) = said(&setup, &["backup", &copy_name]);
    assert_eq!(status, 0, "{text}");
    load.orders(20).await;
    let setup = dashop.kill();
    let after = load.stop().await;
    drop(database);
    let (status, text) = said(&setup, &["backup", &copy_name]);
    assert_eq!(status, 1, "a copy is never written over: {text}");

    let file = file_of(&setup);
    for suffix in ["", "-wal", "-shm"] {
        let lost = PathBuf::from(format!("{}{suffix}", file.display()));
        drop(fs::remove_file(lost));
    }
    fs::copy(&copy, &file).unwrap();
    let (status, text) = said(&setup, &["audit"]);
    assert_eq!(status, 0, "{text}");
    let mut database = setup.data().open().await;
    let stored = before.are_stored(&mut database).await;
    assert!(stored >= before.orders() && before.orders() >= 40, "{stored}");
    assert!(stored < after.orders(), "what came after the copy is lost with the disk: {stored}");

    let again = setup.start().await;
    let body = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    let created = again.buyer("b904").create(body).await;
    assert_eq!(created["code"], 200, "{created}");
}

/// `make drill`: the same with a MariaDB, by the steps of docs/OPERATIONS.md: a dump under load, binary logs that are
/// copied away while they are written, and a server that is killed and lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_comes_back_from_its_dump_and_logs() {
    let logged = ["--log-bin=binlog", "--binlog-format=ROW", "--sync-binlog=1", "--server-id=1"];
    let (mut mariadb, redis) = (Server::mariadb_with(&logged).await, Server::redis().await);
    let dashop = Setup::on(&mariadb, &redis).await.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 4).await;
    database.add_sku(901, "209.00", 100_000).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let mut copying = killed_with_parent("mariadb-binlog");
    copying.args(["--no-defaults", "--read-from-remote-server", "--raw", "--stop-never"]);
    copying
        .args(at(&mariadb))
        .arg(format!("--result-file={}/", elsewhere.path().display()))
        .arg("binlog.000001");
    let mut copying = copying.spawn().unwrap();

    let load = Load::of_direct_buys(&[&dashop], 904..908, 901);
    load.orders(40).await;
    // Other databases of the server are in its logs, but not in the dump of the shop.
    mariadb.execute("CREATE DATABASE other; CREATE TABLE other.t (n INT) ENGINE = InnoDB").await;
    let name = dashop.setup().data().database_url().rsplit('/').next().unwrap().to_owned();
    let dump = elsewhere.path().join("dump.sql");
    let mut dumping = Command::new("mariadb-dump");
    dumping.args(["--no-defaults", "--single-transaction", "--master-data=2", "--routines", "--triggers"]);
    dumping.args(at(&mariadb)).arg(&name).stdout(File::create(&dump).unwrap());
    assert!(dumping.status().unwrap().success());
    mariadb.execute("INSERT INTO other.t VALUES (1)").await;
    load.orders(40).await;
    let before = load.answers().copy();
    // A log is completely copied once the next one has begun.
    mariadb.execute("FLUSH BINARY LOGS").await;
    until("the logs are copied", async || logs(elsewhere.path()).len() > 1).await;
    load.orders(20).await;
    mariadb.kill();
    let setup = dashop.kill();
    let after = load.stop().await;
    copying.wait().unwrap();
    drop(setup);

    let mariadb = Server::mariadb_with(&logged).await;
    let setup = Setup::on(&mariadb, &redis).await;
    assert_eq!(setup.data().database_url().rsplit('/').next(), Some(&*name), "logs name the database");
    let load_into = |from: Stdio| {
        let mut client = Command::new("mariadb");
        client.arg("--no-defaults").args(at(&mariadb)).arg(&name).stdin(from);
        assert!(client.status().unwrap().success());
    };
    load_into(File::open(&dump).unwrap().into());
    let (log, position) = belongs_to(&fs::read_to_string(&dump).unwrap());
    let since = logs(elsewhere.path()).into_iter().skip_while(|file| !file.ends_with(&log));
    let mut replaying = Command::new("mariadb-binlog");
    replaying.args(["--no-defaults", &format!("--database={name}"), &format!("--start-position={position}")]);
    replaying.args(since);
    let mut replaying = replaying.stdout(Stdio::piped()).spawn().unwrap();
    load_into(replaying.stdout.take().unwrap().into());
    assert!(replaying.wait().unwrap().success());

    let (status, text) = said(&setup, &["audit"]);
    assert_eq!(status, 0, "{text}");
    let mut database = setup.data().open().await;
    let stored = before.are_stored(&mut database).await;
    assert!(stored >= before.orders() && before.orders() >= 80, "{stored}");
    assert!(stored <= after.orders() + after.lost(), "{stored}");
    let again = setup.start().await;
    let body = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    let created = again.buyer("b904").create(body).await;
    assert_eq!(created["code"], 200, "{created}");
}

/// The options that make MariaDB's own programs use this server.
fn at(mariadb: &Server) -> [String; 3] {
    let url = mariadb.url();
    let (host, port) = url.rsplit('@').next().unwrap().split_once(':').unwrap();
    [format!("--host={host}"), format!("--port={port}"), "--user=root".to_owned()]
}

/// The binary logs in the folder, in order.
fn logs(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut logs: Vec<_> = files.filter(|file| file.to_str().unwrap().contains("/binlog.")).collect();
    logs.sort();
    logs
}

/// The binary log and the position at which a dump was made.
fn belongs_to(dump: &str) -> (String, String) {
    let line = dump.lines().find(|line| line.starts_with("-- CHANGE MASTER TO")).unwrap();
    let mut told = line.split(['\'', '=', ';']).filter(|part| !part.is_empty());
    let log = told.by_ref().find(|part| part.starts_with("binlog.")).unwrap();
    (log.to_owned(), told.next_back().unwrap().to_owned())
}

async fn a_doctor_finds_nothing_fatal(setup: Setup) {
    let dashop = setup.start().await;
    let setup = dashop.setup();
    let (status, text) = said(setup, &["doctor"]);
    assert_eq!(status, 0, "{text}");
    for what in ["settings", "schema", "database version", "database writes", "carts", "Alipay"] {
        assert!(text.lines().any(|line| line.starts_with("OK") && line.contains(what)), "{what}: {text}");
    }
    let nowhere = setup.clone().with("DASHOP_REDIS_URL", "redis://127.0.0.1:1/4");
    let (status, text) = said(&nowhere, &["doctor"]);
    assert_eq!(status, 1, "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("FAIL")).count(), 1, "{text}");
    assert!(text.lines().any(|line| line.starts_with("FAIL  carts")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_accounts_are_closed_before_real_money_comes_in() {
    let dashop = Setup::embedded().start().await;
    // One account has a hash, the other an MD5.
    assert_eq!(dashop.sign_in("demo", "123456").await["code"], 200);
    let demo = dashop.stop().await;
    let real = demo.paying_at(&Alipay::new()).with("DASHOP_ALIPAY_GATEWAY_URL", "http://alipay.invalid/");
    let (status, text) = said(&real, &["serve"]);
    assert!(status == 1 && text.contains("DASHOP_SEED_DEMO is not possible"), "{text}");
    let real = real.with("DASHOP_SEED_DEMO", "false");
    let (status, text) = said(&real, &["seed-demo"]);
    assert!(status == 1 && text.contains("real money"), "{text}");

    let dashop = real.start().await;
    assert!(dashop.log().contains("everybody knows their password"), "{}", dashop.log());
    let demo_accounts = |setup: &Setup| {
        let (_, text) = said(setup, &["doctor"]);
        let line = text.lines().find(|line| line.contains("demo accounts"));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let mut database = dashop.database().await;
    for (change, verdict, open) in [
        ("isActive = 1", "FAIL", "IN ('demo', 'xiaoda')"),
        ("password = '', isActive = id = 1", "FAIL", "IN ('demo')"),
        ("isActive = 0", "OK ", "none"),
        ("password = 'another', dashop_password = NULL, isActive = 1", "OK ", "none"),
    ] {
        database.execute(&format!("UPDATE user_profile SET {change}")).await;
        let line = demo_accounts(dashop.setup());
        assert!(line.starts_with(verdict) && line.contains(open), "{change}: {line}");
    }
}

async fn old_buyers_are_forgotten_and_the_books_stay(setup: Setup) {
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 1).await;
    database.add_sku(901, "209.00", 10).await;
    let buyer = dashop.buyer("b904");
    let mut orders = Vec::new();
    for _ in 0..3 {
        let body = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
        let created = buyer.create(body).await;
        orders.push(created["data"]["order_id"].as_str().unwrap().to_owned());
    }
    let [old, young, unpaid] = [&orders[0], &orders[1], &orders[2]];
    for order in [old, young] {
        let cancelled = buyer.cancel(order).await;
        assert_eq!(cancelled["code"], 200, "{cancelled}");
    }
    // Only the time of the last change decides, not the time in the order's number.
    for order in [old, unpaid] {
        let then = "2020-01-01 00:00:00.000000";
        // A real receiver may have the name that anonymous receivers get.
        let aged = format!(
            "UPDATE tb_order_info SET updated_time = '{then}', ship_receiver = '已匿名' WHERE order_id = '{order}'"
        );
        database.execute(&aged).await;
    }
    let names = "SELECT CONCAT(order_id, ' ', ship_receiver, ' ', ship_mobile, ' ', ship_address) AS n FROM \
                 tb_order_info ORDER BY order_id";
    let before = database.words(names).await;
    let setup = dashop.setup();
    let (status, text) = said(setup, &["anonymise"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("1 orders"), "{text}");
    assert_eq!(database.words(names).await, before, "nothing is done unasked");
    let then = "'2020-01-01 00:00:00.000000'";
    let attempt = format!(
        "INSERT INTO dashop_payment_attempt (out_trade_no, order_id, channel, product, amount, state, opened_at) \
         VALUES ('{old}_2', '{old}', 'alipay', 'wap', '219.00', 'paid', {then})"
    );
    database.execute(&attempt).await;
    for (trade_no, number) in [("T1", old.clone()), ("T2", format!("{old}_2")), ("T3", young.clone())] {
        let payment = format!(
            "INSERT INTO dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, status, source, \
             recorded_at, buyer) VALUES ('{trade_no}', '{number}', 'TRADE_SUCCESS', '219.00', '0.00', 'late', 'query', \
             {then}, 'b***@example.com')"
        );
        database.execute(&payment).await;
    }
    let (status, text) = said(setup, &["anonymise", "--yes"]);
    assert_eq!(status, 0, "{text}");
    let after = database.words(names).await;
    for (before, after) in before.iter().zip(&after) {
        if before.starts_with(old.as_str()) {
            assert_eq!(after, &format!("{old} 已匿名 已匿名 已匿名"));
        } else {
            assert_eq!(after, before);
        }
    }
    let named = "SELECT trade_no AS n FROM dashop_payment WHERE buyer IS NOT NULL";
    assert_eq!(database.words(named).await, ["T3"], "in whatever attempt the order was paid");
    assert!(said(setup, &["anonymise"]).1.contains("0 orders"), "once is enough");
    database.execute("DELETE FROM dashop_payment").await;
    database.execute("DELETE FROM dashop_payment_attempt").await;
    let (status, text) = said(setup, &["audit"]);
    assert_eq!(status, 0, "{text}");
    let shown = buyer.show(old).await;
    assert_eq!(shown["address"]["receiver"], "已匿名", "{shown}");
}
