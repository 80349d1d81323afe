//! A shop of two programs behind nginx, which restart one after the other while buyers browse and order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tests::{Browser, Load, Nginx, Setup};
use tokio::task::JoinSet;

const STOCK: i32 = 1_000_000;
const RESTARTS: usize = 10;

/// Visitors who load a page again and again over a kept connection.
struct Visitors {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Visitors {
    fn of(url: String, count: usize) -> Self {
        let mut visitors = Self {
            stop: Arc::default(),
            answered: Arc::default(),
            failed: Arc::default(),
            tasks: JoinSet::new(),
        };
        for _ in 0..count {
            let (url, stop) = (url.clone(), Arc::clone(&visitors.stop));
            let (answered, failed) = (Arc::clone(&visitors.answered), Arc::clone(&visitors.failed));
            visitors.tasks.spawn(async move {
                let browser = Browser::new();
                while !stop.load(Ordering::Relaxed) {
                    let is_good = browser.status(&url).await == Some(200);
                    if is_good { &answered } else { &failed }.fetch_add(1, Ordering::Relaxed);
                    // Leaves CPU time for the orders.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
        }
        visitors
    }

    /// The number of answered requests, and of failed ones.
    async fn stop(self) -> (usize, usize) {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        (self.answered.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_behind_nginx_are_restarted_without_a_failed_request() {
    let setup = Setup::on_servers().await.with("DASHOP_TRUSTED_PROXY", "true").with("DASHOP_DRAIN", "2");
    let mut first = setup.beside().start().await;
    let mut second = setup.start().await;
    let mut database = first.database().await;
    database.add_buyers(1001, 4).await;
    database.add_sku(901, "209.00", STOCK).await;
    let nginx = Nginx::before([&first, &second]).await;
    let visitors = Visitors::of(nginx.url("/"), 4);
    let shop = nginx.url("");
    let load = Load::of(&[&first, &second], 1001..1005, move |buyer, user| {
        let buyer = buyer.through(shop.clone());
        async move {
            let body = json!({"address_id": user, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
            // This panics if the status is not 200.
            buyer.try_create(body).await
        }
    });
    for _ in 0..RESTARTS {
        load.orders(20).await;
        first = first.stop().await.start().await;
        load.orders(20).await;
        second = second.stop().await.start().await;
    }
    let answers = load.stop().await;
    let (answered, failed) = visitors.stop().await;
    println!("{answered} visits, {} orders; {}", answers.orders(), nginx.log());
    assert_eq!((failed, answers.lost()), (0, 0), "of {answered} visits and {} orders", answers.orders());
    assert_eq!(answers.codes().into_keys().collect::<Vec<_>>(), [200], "{:?}", answers.codes());
    answers.are_kept(&mut database, 901, STOCK.into()).await;
}
