//! `make test` visits the states within [`USUAL`], `make model` those within [`DEEP`] as well.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    time::Instant,
};

use domain::OrderLedger;
use exhaustive::{Bounds, Shop, World};
use stateright::{Checker as _, HasDiscoveries, Model as _};

/// The bounds that allow nothing.
const NOTHING: Bounds = Bounds {
    trades: 1,
    attempts: 1,
    lowers: false,
    wrong_amount: false,
    console_refunds: 0,
    staff_refunds: 0,
    returns: 0,
    rival: false,
    deleted_sku: false,
};

const USUAL: [Bounds; 9] = [
    Bounds { trades: 2, console_refunds: 1, staff_refunds: 1, ..NOTHING },
    Bounds { trades: 2, console_refunds: 1, rival: true, ..NOTHING },
    Bounds { trades: 2, staff_refunds: 1, rival: true, ..NOTHING },
    Bounds { trades: 2, attempts: 2, wrong_amount: true, rival: true, ..NOTHING },
    Bounds { trades: 2, attempts: 3, lowers: true, ..NOTHING },
    Bounds { trades: 2, attempts: 2, lowers: true, wrong_amount: true, ..NOTHING },
    Bounds { console_refunds: 2, staff_refunds: 1, rival: true, ..NOTHING },
    Bounds { console_refunds: 1, staff_refunds: 2, ..NOTHING },
    Bounds { console_refunds: 1, staff_refunds: 1, returns: 1, rival: true, deleted_sku: true, ..NOTHING },
];

const DEEP: [Bounds; 4] = [
    Bounds { trades: 2, console_refunds: 1, staff_refunds: 1, rival: true, ..NOTHING },
    Bounds { trades: 2, wrong_amount: true, console_refunds: 1, staff_refunds: 1, rival: true, ..NOTHING },
    Bounds { trades: 3, wrong_amount: true, console_refunds: 1, rival: true, ..NOTHING },
    Bounds { console_refunds: 2, staff_refunds: 2, ..NOTHING },
];

/// Every kind of event and refusal that these bounds can cause.
const EVENTS_AND_REFUSALS: [&str; 26] = [
    "AmountLowered",
    "AttemptClosed",
    "AttemptOpened",
    "AttemptPaid",
    "PaymentRecorded",
    "RefundFailed",
    "RefundPostponed",
    "RefundReopened",
    "RefundRequested",
    "RefundSucceeded",
    "Shipped",
    "StatusChanged",
    "StockRetaken",
    "StockReturned",
    "TimerSet",
    "TradeClosed",
    "refused: BeingRefunded",
    "refused: ExceedsOrder",
    "refused: ExceedsPayment",
    "refused: NotAllowed",
    "refused: NothingToRefund",
    "refused: NothingToShip",
    "refused: OtherAttemptOpen",
    "refused: RefundUnconfirmed",
    "refused: RefundUnnumbered",
    "refused: RequestNumberReused",
];

/// Writes past the capture of test output, so that it is visible.
fn say(text: &str) {
    io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

fn visit(bounds: Bounds, seen: &mut BTreeSet<String>, happened: &mut BTreeSet<&str>) -> usize {
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().unwrap().get();
    let checker = Shop::new(bounds, OrderLedger::decide)
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    let (records, depth) = (checker.model().records(), checker.max_depth() - 1);
    let seconds = begun.elapsed().as_secs();
    say(&format!(
        "{bounds:?}\n  {states} states, {steps} steps between them, {records} ledgers; the deepest path has {depth} \
         steps; {seconds} s"
    ));
    let examples: BTreeSet<_> = World::HAPPENS.into_iter().map(|(name, _)| name).collect();
    for (name, path) in checker.discoveries() {
        assert!(examples.contains(name), "{name} is broken: {path}{:#?}", path.last_state());
        happened.insert(name);
    }
    assert!(checker.is_done(), "not every state was visited");
    seen.append(&mut checker.model().seen());
    states
}

#[test]
fn every_interleaving_keeps_the_rules() {
    let mut bounds = USUAL.to_vec();
    if std::env::var("DASHOP_MODEL").is_ok_and(|word| word == "deep") {
        bounds.extend(DEEP);
    }
    let (mut seen, mut happened) = (BTreeSet::new(), BTreeSet::new());
    let states: usize = bounds.into_iter().map(|bounds| visit(bounds, &mut seen, &mut happened)).sum();
    say(&format!("{states} states visited"));
    assert!(states >= 1_000_000, "{states} states are few");
    let expected: BTreeSet<_> = EVENTS_AND_REFUSALS.map(str::to_owned).into();
    assert_eq!(seen, expected);
    let missing: Vec<_> = World::HAPPENS.into_iter().filter(|(name, _)| !happened.contains(name)).collect();
    assert!(
        missing.is_empty(),
        "never happened: {:?}",
        missing.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
}
