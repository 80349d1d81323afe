//! `make bench` measures speed. Everything runs on one machine, in alternation and several times; quote ratios of one
//! run, not figures. `docs/PERFORMANCE.md` explains them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark that cannot measure says so by panicking"
)]

mod ceiling;
mod client;
mod report;
mod shop;

use std::{env, sync::Arc, time::Duration};

use client::load;
use report::{Report, Round};
use shop::{Carts, Shop};
use tests::{Data, Setup, built};

/// `DASHOP_BENCH_ONLY` names the measurements to make, separated by semicolons (`create, 16;preview`). If it is not
/// set, all are made.
fn is_wanted(name: &str) -> bool {
    env::var("DASHOP_BENCH_ONLY").map_or(true, |only| only.split(';').any(|wanted| wanted.trim() == name))
}

/// `DASHOP_BENCH_ROUNDS` and `DASHOP_BENCH_SECONDS` make a run shorter or longer.
fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

// One thread: the benchmark must not take both processors from the program that it measures.
#[tokio::main(worker_threads = 1)]
async fn main() {
    let rounds = number("DASHOP_BENCH_ROUNDS", 3);
    let span = Duration::from_secs(number("DASHOP_BENCH_SECONDS", 3));
    let mut report = Report::default();
    if number("DASHOP_BENCH_SERVERS", 1) > 0 {
        measure("MariaDB and Redis", Setup::on_servers().await, rounds, span, &mut report).await;
    }
    if number("DASHOP_BENCH_EMBEDDED", 1) > 0 {
        measure("SQLite", Setup::embedded(), rounds, span, &mut report).await;
    }
    report.print();
    report.write(&built("bench.json"));
}

async fn measure(store: &'static str, setup: Setup, rounds: u64, span: Duration, report: &mut Report) {
    let mut shop = Shop::open(setup).await;
    report.set(store, "ready after, ms", millis(shop.dashop.ready_after));
    report.set(store, "memory at the start, MB", megabytes(shop.dashop.resident_bytes()));
    // The first round warms up.
    for round in 0..=rounds {
        create(store, &mut shop, round, span, report).await;
        beside_hot(store, &mut shop, round, span, report).await;
        read(store, &mut shop, round, span, report).await;
    }
    report.compare_others(store);
    report.set(store, "memory after the run, MB", megabytes(shop.dashop.resident_bytes()));
    if is_wanted("sign-in") {
        let sign_ins = shop.sign_ins();
        // Sends all of them, however long that takes.
        let all = Duration::from_secs(300);
        under(store, &mut shop, 1, "sign-in", 16, all, sign_ins, "\"code\":106", report).await;
        report.set(store, "memory after that, MB", megabytes(shop.dashop.resident_bytes()));
    }
}

async fn create(store: &'static str, shop: &mut Shop, round: u64, span: Duration, report: &mut Report) {
    for (connections, hot) in [(1, false), (16, false), (64, false), (64, true)] {
        let name = if hot { format!("hot, {connections}") } else { format!("create, {connections}") };
        if !is_wanted(&name) {
            continue;
        }
        shop.pay_all().await;
        if let Data::Servers { mysql, .. } = shop.dashop.setup().data().clone() {
            ceiling::check_durable(&mysql[0]).await;
            let run = round * 1_000 + connections * 2 + u64::from(hot);
            let ceiling = ceiling::orders_a_second(&mysql[0], connections, hot, run, span).await;
            report.add(store, round, &format!("raw SQL, {name}"), Round::of_rate(ceiling));
        }
        shop.fill_carts(if hot { Carts::Hot } else { Carts::Mixed }).await;
        let requests = shop.creates();
        under(store, shop, round, &name, connections, span, requests, "\"code\":200", report).await;
    }
}

/// How long 64 buyers of different SKUs wait, alone and beside 64 buyers who all order the same SKU.
async fn beside_hot(store: &'static str, shop: &mut Shop, round: u64, span: Duration, report: &mut Report) {
    if !is_wanted("beside hot") {
        return;
    }
    shop.pay_all().await;
    shop.fill_carts(Carts::HalfHot).await;
    let (address, done) = (shop.address(), "\"code\":200");
    let [_, others] = shop.creates_by_half();
    let alone = load(address, 64, span, others, done).await;
    report.add(store, round, "others alone, 64", Round::of_load(&alone));
    shop.pay_all().await;
    shop.fill_carts(Carts::HalfHot).await;
    let [hot, others] = shop.creates_by_half();
    let (beside, _) = tokio::join!(load(address, 64, span, others, done), load(address, 64, span, hot, done));
    report.add(store, round, "others beside hot, 64", Round::of_load(&beside));
}

async fn read(store: &'static str, shop: &mut Shop, round: u64, span: Duration, report: &mut Report) {
    shop.fill_carts(Carts::Mixed).await;
    let (done, success) = ("\"code\":200", "success");
    let reads = [("preview", shop.previews(), done), ("list of 50", shop.lists(), done)];
    let goods = [("front page", shop.front_pages(), done), ("product", shop.products(), done)];
    for (name, requests, expected) in reads.into_iter().chain(goods).filter(|(name, ..)| is_wanted(name)) {
        under(store, shop, round, name, 16, span, requests, expected, report).await;
    }
    if is_wanted("pay again") {
        let again = shop.pays_again().await;
        under(store, shop, round, "pay again", 16, span, again, done, report).await;
    }
    if is_wanted("notification") {
        let notifications = shop.notifications().await;
        under(store, shop, round, "notification", 16, span, notifications, success, report).await;
    }
}

#[expect(clippy::too_many_arguments, reason = "one measurement has so many sides")]
async fn under(
    store: &'static str,
    shop: &mut Shop,
    round: u64,
    name: &str,
    connections: u64,
    span: Duration,
    requests: Arc<Vec<Vec<u8>>>,
    expected: &'static str,
    report: &mut Report,
) {
    let processes = shop.processes().await;
    let before = report::cpu(&processes);
    let connections = usize::try_from(connections).unwrap();
    let served = load(shop.address(), connections, span, requests, expected).await;
    let after = report::cpu(&processes);
    report.add(store, round, name, Round::of(&served, &before, &after));
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a megabyte more or less")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
