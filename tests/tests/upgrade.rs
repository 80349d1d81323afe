//! The last release and this program side by side, while the schema is brought up to date under load: `make upgrade-test`.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value, json};
use tests::{Dashop, Load, Setup};

const STOCK: i32 = 1_000_000;
const SKU: i32 = 901;
const BUYERS: std::ops::Range<i32> = 1001..1009;

fn last_release() -> PathBuf {
    std::env::var_os("DASHOP_TEST_LAST_RELEASE").expect("tests/upgrade/run builds it and names it").into()
}

/// Buyers of all these programs order, look at what they ordered, and give up every other order.
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

/// Each order was answered, is on record, and is as the audit wants it.
async fn no_order_failed(load: Load, dashop: &Dashop) {
    let answers = load.stop().await;
    println!("{} orders", answers.orders());
    assert_eq!((answers.lost(), answers.codes()), (0, BTreeMap::from([(200, answers.orders())])));
    let mut database = dashop.database().await;
    answers.are_stored(&mut database).await;
    let audit = dashop.setup().run(&["audit"]);
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_release_and_this_one_serve_one_shop_while_its_schema_changes() {
    let new = Setup::on_servers().await;
    let old = new.beside().of_program(last_release());
    let first = old.clone().start().await;
    let second = old.beside().start().await;
    let mut database = first.database().await;
    database.add_buyers(BUYERS.start, BUYERS.end - BUYERS.start).await;
    database.add_sku(SKU, "209.00", STOCK).await;

    // The schema first, beside programs that do not know it.
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

    // Then the programs, one after the other, both kinds at once.
    let third = new.beside().start().await;
    let beside = load(&[&third]);
    orders.orders(50).await;
    beside.orders(50).await;
    no_order_failed(beside, &third).await;
    no_order_failed(orders, &third).await;
    first.stop().await;

    // And back: the last release starts on the new schema.
    let again = old.beside().start().await;
    let orders = load(&[&again, &third, &second]);
    orders.orders(100).await;
    no_order_failed(orders, &third).await;
}
