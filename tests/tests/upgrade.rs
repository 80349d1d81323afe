//! The last release and this program side by side, during a schema migration under load: `make upgrade-test`.

use std::{collections::BTreeMap, path::PathBuf};

use adapters::private_files;
use serde_json::{Value, json};
use tests::{Dashop, Database, Listener, Load, Setup, until};

const STOCK: i32 = 1_000_000;
const SKU: i32 = 901;
const BUYERS: std::ops::Range<i32> = 1001..1009;
const SECRET: &str = "a secret that both releases sign events with";

fn last_release() -> PathBuf {
    std::env::var_os("DASHOP_TEST_LAST_RELEASE").expect("tests/upgrade/run builds it and names it").into()
}

/// Buyers of all these programs order, view their orders, and cancel every other one.
fn load(programs: &[&Dashop]) -> Load {
    Load::of(programs, BUYERS, |buyer, user| async move {
        let body = json!({"address_id": user, "settlement_type": 1, "sku_id": SKU, "buy_num": 1});
        let created: Value = buyer.try_create(body).await?;
        if let Some(number) = created["data"]["order_id"].as_str() {
            let shown = buyer.show(number).await;
            assert_eq!(shown["order_id"], number, "{shown}");
            if number.ends_with(['0', '2', '4', '6', '8']) {
                let cancelled = buyer.cancel(number).await;
                assert_eq!(cancelled["code"], 200, "{cancelled}");
            }
        }
        Ok(created)
    })
}

/// Each order was answered, is stored, and passes the audit.
async fn no_order_failed(load: Load, dashop: &Dashop) {
    let answers = load.stop().await;
    println!("{} orders", answers.orders());
    assert_eq!((answers.lost(), answers.codes()), (0, BTreeMap::from([(200, answers.orders())])));
    let mut database = dashop.database().await;
    answers.are_stored(&mut database).await;
    let audit = dashop.setup().run(&["audit"]);
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

/// The types of the events of each stored order.
async fn happened(database: &mut Database) -> BTreeMap<String, Vec<String>> {
    let orders = database.words("SELECT CONCAT(order_id, ' ', status) AS n FROM tb_order_info").await;
    let events = |order: String| {
        let (number, status) = order.split_once(' ').unwrap();
        let types: &[&str] =
            if status == "1" { &["order.created"] } else { &["order.created", "order.status_changed"] };
        (number.to_owned(), types.iter().map(|word| (*word).to_owned()).collect())
    };
    orders.into_iter().map(events).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_release_and_this_one_serve_one_shop_while_its_schema_changes() {
    let (told, erp) = (Listener::start().await, Listener::start().await);
    let both = Setup::on_servers().await;
    let both = both.with("DASHOP_EVENTS_URL", told.url()).with("DASHOP_EVENTS_SECRET", SECRET);
    let old = both.beside().of_program(last_release());
    // An endpoint that is unknown to the last release.
    let file = both.directory().join("dashop.toml");
    let table = format!("[webhooks.erp]\nurl = \"{}\"\nsecret = \"{SECRET}\"\n", erp.url());
    private_files::create(&file, table.as_bytes()).unwrap();
    let new = both.with("DASHOP_CONFIG", file.to_str().unwrap());
    let first = old.clone().start().await;
    let second = old.beside().start().await;
    let mut database = first.database().await;
    database.add_buyers(BUYERS.start, BUYERS.end - BUYERS.start).await;
    database.add_sku(SKU, "209.00", STOCK).await;

    // First the schema, while old programs run.
    let orders = load(&[&first, &second]);
    orders.orders(50).await;
    let migrate = new.clone();
    let migrated = tokio::task::spawn_blocking(move || migrate.run(&["migrate"])).await.unwrap();
    let said = String::from_utf8_lossy(&migrated.stdout).into_owned();
    assert!(
        migrated.status.success() && said.contains("ran "),
        "{migrated:?}: the last release lacks no migration"
    );
    println!("{said}");
    orders.orders(50).await;

    // Then the programs, one after the other, with both releases running.
    let third = new.beside().start().await;
    let before = happened(&mut database).await;
    let beside = load(&[&third]);
    orders.orders(50).await;
    beside.orders(50).await;
    no_order_failed(beside, &third).await;
    no_order_failed(orders, &third).await;
    first.stop().await;

    // Then back: the last release starts on the new schema.
    let again = old.beside().start().await;
    let orders = load(&[&again, &third, &second]);
    orders.orders(100).await;
    no_order_failed(orders, &third).await;

    // Whichever release wrote an event and whichever delivers it, it arrives once and in order.
    let all = happened(&mut database).await;
    let since: BTreeMap<_, _> = all.iter().filter(|(number, _)| !before.contains_key(*number)).collect();
    let count = |events: &BTreeMap<String, Vec<String>>| events.values().map(Vec::len).sum::<usize>();
    until("all events have arrived", async || {
        let of_erp = erp.taken();
        count(&told.taken()) >= count(&all)
            && since.keys().all(|number| of_erp.get(*number) == all.get(*number))
    })
    .await;
    assert_eq!(told.taken(), all);
    for (number, types) in erp.taken() {
        assert!(all[&number].ends_with(&types), "{number}: {types:?}");
    }
}
