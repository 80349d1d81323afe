//! The program as an operator meets it: how fast it is there, how large it grows, what a kill leaves behind.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::json;
use tests::{Dashop, Setup};

const DIRECT_BUY: &str = r#"{"settlement_type": 1, "sku_id": 901, "buy_num": 1}"#;

fn direct_buy(user: i32) -> serde_json::Value {
    let mut body: serde_json::Value = serde_json::from_str(DIRECT_BUY).unwrap();
    body["address_id"] = json!(user);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_orders_loses_none_that_was_answered() {
    let mut setup = Setup::embedded();
    let answered: Arc<Mutex<HashMap<String, i32>>> = Arc::default();
    let mut seeded = false;
    for _ in 0..5 {
        let dashop = setup.start().await;
        if !seeded {
            let mut database = dashop.database();
            database.add_buyers(1001, 16);
            database.add_sku(901, "209.00", 1_000_000);
            seeded = true;
        }
        let before = answered.lock().unwrap().len();
        let buyers = (1001..1017).map(|user| {
            let (buyer, answered) = (dashop.buyer(&format!("b{user}")), Arc::clone(&answered));
            tokio::spawn(async move {
                while let Ok(answer) = buyer.try_create(direct_buy(user)).await {
                    assert_eq!(answer["code"], 200, "{answer}");
                    let number = answer["data"]["order_id"].as_str().unwrap().to_owned();
                    assert!(
                        answered.lock().unwrap().insert(number, user).is_none(),
                        "a number was given twice"
                    );
                }
            })
        });
        let buyers: Vec<_> = buyers.collect();
        while answered.lock().unwrap().len() < before + 40 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        setup = dashop.kill();
        for buyer in buyers {
            buyer.await.unwrap();
        }
    }

    let dashop = setup.start().await;
    let mut database = dashop.database();
    let (left, sold, ordered) = database.pieces(901);
    assert_eq!((left + sold, sold), (1_000_000, ordered), "none is half written");
    let answered = answered.lock().unwrap().clone();
    assert!(answered.len() >= 200);
    let mut listed = HashMap::new();
    for user in 1001..1017 {
        for order in dashop.buyer(&format!("b{user}")).list(0).await {
            listed.insert(order["order_id"].as_str().unwrap().to_owned(), user);
        }
    }
    for (number, user) in &answered {
        assert_eq!(listed.get(number), Some(user), "order {number} was answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_there_at_once_keeps_its_data_and_stays_small() {
    let dashop = Dashop::embedded().await;
    let mut database = dashop.database();
    database.add_buyers(1001, 20);
    database.add_sku(901, "209.00", 5000);
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
    assert!(resident < 60, "{resident} MiB after 1,000 orders");

    let setup = dashop.stop().await;
    let dashop = setup.start().await;
    assert!(dashop.ready_after < Duration::from_secs(1), "ready after {:?}", dashop.ready_after);
    let lists = join_all((1001..1021).map(|user| {
        let buyer = dashop.buyer(&format!("b{user}"));
        async move { buyer.list(0).await.len() }
    }));
    assert_eq!(lists.await.iter().sum::<usize>(), 1000);
    assert_eq!(dashop.database().number("SELECT stock AS n FROM DDSC_SKU WHERE id = 901"), 4000);
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_by_name() {
    for (name, value) in [
        ("DASHOP_LISTEN", "nowhere"),
        ("DASHOP_FREIGHT", "ten"),
        ("DASHOP_DATABASE_URL", "postgres://localhost/shop"),
        ("DASHOP_JWT_SECRET", "short"),
        ("DASHOP_FRIEGHT", "10"),
    ] {
        let output = Setup::embedded().with(name, value).command().arg("serve").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}={value}");
        assert!(said.contains(name), "{name}={value}: {said}");
    }
    let no_keys = Setup::embedded().with("DASHOP_DATABASE_URL", "mysql://shop@127.0.0.1:1/shop");
    let output = no_keys.command().arg("serve").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("DASHOP_ALIPAY"), "{said}");
}
