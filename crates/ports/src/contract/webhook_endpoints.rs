//! [`crate::WebhookEndpoints`], and the behaviour of several endpoints together.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{AttemptOutcome, DeliveryAttempt, EndpointName, EndpointState, EventFilter, OutboxId, ShopTime};
use tokio::task::{JoinSet, yield_now};

use super::{
    Shop,
    samples::{Stocked, how_many, micros, order_id, until_let_through},
    webhook_queue::attempt,
};
use crate::{AttemptQuery, OutboxBacklog, Pause, PlacingOutcome, Resend, Resent};

const A: &str = "2019112812000001";
const B: &str = "2019112812000002";
const C: &str = "2019112812000003";

const HOUR: Duration = Duration::from_secs(3600);

const DELIVERED: AttemptOutcome = AttemptOutcome::Delivered(204);
const REFUSED: AttemptOutcome = AttemptOutcome::Refused(503);

fn named(name: &str) -> EndpointName {
    EndpointName::parse(name).unwrap()
}

fn hour(hours: u64) -> ShopTime {
    micros(0).after(Duration::from_secs(hours * 3600))
}

async fn register(shop: &dyn Shop, names: &[&str], at: u64) {
    let names: Vec<_> = names.iter().map(|name| named(name)).collect();
    shop.endpoints().register(&names, micros(at), Duration::from_micros(20)).await.unwrap();
}

async fn state(shop: &dyn Shop, name: &str) -> EndpointState {
    let states = shop.endpoints().states().await.unwrap();
    states.into_iter().find(|state| state.name.as_str() == name).unwrap()
}

async fn distribute(shop: &dyn Shop, now: u64, seen_since: u64) -> u64 {
    shop.webhooks().distribute(micros(now), micros(seen_since), 9).await.unwrap()
}

/// Claims events of an endpoint; returns their orders and ids.
async fn claim(shop: &dyn Shop, name: &str, now: u64) -> (Vec<String>, Vec<OutboxId>) {
    let claimed = shop.webhooks().claim(&named(name), micros(now), micros(now + 5), 9).await.unwrap();
    let orders = claimed.iter().map(|one| one.item.event.order_id.as_str().to_owned()).collect();
    (orders, claimed.iter().map(|one| one.item.id).collect())
}

/// An endpoint that is registered again keeps its time of registration.
pub async fn are_registered_once(shop: Arc<dyn Shop>) {
    assert_eq!(shop.endpoints().states().await.unwrap(), []);
    register(&*shop, &["warehouse", "default"], 1).await;
    register(&*shop, &["default"], 5).await;
    register(&*shop, &["default"], 4).await;
    let new = EndpointState {
        name: named("default"),
        registered_at: micros(1),
        seen_at: micros(5),
        paused_at: None,
        failing_since: None,
        last_failure_at: None,
        last_success_at: None,
    };
    let other = EndpointState { name: named("warehouse"), seen_at: micros(1), ..new.clone() };
    assert_eq!(shop.endpoints().states().await.unwrap(), [new, other]);
}

/// Each endpoint gets the events since its registration, independently of the other endpoints.
pub async fn have_events_of_their_own(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    register(shop, &["default"], 0).await;
    stocked.create(&[(A, 1)]).await;
    assert_eq!(distribute(shop, 1, 0).await, 0, "nobody else listens");
    register(shop, &["erp", "warehouse"], 2).await;
    stocked.create(&[(B, 3)]).await;
    assert_eq!(distribute(shop, 3, 0).await, 1);
    assert_eq!(distribute(shop, 3, 0).await, 0, "once");
    assert_eq!(claim(shop, "default", 4).await.0, [A, B]);
    let (orders, ids) = claim(shop, "erp", 4).await;
    assert_eq!(orders, [B]);
    shop.webhooks().delivered(&named("erp"), &ids, &[], micros(4)).await.unwrap();
    assert_eq!(claim(shop, "warehouse", 4).await.0, [B], "what others confirm is theirs");
    let backlog = async |name| shop.webhooks().backlog(&named(name)).await.unwrap();
    assert_eq!(backlog("erp").await, OutboxBacklog::default());
    assert_eq!(backlog("warehouse").await.undelivered, 1);
    let again = Resend::OfOrder(order_id(B));
    let resent = shop.webhooks().resend(&named("erp"), &again, &EventFilter::All, micros(5)).await.unwrap();
    assert_eq!(resent, Resent { due: 1, unwanted: 0 });
    assert_eq!(claim(shop, "warehouse", 6).await.0, [""; 0], "what others are resent is theirs");
    assert_eq!(claim(shop, "erp", 6).await.0, [B]);
}

/// An endpoint does not get the events of a long time in which it was in no settings and others were. If none was in
/// any settings, that is no absence.
pub async fn are_new_after_an_absence(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    register(shop, &["default", "erp"], 0).await;
    register(shop, &["default"], 20).await;
    stocked.create(&[(A, 1), (B, 90)]).await;
    register(shop, &["erp", "warehouse", "default"], 100).await;
    assert_eq!(state(shop, "erp").await.registered_at, micros(0), "the others were seen not much later");
    while distribute(shop, 100, 80).await > 0 {}
    assert_eq!(claim(shop, "erp", 100).await.0, [A, B], "none was there, and nobody took them");

    register(shop, &["default"], 121).await;
    stocked.create(&[(C, 122)]).await;
    register(shop, &["default", "erp"], 130).await;
    let state = state(shop, "erp").await;
    assert_eq!((state.registered_at, state.seen_at), (micros(130), micros(130)));
    stocked.change(C, 131).await;
    while distribute(shop, 131, 111).await > 0 {}
    let erp = named("erp");
    assert_eq!(
        shop.webhooks().backlog(&erp).await.unwrap().undelivered,
        3,
        "what waited for it, and what is new"
    );
    let of_c = Resend::OfOrder(order_id(C));
    let resent = shop.webhooks().resend(&erp, &of_c, &EventFilter::All, micros(132)).await.unwrap();
    assert_eq!(resent.due, 1, "what happened while it was absent is not for it");
}

/// Endpoints that are registered while eight tasks distribute get all events from then on.
pub async fn miss_nothing_from_their_first_moment_on(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    register(&*stocked.shop, &["erp"], 0).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (stocked, is_done) = (Arc::clone(&stocked), Arc::clone(&is_done));
        tasks.spawn(async move {
            while !is_done.load(Ordering::Relaxed) {
                let webhooks = stocked.shop.webhooks();
                until_let_through(|| webhooks.distribute(micros(999), micros(0), 9)).await;
                yield_now().await;
            }
        });
    }
    let shop = &*stocked.shop;
    let orders: Vec<String> = (10..30).map(|number| format!("20191128120000{number}")).collect();
    for (nth, order) in (1..).zip(&orders) {
        let (name, at) = (named(&format!("new{nth}")), 10 * nth);
        let registering = [name];
        until_let_through(|| shop.endpoints().register(&registering, micros(at), HOUR)).await;
        let new = [stocked.created(order, at + 1)];
        let committed = PlacingOutcome::Committed(shop.removal_mode());
        assert_eq!(until_let_through(|| stocked.write(&new)).await, committed);
    }
    is_done.store(true, Ordering::Relaxed);
    tasks.join_all().await;
    while distribute(shop, 999, 0).await > 0 {}
    for (nth, _) in orders.iter().enumerate() {
        let backlog = shop.webhooks().backlog(&named(&format!("new{}", nth + 1))).await.unwrap();
        assert_eq!(backlog.undelivered, u64::try_from(orders.len() - nth).unwrap());
    }
}

/// An endpoint that is in no settings gets no events, and its events are deleted in the end.
pub async fn are_forgotten_where_nobody_names_them(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    register(shop, &["default", "erp", "warehouse"], 0).await;
    stocked.create(&[(A, 1)]).await;
    distribute(shop, 1, 0).await;
    register(shop, &["warehouse"], 50).await;
    stocked.create(&[(B, 51)]).await;
    assert_eq!(distribute(shop, 52, 50).await, 1);
    assert_eq!(claim(shop, "warehouse", 53).await.0, [A, B]);
    assert_eq!(claim(shop, "erp", 53).await.0, [A]);
    assert_eq!(claim(shop, "default", 53).await.0, [A], "the first one is done with what came since");
    assert_eq!(shop.webhooks().backlog(&EndpointName::first()).await.unwrap().undelivered, 1);
    stocked.create(&[(C, 54)]).await;
    while shop.webhooks().purge(micros(40), 9).await.unwrap() > 0 {}
    let names: Vec<_> = shop.endpoints().states().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, [named("warehouse")]);
    let undelivered = async |name| shop.webhooks().backlog(&named(name)).await.unwrap().undelivered;
    assert_eq!((undelivered("erp").await, undelivered("warehouse").await), (0, 2));
    assert_eq!(undelivered("default").await, 1, "what the others are still to be given");
    assert_eq!(distribute(shop, 55, 50).await, 1);
    assert_eq!((undelivered("default").await, undelivered("warehouse").await), (0, 3));
}

/// An endpoint counts as failing from the first failure until an attempt succeeds.
pub async fn fail_until_they_succeed(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    register(shop, &["default", "erp"], 0).await;
    stocked.create(&[(A, 1)]).await;
    distribute(shop, 1, 0).await;
    for name in ["default", "erp"] {
        let (_, ids) = claim(shop, name, 2).await;
        let fail = async |hours| {
            let mut failed = attempt(A, 0, REFUSED);
            failed.at = hour(hours);
            shop.webhooks().put_off(&named(name), ids[0], &failed, Some(micros(3))).await.unwrap();
        };
        fail(1).await;
        fail(2).await;
        let failing = state(shop, name).await;
        assert_eq!((failing.failing_since, failing.last_failure_at), (Some(hour(1)), Some(hour(2))));
        shop.webhooks().delivered(&named(name), &[], &[], hour(3)).await.unwrap();
        assert_eq!(state(shop, name).await, failing, "nothing was tried");
        let done = [attempt(A, 4, DELIVERED)];
        shop.webhooks().delivered(&named(name), &ids, &done, hour(3)).await.unwrap();
        let well = state(shop, name).await;
        assert_eq!((well.failing_since, well.last_success_at), (None, Some(hour(3))));
        fail(4).await;
        assert_eq!(state(shop, name).await.failing_since, Some(hour(4)));
    }
}

/// An endpoint that fails for long is paused until it is resumed; its due events wait.
pub async fn are_paused_until_resumed(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    register(shop, &["default", "erp"], 0).await;
    stocked.create(&[(A, 1)]).await;
    distribute(shop, 1, 0).await;
    for name in ["default", "erp"] {
        let endpoint = named(name);
        let pause = async |failing_before| {
            shop.endpoints().pause(&endpoint, micros(failing_before), micros(20)).await.unwrap()
        };
        assert_eq!(pause(19).await, Pause::None, "it does not fail");
        let (_, ids) = claim(shop, name, 2).await;
        let failed = attempt(A, 3, AttemptOutcome::Unreachable);
        shop.webhooks().put_off(&endpoint, ids[0], &failed, Some(micros(4))).await.unwrap();
        assert_eq!(pause(2).await, Pause::None, "it has not failed for long enough");
        assert_eq!(pause(3).await, Pause::Begun);
        assert_eq!(pause(3).await, Pause::GoesOn, "once");
        assert_eq!(state(shop, name).await.paused_at, Some(micros(20)));
        assert_eq!(claim(shop, name, 30).await.0, [""; 0]);
        assert_eq!(shop.webhooks().backlog(&endpoint).await.unwrap().undelivered, 1);
        assert!(shop.endpoints().resume(&endpoint).await.unwrap());
        assert!(!shop.endpoints().resume(&endpoint).await.unwrap(), "it is not paused");
        let resumed = state(shop, name).await;
        assert_eq!((resumed.paused_at, resumed.failing_since), (None, None));
        assert_eq!(claim(shop, name, 31).await.0, [A]);
    }
    let nobody = named("nobody");
    assert!(!shop.endpoints().resume(&nobody).await.unwrap());
    assert_eq!(shop.endpoints().pause(&nobody, micros(99), micros(20)).await.unwrap(), Pause::None);
}

/// A failure after hours without an attempt begins a new series of failures.
pub async fn are_not_paused_for_what_was_not_tried(shop: Arc<dyn Shop>) {
    register(&*shop, &["default"], 0).await;
    let first = EndpointName::first();
    let fail = async |hours| {
        let failed = DeliveryAttempt { at: hour(hours), ..attempt(A, 0, REFUSED) };
        shop.webhooks().put_off(&first, OutboxId(1), &failed, None).await.unwrap();
    };
    let pause =
        async |hours: u64| shop.endpoints().pause(&first, hour(hours - 5), hour(hours)).await.unwrap();
    fail(1).await;
    assert_eq!(pause(80).await, Pause::None, "nothing was tried for days");
    fail(80).await;
    fail(82).await;
    assert_eq!(pause(84).await, Pause::None);
    fail(84).await;
    assert_eq!(pause(85).await, Pause::Begun, "it failed for five hours");
}

/// Of twenty concurrent callers that pause a failing endpoint, one gets the answer that it paused it.
pub async fn are_paused_by_one_alone(shop: Arc<dyn Shop>) {
    register(&*shop, &["default"], 0).await;
    let failed = attempt(A, 1, REFUSED);
    shop.webhooks().put_off(&EndpointName::first(), OutboxId(1), &failed, None).await.unwrap();
    let paused = how_many(20, |_| {
        let shop = Arc::clone(&shop);
        async move {
            let first = EndpointName::first();
            let pause = || shop.endpoints().pause(&first, micros(2), micros(3));
            until_let_through(pause).await == Pause::Begun
        }
    });
    assert_eq!(paused.await, 1, "the others are told that it is");
}

/// The log is read newest first, by endpoint and order, page by page.
pub async fn keep_a_log_of_attempts(shop: Arc<dyn Shop>) {
    let (erp, first) = (named("erp"), EndpointName::first());
    let tried = [
        attempt(A, 1, AttemptOutcome::Delivered(200)),
        attempt(B, 2, AttemptOutcome::Delivered(204)),
        attempt(A, 3, AttemptOutcome::Refused(404)),
        attempt(A, 4, AttemptOutcome::Unreachable),
        attempt(B, 5, AttemptOutcome::CutOff),
    ];
    shop.webhooks().delivered(&erp, &[], &tried[..2], micros(9)).await.unwrap();
    for (endpoint, failed) in [(&erp, &tried[2]), (&first, &tried[3]), (&erp, &tried[4])] {
        shop.webhooks().put_off(endpoint, OutboxId(1), failed, None).await.unwrap();
    }
    let attempts = async |query: AttemptQuery| {
        let logged = shop.endpoints().attempts(&query).await.unwrap();
        let last = logged.last().map(|one| one.id);
        (logged.into_iter().map(|one| (one.endpoint, one.attempt)).collect::<Vec<_>>(), last)
    };
    let of = |nth: &[usize]| {
        let endpoint = |nth| if nth == 3 { first.clone() } else { erp.clone() };
        nth.iter().map(|nth| (endpoint(*nth), tried[*nth].clone())).collect::<Vec<_>>()
    };
    let all = AttemptQuery { limit: 9, ..AttemptQuery::default() };
    assert_eq!(attempts(all.clone()).await.0, of(&[4, 3, 2, 1, 0]));
    let of_erp = AttemptQuery { endpoint: Some(erp.clone()), limit: 3, ..all.clone() };
    let (page, before) = attempts(of_erp.clone()).await;
    assert_eq!(page, of(&[4, 2, 1]));
    assert_eq!(attempts(AttemptQuery { before, ..of_erp.clone() }).await.0, of(&[0]));
    let of_a = AttemptQuery { order_id: Some(order_id(A)), ..all };
    assert_eq!(attempts(of_a.clone()).await.0, of(&[3, 2, 0]));
    assert_eq!(attempts(AttemptQuery { endpoint: Some(first.clone()), ..of_a }).await.0, of(&[3]));
}

/// The oldest attempts are deleted, by age and above a number, up to the limit.
pub async fn forget_old_attempts(shop: Arc<dyn Shop>) {
    let tried: Vec<_> = (1..=6).map(|at| attempt(A, at, DELIVERED)).collect();
    shop.webhooks().delivered(&EndpointName::first(), &[], &tried, micros(9)).await.unwrap();
    let left = async || {
        let query = AttemptQuery { limit: 9, ..AttemptQuery::default() };
        let logged = shop.endpoints().attempts(&query).await.unwrap();
        logged.into_iter().map(|one| one.attempt.at).collect::<Vec<_>>()
    };
    assert_eq!(shop.endpoints().purge_attempts(micros(3), 100, 1).await.unwrap(), 1);
    assert_eq!(shop.endpoints().purge_attempts(micros(3), 100, 9).await.unwrap(), 1);
    assert_eq!(left().await, [micros(6), micros(5), micros(4), micros(3)]);
    assert_eq!(shop.endpoints().purge_attempts(micros(0), 2, 9).await.unwrap(), 2);
    assert_eq!(left().await, [micros(6), micros(5)]);
    assert_eq!(shop.endpoints().purge_attempts(micros(0), 2, 9).await.unwrap(), 0);
}
