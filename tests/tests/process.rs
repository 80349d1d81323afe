//! The program as an operator sees it: its start time, its memory, and its data after a kill.

use std::time::Duration;

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tests::{Load, Setup};

fn direct_buy(user: i32) -> Value {
    json!({"address_id": user, "settlement_type": 1, "sku_id": 901, "buy_num": 1})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_orders_loses_none_that_was_answered() {
    let mut dashop = Setup::embedded().start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 16).await;
    database.add_sku(901, "209.00", 1_000_000).await;
    let load = Load::of_direct_buys(&[&dashop], 1001..1017, 901);
    for _ in 0..5 {
        load.orders(40).await;
        dashop = dashop.kill().start().await;
    }
    load.orders(40).await;
    let answers = load.stop().await;
    assert_eq!(answers.codes().keys().collect::<Vec<_>>(), [&200], "{:?}", answers.codes());
    assert!(answers.lost() > 0, "the kills came in the middle of something");
    answers.are_kept(&mut database, 901, 1_000_000).await;
    let listed = join_all((1001..1017).map(|user| {
        let buyer = dashop.buyer(&format!("b{user}"));
        async move { buyer.list(0).await.len() }
    }));
    assert!(listed.await.iter().sum::<usize>() >= answers.orders(), "and their buyers see them");
}

/// Another process that opens and closes the database, as `sqlite3` does, must not remove the write-ahead log of the
/// program.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_into_the_database_costs_no_order_that_is_placed_afterwards() {
    let dashop = Setup::embedded().start().await;
    let mut beside = dashop.database().await;
    assert_eq!(beside.pieces(15).await.1, 0);
    drop(beside);
    let ordered = json!({"address_id": 1, "settlement_type": 1, "sku_id": 15, "buy_num": 1});
    assert_eq!(dashop.buyer("demo").create(ordered).await["code"], 200);
    let dashop = dashop.kill().start().await;
    assert_eq!(dashop.buyer("demo").list(0).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_there_at_once_keeps_its_data_and_stays_small() {
    let dashop = Setup::embedded().start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 20).await;
    database.add_sku(901, "209.00", 5000).await;
    let answers: Vec<_> = stream::iter(0..1000)
        .map(|n| {
            let user = 1001 + n % 20;
            let buyer = dashop.buyer(&format!("b{user}"));
            async move { buyer.create(direct_buy(user)).await["code"].clone() }
        })
        .buffer_unordered(20)
        .collect()
        .await;
    assert!(answers.iter().all(|code| code == 200));
    let resident = dashop.resident_bytes() / (1024 * 1024);
    assert!(resident < 48, "{resident} MiB after 1,000 orders");

    // The fastest of several starts counts: other load on the machine is not the program's fault.
    let mut dashop = dashop.stop().await.start().await;
    for _ in 0..20 {
        if dashop.ready_after < Duration::from_secs(1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        dashop = dashop.stop().await.start().await;
    }
    assert!(dashop.ready_after < Duration::from_secs(1), "ready after {:?}", dashop.ready_after);
    let lists = join_all((1001..1021).map(|user| {
        let buyer = dashop.buyer(&format!("b{user}"));
        async move { buyer.list(0).await.len() }
    }));
    assert_eq!(lists.await.iter().sum::<usize>(), 1000);
    assert_eq!(database.pieces(901).await, (4000, 1000, 1000));
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_by_name() {
    for (name, value) in [
        ("DASHOP_LISTEN", "nowhere"),
        ("DASHOP_FREIGHT", "ten"),
        ("DASHOP_DATABASE_URL", "postgres://localhost/shop"),
        ("DASHOP_FRIEGHT", "10"),
    ] {
        let output = Setup::embedded().with(name, value).run(&["serve"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}={value}");
        assert!(said.contains(name), "{name}={value}: {said}");
    }
    let no_keys = Setup::embedded().with("DASHOP_DATABASE_URL", "mysql://shop@127.0.0.1:1/shop");
    let output = no_keys.run(&["serve"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("DASHOP_ALIPAY"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_can_ask_whether_it_runs_wherever_it_listens() {
    let dashop = Setup::embedded().start().await;
    let asked = dashop.setup().run(&["healthcheck"]);
    assert!(asked.status.success(), "{asked:?}");
    // Errors in the next settings do not make the running program unhealthy.
    for (name, value) in
        [("DASHOP_FREIGHT", "ten"), ("DASHOP_FRIEGHT", "10"), ("DASHOP_JWT_SECRET_FILE", "/gone")]
    {
        let asked = dashop.setup().clone().with(name, value).run(&["healthcheck"]);
        assert!(asked.status.success(), "{name}: {asked:?}");
    }
    let elsewhere = dashop.setup().beside().run(&["healthcheck"]);
    assert!(!elsewhere.status.success(), "nobody listens there");
    assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("127.0.0.1:"), "{elsewhere:?}");
    let setup = dashop.stop().await;
    assert!(!setup.run(&["healthcheck"]).status.success());
}

/// Each sign-in uses 19 MiB for a moment, at most two at a time. An allocator that kept this memory in every thread
/// once let the process grow to a gigabyte for good.
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_leave_little_memory_behind() {
    let dashop = Setup::embedded().start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 64).await;
    database
        .execute("UPDATE user_profile SET password = 'e10adc3949ba59abbe56e057f20f883e' WHERE id > 1000")
        .await;
    let before = dashop.resident_bytes();
    let codes: Vec<Value> = stream::iter(1001..1065)
        .map(|user| {
            let dashop = &dashop;
            async move { dashop.sign_in(&format!("b{user}"), "123456").await["code"].take() }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    assert!(codes.iter().all(|code| *code == 200), "{codes:?}");
    let grown = dashop.resident_bytes().saturating_sub(before) / (1024 * 1024);
    assert!(grown < 80, "{grown} MiB more after 64 sign-ins");
}
