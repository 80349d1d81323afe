//! Delivery of order events to webhooks, with mocked ports.

use std::{
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use application::{DeliverWebhooks, DistributeEvents, Job, JobError, PurgeOutbox, Schedule, Supervisor};
use async_trait::async_trait;
use domain::{
    Actor, AttemptOutcome, Delivery, DeliveryAttempt, EndpointName, EventFilter, EventId, OrderEvent,
    OrderEventKind, OrderId, OrderStatus, OutboxId, ShopTime,
};
use mockall::{Sequence, predicate::eq};
use ports::{
    Claimed, Pause, Randomness, StoreError, WebhookEndpoint, WebhookError,
    mock::{MockWebhookEndpoints, MockWebhookQueue},
};

use crate::support::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn event(id: i64, attempts: u32) -> Claimed<Delivery> {
    let event = OrderEvent {
        order_id: OrderId::parse(&id.to_string()).unwrap(),
        kind: OrderEventKind::Created,
        from: None,
        to: OrderStatus::AwaitingPayment,
        amount: Some(money("323.91")),
        actor: Actor::Buyer,
        reason: String::new(),
        at: noon(),
        trace: None,
    };
    let event_id = EventId::of_row(OutboxId(id));
    Claimed { item: Delivery { id: OutboxId(id), event_id, event }, attempts }
}

fn happened(claimed: Claimed<Delivery>, at: ShopTime) -> Claimed<Delivery> {
    let Claimed { item: Delivery { id, event_id, event }, attempts } = claimed;
    Claimed { item: Delivery { id, event_id, event: OrderEvent { at, ..event } }, attempts }
}

/// How the endpoint answers an event.
#[derive(Clone, Copy)]
enum Answer {
    Takes,
    Refuses,
    TakesAfter(Duration),
    Panics,
}

/// Answers according to the events' ids, and records what it accepted.
struct Endpoint {
    answer: fn(i64) -> Answer,
    took: Mutex<Vec<i64>>,
}

#[async_trait]
impl WebhookEndpoint for Endpoint {
    async fn deliver(&self, delivery: &Delivery) -> Result<u16, WebhookError> {
        let id = delivery.id.0;
        match (self.answer)(id) {
            Answer::Takes => {}
            Answer::Refuses => return Err(WebhookError::Refused(503)),
            Answer::TakesAfter(span) => tokio::time::sleep(span).await,
            Answer::Panics => panic!("a defect"),
        }
        self.took.lock().unwrap().push(id);
        Ok(204)
    }
}

fn endpoint(answer: fn(i64) -> Answer) -> Arc<Endpoint> {
    Arc::new(Endpoint { answer, took: Mutex::default() })
}

/// An endpoint that is never paused.
fn use_case(events: MockWebhookQueue, endpoint: &Arc<Endpoint>) -> DeliverWebhooks {
    let mut endpoints = MockWebhookEndpoints::new();
    endpoints.expect_pause().returning(|_, _, _| Ok(Pause::None));
    use_case_with(events, endpoints, endpoint)
}

fn use_case_with(
    events: MockWebhookQueue,
    endpoints: MockWebhookEndpoints,
    endpoint: &Arc<Endpoint>,
) -> DeliverWebhooks {
    DeliverWebhooks {
        name: erp(),
        filter: EventFilter::All,
        queue: Arc::new(events),
        endpoint: Arc::clone(endpoint) as _,
        endpoints: Arc::new(endpoints),
        clock: Arc::new(clock()),
        randomness: Arc::new(always_0()),
        pause_after: 3 * DAY,
        is_winding_down: AtomicBool::new(false),
    }
}

fn erp() -> EndpointName {
    EndpointName::parse("erp").unwrap()
}

/// Returns these at the first claim, and nothing afterwards.
fn giving_out(claimed: Vec<Claimed<Delivery>>) -> MockWebhookQueue {
    let mut events = MockWebhookQueue::new();
    let mut claimed = Some(claimed);
    events
        .expect_claim()
        .withf(|endpoint, now, lease_until, limit| {
            *endpoint == erp()
                && *now == noon()
                && *lease_until > noon().after(Duration::from_secs(60))
                && *limit <= 32
        })
        .returning(move |_, _, _, _| Ok(claimed.take().unwrap_or_default()));
    events
}

#[tokio::test]
async fn what_was_told_is_written_down() {
    let mut store = giving_out(vec![event(1, 0), event(2, 3)]);
    let written = Arc::new(Mutex::new(Vec::new()));
    let write = Arc::clone(&written);
    store.expect_delivered().returning(move |endpoint, ids, attempts, at| {
        assert_eq!((endpoint, at), (&erp(), noon()));
        let logged: Vec<_> = attempts.iter().map(|attempt| attempt.event_id.row().unwrap()).collect();
        assert_eq!(logged, ids, "each attempt is logged");
        assert!(attempts.iter().all(|attempt| attempt.outcome == AttemptOutcome::Delivered(204)));
        write.lock().unwrap().extend(ids.iter().map(|id| id.0));
        Ok(())
    });
    let endpoint = endpoint(|_| Answer::Takes);
    assert_eq!(use_case(store, &endpoint).pass().await.unwrap(), 2);
    let mut written = written.lock().unwrap().clone();
    written.sort_unstable();
    assert_eq!(written, [1, 2]);
}

#[tokio::test]
async fn where_nothing_is_due_nothing_is_done() {
    let endpoint = endpoint(|_| Answer::Takes);
    assert_eq!(use_case(giving_out(vec![]), &endpoint).pass().await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_refused_is_told_again_after_a_growing_wait() {
    for (attempts, wait) in [(0, 5), (1, 10), (9, 2560), (10, 3600), (500, 3600)] {
        let mut store = giving_out(vec![event(1, attempts)]);
        store
            .expect_put_off()
            .times(1)
            .withf(move |endpoint, id, DeliveryAttempt { event_id, at, outcome, .. }, due_at| {
                *endpoint == erp()
                    && (*id, *due_at) == (OutboxId(1), Some(noon().after(Duration::from_secs(wait))))
                    && (event_id.row(), *at) == (Some(OutboxId(1)), noon())
                    && *outcome == AttemptOutcome::Refused(503)
            })
            .returning(|_, _, _, _| Ok(()));
        let endpoint = endpoint(|_| Answer::Refuses);
        assert_eq!(use_case(store, &endpoint).pass().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn what_is_refused_for_three_days_is_given_up() {
    let old = happened(event(1, 81), noon().before(3 * DAY));
    let tried_less_often = happened(event(2, 80), noon().before(3 * DAY));
    let mut store = giving_out(vec![old, tried_less_often]);
    store
        .expect_put_off()
        .times(1)
        .withf(|_, id, _, due_at| *id == OutboxId(1) && due_at.is_none())
        .returning(|_, _, _, _| Ok(()));
    let in_an_hour = Some(noon().after(Duration::from_secs(3600)));
    store
        .expect_put_off()
        .times(1)
        .withf(move |_, id, _, due_at| (*id, *due_at) == (OutboxId(2), in_an_hour))
        .returning(|_, _, _, _| Ok(()));
    let endpoint = endpoint(|_| Answer::Refuses);
    assert_eq!(use_case(store, &endpoint).pass().await.unwrap(), 2);
}

/// Event 1 takes ten seconds; events that become due meanwhile do not wait for it.
#[tokio::test(start_paused = true)]
async fn what_takes_long_holds_up_nothing_else() {
    let mut store = MockWebhookQueue::new();
    let mut next = 0;
    store.expect_claim().returning(move |_, _, _, limit| {
        assert!(limit <= 32, "no more than there is room for");
        next += 1;
        Ok(if next <= 5 { vec![event(next, 0)] } else { vec![] })
    });
    store.expect_delivered().returning(|_, _, _, _| Ok(()));
    let endpoint = endpoint(|id| match id {
        1 => Answer::TakesAfter(Duration::from_secs(10)),
        _ => Answer::Takes,
    });
    assert_eq!(use_case(store, &endpoint).pass().await.unwrap(), 5);
    assert_eq!(*endpoint.took.lock().unwrap(), [2, 3, 4, 5, 1]);
}

#[tokio::test(start_paused = true)]
async fn no_more_are_told_at_once_than_there_is_room_for() {
    let mut store = MockWebhookQueue::new();
    let mut given = 0;
    let limits = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&limits);
    store.expect_claim().returning(move |_, _, _, limit| {
        asked.lock().unwrap().push(limit);
        let claimed: Vec<_> = (given..100.min(given + i64::from(limit))).map(|id| event(id + 1, 0)).collect();
        given += i64::try_from(claimed.len()).unwrap();
        Ok(claimed)
    });
    store.expect_delivered().returning(|_, _, _, _| Ok(()));
    let endpoint = endpoint(|_| Answer::TakesAfter(Duration::from_secs(2)));
    assert_eq!(use_case(store, &endpoint).pass().await.unwrap(), 100);
    let limits = limits.lock().unwrap().clone();
    assert_eq!(limits.first(), Some(&32));
    assert!(limits.iter().all(|limit| *limit > 0), "nothing is asked for where there is no room");
}

/// There is always one more due event.
fn giving_out_for_ever() -> MockWebhookQueue {
    let mut store = MockWebhookQueue::new();
    let mut next = 0;
    store.expect_claim().returning(move |_, _, _, limit| {
        let first = next;
        next += i64::from(limit);
        Ok((first..next).map(|id| event(id + 1, 0)).collect())
    });
    store.expect_delivered().returning(|_, _, _, _| Ok(()));
    store
}

/// A stop waits only for the deliveries in progress: an event that was cut off would be delivered again.
#[tokio::test(start_paused = true)]
async fn a_pass_takes_on_nothing_more_when_the_process_stops() {
    let endpoint = endpoint(|_| Answer::TakesAfter(Duration::from_secs(2)));
    let job = Arc::new(use_case(giving_out_for_ever(), &endpoint));
    let mut jobs = Supervisor::new(DAY, Arc::new(AtOnce));
    let schedule =
        Schedule { every: Duration::from_secs(1), limit: Duration::from_secs(120), is_essential: true };
    jobs.start(job, schedule);
    let health = jobs.health();
    tokio::time::sleep(Duration::from_secs(7)).await;
    let begun = tokio::time::Instant::now();
    jobs.stop(Duration::from_secs(10)).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let since_success = health.reports()[0].since_success;
    assert!(since_success < Duration::from_millis(100), "it was cut off: {since_success:?}");
}

struct AtOnce;

impl Randomness for AtOnce {
    fn draw(&self) -> u32 {
        0
    }
}

/// A pass that never ended would never count as successful.
#[tokio::test(start_paused = true)]
async fn a_pass_ends_although_there_is_always_more() {
    let store = giving_out_for_ever();
    let endpoint = endpoint(|_| Answer::TakesAfter(Duration::from_secs(2)));
    let begun = tokio::time::Instant::now();
    let pass = use_case(store, &endpoint).pass().await.unwrap();
    assert_eq!(pass, endpoint.took.lock().unwrap().len(), "what it has it tells to its end");
    assert!((30..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_fails_badly_is_told_again() {
    let mut store = giving_out(vec![event(1, 0)]);
    store
        .expect_put_off()
        .times(1)
        .withf(|_, id, attempt, due_at| {
            *id == OutboxId(1) && attempt.outcome == AttemptOutcome::CutOff && due_at.is_some()
        })
        .returning(|_, _, _, _| Ok(()));
    let endpoint = endpoint(|_| Answer::Panics);
    assert_eq!(use_case(store, &endpoint).pass().await.unwrap(), 1);
    assert!(endpoint.took.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_failure_of_the_database_ends_the_pass() {
    let mut claim = MockWebhookQueue::new();
    claim.expect_claim().returning(|_, _, _, _| Err(store_down()));
    let mut delivered = giving_out(vec![event(1, 0)]);
    delivered.expect_delivered().times(1).returning(|_, _, _, _| Err(store_down()));
    for store in [claim, delivered] {
        let outcome = use_case(store, &endpoint(|_| Answer::Takes)).pass().await;
        assert!(matches!(outcome, Err(JobError::Store(StoreError::Unavailable(_)))), "{outcome:?}");
    }
    let mut put_off = giving_out(vec![event(1, 0)]);
    put_off.expect_put_off().times(1).returning(|_, _, _, _| Err(store_down()));
    let outcome = use_case(put_off, &endpoint(|_| Answer::Refuses)).pass().await;
    assert!(matches!(outcome, Err(JobError::Store(StoreError::Unavailable(_)))), "{outcome:?}");
}

#[tokio::test]
async fn rows_that_others_hold_are_written_again_within_bounds() {
    let mut store = giving_out(vec![event(1, 0)]);
    let mut sequence = Sequence::new();
    store.expect_delivered().times(3).in_sequence(&mut sequence).returning(|_, _, _, _| Err(rows_locked()));
    store.expect_delivered().times(1).in_sequence(&mut sequence).returning(|_, _, _, _| Ok(()));
    let endpoint = endpoint(|_| Answer::Takes);
    assert_eq!(use_case(store, &endpoint).pass().await.unwrap(), 1);
    assert_eq!(*endpoint.took.lock().unwrap(), [1]);

    let mut held = giving_out(vec![event(1, 0)]);
    held.expect_delivered().times(8).returning(|_, _, _, _| Err(rows_locked()));
    assert!(matches!(use_case(held, &endpoint).pass().await, Err(JobError::Store(StoreError::Busy(_)))));

    let mut claim = MockWebhookQueue::new();
    claim.expect_claim().times(1).returning(|_, _, _, _| Err(rows_locked()));
    assert_eq!(use_case(claim, &endpoint).pass().await.unwrap(), 0);
}

/// An event that is not for the endpoint is marked as delivered, and not logged.
#[tokio::test]
async fn what_is_filtered_out_is_not_delivered() {
    let mut refund = event(2, 0);
    refund.item.event.kind = OrderEventKind::Refund;
    let mut store = giving_out(vec![event(1, 0), refund, event(3, 0)]);
    let done = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&done);
    store.expect_delivered().returning(move |_, ids, attempts, _| {
        note.lock().unwrap().push((ids.to_vec(), attempts.len()));
        Ok(())
    });
    let endpoint = endpoint(|_| Answer::Takes);
    let filter = EventFilter::Kinds(vec![OrderEventKind::Refund]);
    let job = DeliverWebhooks { filter, ..use_case(store, &endpoint) };
    assert_eq!(job.pass().await.unwrap(), 3);
    assert_eq!(*endpoint.took.lock().unwrap(), [2]);
    let done = done.lock().unwrap().clone();
    assert_eq!(done, [(vec![OutboxId(1), OutboxId(3)], 0), (vec![OutboxId(2)], 1)]);
}

/// Asked only after failures, and once per batch.
#[tokio::test]
async fn an_endpoint_that_failed_for_long_is_paused() {
    let mut store = giving_out(vec![event(1, 0), event(2, 0)]);
    store.expect_put_off().times(2).returning(|_, _, _, _| Ok(()));
    let mut endpoints = MockWebhookEndpoints::new();
    endpoints
        .expect_pause()
        .times(1..=2)
        .withf(|name, failing_before, at| {
            (name, *failing_before, *at) == (&erp(), noon().before(3 * DAY), noon())
        })
        .returning(|_, _, _| Ok(Pause::Begun));
    let refusing = endpoint(|_| Answer::Refuses);
    assert_eq!(use_case_with(store, endpoints, &refusing).pass().await.unwrap(), 2);

    // A paused endpoint's events are kept instead of given up, also if another batch or process paused it.
    let old = || {
        let mut old = event(1, 1_000);
        old.item.event.at = noon().before(30 * DAY);
        old
    };
    for (pause, expected) in
        [(Pause::Begun, Some(noon())), (Pause::GoesOn, Some(noon())), (Pause::None, None)]
    {
        let mut store = giving_out(vec![old()]);
        store
            .expect_put_off()
            .times(1)
            .withf(move |_, _, _, due_at| *due_at == expected)
            .returning(|_, _, _, _| Ok(()));
        let mut endpoints = MockWebhookEndpoints::new();
        endpoints.expect_pause().times(1).returning(move |_, _, _| Ok(pause));
        use_case_with(store, endpoints, &refusing).pass().await.unwrap();
    }

    let mut well = giving_out(vec![event(1, 0)]);
    well.expect_delivered().times(1).returning(|_, _, _, _| Ok(()));
    let taking = endpoint(|_| Answer::Takes);
    let job = use_case_with(well, MockWebhookEndpoints::new(), &taking);
    assert_eq!(job.pass().await.unwrap(), 1);
}

#[tokio::test]
async fn jobs_are_named_after_their_endpoints() {
    let job = use_case(MockWebhookQueue::new(), &endpoint(|_| Answer::Takes));
    assert_eq!(job.name(), "webhooks:erp");
    assert_eq!(DeliverWebhooks { name: EndpointName::first(), ..job }.name(), "webhooks");
}

#[tokio::test]
async fn events_are_given_to_endpoints_that_are_in_use() {
    let mut store = MockWebhookQueue::new();
    store
        .expect_distribute()
        .times(1)
        .with(eq(noon()), eq(noon().before(DAY)), eq(500))
        .returning(|_, _, _| Ok(7));
    store.expect_distribute().times(1).returning(|_, _, _| Err(rows_locked()));
    store.expect_distribute().times(1).returning(|_, _, _| Err(store_down()));
    let job = DistributeEvents { queue: Arc::new(store), clock: Arc::new(clock()) };
    assert_eq!(job.pass().await.unwrap(), 7);
    assert_eq!(job.pass().await.unwrap(), 0, "others do it");
    assert!(job.pass().await.is_err());
}

#[tokio::test]
async fn old_events_and_attempts_are_forgotten() {
    let mut store = MockWebhookQueue::new();
    store
        .expect_purge()
        .times(1)
        .withf(|before, limit| *before == noon().before(30 * DAY) && *limit <= 1_000)
        .returning(|_, _| Ok(7));
    let mut endpoints = MockWebhookEndpoints::new();
    endpoints
        .expect_register()
        .times(1)
        .withf(|names, now, absent_for| *names == [erp()] && (*now, *absent_for) == (noon(), DAY))
        .returning(|_, _, _| Ok(()));
    endpoints
        .expect_purge_attempts()
        .times(1)
        .withf(|before, most, limit| *before == noon().before(7 * DAY) && *most > 0 && *limit <= 1_000)
        .returning(|_, _, _| Ok(5));
    let purge = PurgeOutbox {
        queue: Arc::new(store),
        endpoints: Arc::new(endpoints),
        names: vec![erp()],
        clock: Arc::new(clock()),
        retention: 30 * DAY,
        log_retention: 7 * DAY,
    };
    assert_eq!(purge.pass().await.unwrap(), 12);
}
