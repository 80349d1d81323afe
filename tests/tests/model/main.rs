//! A model of a shop with many faults: random sequences of everything that can happen to orders and payments. After
//! each sequence, our records and Alipay's must agree.
//!
//! The real use cases run on the real store and call the sandbox over HTTP; the test moves the clock. Three processes
//! share the database. Their work may be cut off at any point, as by a kill.
//!
//! A failure names its seed: `DASHOP_MODEL_SEED=<seed>` runs that sequence alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod accounts;
mod cashier;
mod events;
mod world;

use std::path::PathBuf;

use tests::{Data, Setup};
use world::World;

/// Runs these seeds one after the other in one world.
async fn run(data: Data, seeds: Vec<u64>) {
    let world = World::new(&data).await;
    // Rare events need not occur in fewer sequences.
    let has_many = seeds.len() >= 1_000;
    for seed in seeds {
        let mut sequence = events::Sequence::begin(&world, seed).await;
        sequence.happen().await;
        sequence.settle_down().await;
        accounts::must_add_up(&sequence).await;
    }
    accounts::must_pass_the_audit(&world).await;
    if has_many {
        accounts::must_have_met_old_amounts(&world).await;
    }
}

/// The seeds of this run, or the one seed that the environment names.
fn seeds(all: std::ops::Range<u64>) -> Vec<u64> {
    match std::env::var("DASHOP_MODEL_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => all.collect(),
    }
}

fn a_file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("model.db");
    (directory, file)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sequences_on_sqlite() {
    let (_directory, file) = a_file();
    run(Data::Embedded(file), seeds(0..1_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_thousand_sequences_on_sqlite() {
    let (_directory, file) = a_file();
    run(Data::Embedded(file), seeds(1_000..2_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sequences_on_mysql() {
    let setup = Setup::on_servers().await;
    run(setup.data().clone(), seeds(2_000..2_200)).await;
}
