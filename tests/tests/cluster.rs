//! A Galera cluster of three nodes, and the carts in a Redis Cluster of three. `make test-cluster` runs this.

#[path = "concurrency/cases.rs"]
mod cases;

use std::process::Command;

use tests::{Dashop, Load, Setup};

const STOCK: i32 = 1_000_000;

/// All programs write to one node; the other nodes are standbys. No write waits for a decision on another node.
mod single_writer {
    use super::{Setup, cases};

    #[tokio::test(flavor = "multi_thread")]
    async fn two_hundred_buyers_of_fifty_pieces() {
        cases::two_hundred_buyers_of_fifty_pieces(Setup::on_clusters().await.at_node(0)).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sixty_four_buyers_clear_one_sku_without_being_told_to_come_again() {
        let setup = Setup::on_clusters().await.at_node(0);
        cases::sixty_four_buyers_clear_one_sku_without_being_told_to_come_again(setup).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn clicks_on_one_button_are_one_order() {
        cases::clicks_on_one_button_are_one_order(Setup::on_clusters().await.at_node(0)).await;
    }
}

/// A program at each node.
mod many_writers {
    use super::{Setup, cases};

    #[tokio::test(flavor = "multi_thread")]
    async fn two_hundred_buyers_of_fifty_pieces() {
        cases::two_hundred_buyers_of_fifty_pieces(Setup::on_clusters().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn five_hundred_carts_over_twenty_skus() {
        cases::five_hundred_carts_over_twenty_skus(Setup::on_clusters().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_request_sent_many_times_under_one_key_is_one_order() {
        cases::one_request_sent_many_times_under_one_key_is_one_order(Setup::on_clusters().await).await;
    }

    /// The nodes decide at the commit who gets a row, so the losers are sometimes asked to try again.
    #[tokio::test(flavor = "multi_thread")]
    async fn sixty_four_buyers_clear_one_sku() {
        let put_off = cases::clear_one_sku(Setup::on_clusters().await).await;
        println!("{put_off} times a buyer was told to come again");
    }
}

/// Run this last and alone: the node does not come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_under_load() {
    let limits = [
        ("DASHOP_REQUEST_TIMEOUT", "4"),
        ("DASHOP_DATABASE_ACQUIRE_TIMEOUT", "1"),
        ("DASHOP_DATABASE_CONNECT_TIMEOUT", "1"),
        ("DASHOP_DATABASE_STATEMENT_TIMEOUT", "2"),
    ];
    let setup = Setup::on_clusters().await;
    let setup = limits.into_iter().fold(setup, |setup, (name, value)| setup.with(name, value));
    let programs = setup.start_programs().await;
    let mut database = programs[0].database().await;
    database.add_buyers(1001, 24).await;
    for sku in 901..925 {
        database.add_sku(sku, "209.00", STOCK).await;
    }
    cases::on_each_node(&programs, 924).await;
    let load = Load::of(&programs.iter().collect::<Vec<&Dashop>>(), 1001..1025, |buyer, user| async move {
        // Seven SKUs, so that several buyers share one and the nodes must agree on it.
        let body = serde_json::json!({"address_id": user, "settlement_type": 1, "sku_id": 901 + user % 7, "buy_num": 1});
        buyer.try_create(body).await
    });
    load.orders(200).await;
    let pids = std::env::var("DASHOP_TEST_GALERA_PIDS").expect("run this as `make test-cluster` does");
    let third = pids.split(' ').nth(2).expect("three nodes");
    assert!(Command::new("kill").args(["-KILL", third]).status().unwrap().success());
    // The other nodes notice this after five seconds, and continue without it.
    load.orders(150).await;
    let answers = load.stop().await;

    let codes = answers.codes();
    println!("{codes:?}");
    assert_eq!(answers.lost(), 0, "every request is answered in time: {codes:?}");
    assert!(codes.keys().all(|code| [200, 50000, 50104, 50115].contains(code)), "{codes:?}");
    for program in &programs[..2] {
        answers.are_stored(&mut program.database().await).await;
    }
    let mut sold = 0;
    for sku in 901..925 {
        let (left, sales, ordered) = database.pieces(sku).await;
        assert_eq!((left + sales, sales), (STOCK.into(), ordered), "SKU {sku}");
        sold += sales;
    }
    assert!(sold >= i64::try_from(answers.orders()).unwrap());
}
