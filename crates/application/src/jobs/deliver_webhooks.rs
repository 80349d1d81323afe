use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{AttemptOutcome, Delivery, DeliveryAttempt, EndpointName, EventFilter, OutboxId, ShopTime};
use ports::{
    Claimed, Clock, Pause, Randomness, StoreError, WebhookEndpoint, WebhookEndpoints, WebhookError,
    WebhookQueue,
};
use tokio::{
    task::{self, JoinError, JoinSet},
    time::{Instant, timeout},
};

use super::{Job, JobError};
use crate::retries::{ATTEMPTS, Again, Attempts};

/// Delivers order events to one webhook endpoint: each event at least once, and the events of one order in sequence.
/// Each endpoint has its own job, so that a slow endpoint delays no other.
pub struct DeliverWebhooks {
    /// The endpoint's name.
    pub name: EndpointName,
    /// Which events it gets.
    pub filter: EventFilter,
    /// Reads the events and records their delivery.
    pub queue: Arc<dyn WebhookQueue>,
    /// Sends the HTTP requests.
    pub endpoint: Arc<dyn WebhookEndpoint>,
    /// Pauses the endpoint.
    pub endpoints: Arc<dyn WebhookEndpoints>,
    /// Tells which events are due.
    pub clock: Arc<dyn Clock>,
    /// Adds jitter between processes that wait for the same rows.
    pub randomness: Arc<dyn Randomness>,
    /// How long deliveries must fail without a success before the endpoint is paused.
    pub pause_after: Duration,
    /// Whether the process is stopping, so that no more events are claimed.
    pub is_winding_down: AtomicBool,
}

/// Events that are being delivered.
type Deliveries = JoinSet<Result<u16, DeliveryError>>;

/// The delivery of each task and its start time.
type InHand = HashMap<task::Id, (Claimed<Delivery>, Instant)>;

/// Why an event was not delivered, or may not have been.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Endpoint(#[from] WebhookError),
    #[error("the delivery was cut off")]
    CutOff(#[source] JoinError),
}

/// The result of one delivery with its task id.
type Ended = Result<(task::Id, Result<u16, DeliveryError>), JoinError>;

impl DeliverWebhooks {
    /// How many events are delivered concurrently, each of a different order.
    pub const AT_ONCE: usize = 32;
    /// How long one process owns claimed events. It is longer than [`WebhookEndpoint::deliver`] and the recording may
    /// take; otherwise another process would deliver the same and later events at the same time.
    const LEASE: Duration = Duration::from_secs(90);
    /// How often a pass that waits for a slow endpoint checks for newly due events.
    const LOOK_EVERY: Duration = Duration::from_millis(500);
    /// How long a pass claims more events. It finishes the deliveries that it has begun.
    const TAKES_FOR: Duration = Duration::from_secs(30);

    async fn claim(&self, free: usize) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        let Some(limit) = u32::try_from(free).ok().filter(|limit| *limit > 0) else { return Ok(Vec::new()) };
        let now = self.clock.now();
        match self.queue.claim(&self.name, now, now.after(Self::LEASE), limit).await {
            // The processes that hold the rows do the same work, so skipping one turn does no harm.
            Err(StoreError::Busy(_)) => Ok(Vec::new()),
            claimed => claimed,
        }
    }

    /// Starts to deliver the claimed events. Events that the endpoint does not want are recorded as done; returns their
    /// number.
    async fn take_on(
        &self,
        claimed: Vec<Claimed<Delivery>>,
        delivering: &mut Deliveries,
        in_hand: &mut InHand,
    ) -> Result<usize, StoreError> {
        let (wanted, unwanted): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|claimed| self.filter.wants(claimed.item.event.kind));
        for claimed in wanted {
            let (endpoint, delivery) = (Arc::clone(&self.endpoint), claimed.item.clone());
            let task = delivering.spawn(async move { Ok(endpoint.deliver(&delivery).await?) });
            in_hand.insert(task.id(), (claimed, Instant::now()));
        }
        let unwanted: Vec<OutboxId> = unwanted.iter().map(|claimed| claimed.item.id).collect();
        if !unwanted.is_empty() {
            let now = self.clock.now();
            self.persist(|| self.queue.delivered(&self.name, &unwanted, &[], now)).await?;
        }
        Ok(unwanted.len())
    }

    /// Records the results of deliveries. All successes are recorded in one transaction.
    async fn write_down(&self, ended: Vec<Ended>, in_hand: &mut InHand) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut delivered = Vec::new();
        let mut failed = Vec::new();
        for outcome in ended {
            let (task, outcome) = match outcome {
                Ok((task, outcome)) => (task, outcome),
                Err(error) => (error.id(), Err(DeliveryError::CutOff(error))),
            };
            let Some((claimed, begun)) = in_hand.remove(&task) else { continue };
            let attempt = attempt(&claimed.item, now, begun.elapsed(), &outcome);
            match outcome {
                Ok(_) => delivered.push((claimed.item.id, attempt)),
                Err(error) => failed.push((claimed, attempt, error)),
            }
        }
        if !delivered.is_empty() {
            let (ids, attempts): (Vec<_>, Vec<_>) = delivered.into_iter().unzip();
            self.persist(|| self.queue.delivered(&self.name, &ids, &attempts, now)).await?;
        }
        let Some((Claimed { item: Delivery { event_id, .. }, attempts }, _, error)) = failed.first() else {
            return Ok(());
        };
        tracing::warn!(
            endpoint = %self.name, failed = failed.len(), %event_id, attempts,
            error = error as &dyn std::error::Error, "events were not delivered, these among them"
        );
        let is_paused = self.pause_if_due(now).await?;
        for (Claimed { item: delivery, attempts }, attempt, error) in failed {
            let due_at = match delivery.next_try(now, attempts) {
                // A paused endpoint gets the event after it is resumed.
                None if is_paused => Some(now),
                due_at => due_at,
            };
            if due_at.is_none() {
                tracing::error!(
                    endpoint = %self.name, event_id = %delivery.event_id, order_id = %delivery.event.order_id,
                    error = &error as &dyn std::error::Error,
                    "events were not delivered for days: they and all that follow of this order wait until they are resent"
                );
            }
            self.persist(|| self.queue.put_off(&self.name, delivery.id, &attempt, due_at)).await?;
        }
        Ok(())
    }

    /// Pauses the endpoint if it has failed long enough without a success, and logs that once. Returns whether it is
    /// paused.
    async fn pause_if_due(&self, now: ShopTime) -> Result<bool, StoreError> {
        let failing_before = now.before(self.pause_after);
        let pause = self.persist(|| self.endpoints.pause(&self.name, failing_before, now)).await?;
        if pause == Pause::Begun {
            tracing::error!(
                endpoint = %self.name, hours = self.pause_after.as_secs() / 3600,
                "a webhook endpoint took nothing for so long and is paused; its events are kept until it is resumed"
            );
        }
        Ok(pause != Pause::None)
    }

    /// Repeats a write while other transactions hold the rows, a bounded number of times.
    async fn persist<T, Write>(&self, write: impl Fn() -> Write) -> Result<T, StoreError>
    where
        Write: Future<Output = Result<T, StoreError>>,
    {
        let mut attempts = Attempts::at_most(ATTEMPTS, &*self.randomness);
        loop {
            match write().await {
                Err(error @ StoreError::Busy(_)) => attempts.again(Again::Busy, error).await?,
                outcome => return outcome,
            }
        }
    }
}

/// The delivery log entry of an attempt that ended at `at`.
fn attempt(
    delivery: &Delivery,
    at: ShopTime,
    took: Duration,
    outcome: &Result<u16, DeliveryError>,
) -> DeliveryAttempt {
    DeliveryAttempt {
        event_id: delivery.event_id.clone(),
        order_id: delivery.event.order_id.clone(),
        kind: delivery.event.kind,
        at,
        took,
        outcome: match outcome {
            Ok(status) => AttemptOutcome::Delivered(*status),
            Err(DeliveryError::Endpoint(WebhookError::Refused(status))) => AttemptOutcome::Refused(*status),
            Err(DeliveryError::Endpoint(WebhookError::Unreachable(_))) => AttemptOutcome::Unreachable,
            Err(DeliveryError::CutOff(_)) => AttemptOutcome::CutOff,
        },
    }
}

/// Delivers all due events, and for a while those that become due meanwhile. A slow delivery delays only later events
/// of the same order. A delivery that could not be recorded is repeated.
impl Job for DeliverWebhooks {
    const NAME: &'static str = "webhooks";

    fn name(&self) -> Cow<'static, str> {
        if self.name.is_first() { Self::NAME.into() } else { format!("{}:{}", Self::NAME, self.name).into() }
    }

    async fn pass(&self) -> Result<usize, JobError> {
        let begun = Instant::now();
        let mut delivering = Deliveries::new();
        let mut in_hand = HashMap::new();
        let mut done = 0;
        loop {
            let is_winding_down = self.is_winding_down.load(Ordering::Relaxed);
            let takes_more = begun.elapsed() < Self::TAKES_FOR && !is_winding_down;
            let free = if takes_more { Self::AT_ONCE.saturating_sub(delivering.len()) } else { 0 };
            let claimed = self.claim(free).await?;
            done += self.take_on(claimed, &mut delivering, &mut in_hand).await?;
            if delivering.is_empty() {
                return Ok(done);
            }
            let ended = timeout(Self::LOOK_EVERY, delivering.join_next_with_id()).await;
            let mut ended: Vec<_> = ended.ok().flatten().into_iter().collect();
            while let Some(another) = delivering.try_join_next_with_id() {
                ended.push(another);
            }
            done += ended.len();
            self.write_down(ended, &mut in_hand).await?;
        }
    }

    fn wind_down(&self) {
        self.is_winding_down.store(true, Ordering::Relaxed);
    }
}
