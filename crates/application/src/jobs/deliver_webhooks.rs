use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::Delivery;
use ports::{Claimed, Clock, StoreError, WebhookEndpoint, WebhookError, WebhookQueue};
use tokio::{
    task::{self, JoinError, JoinSet},
    time::{Instant, timeout},
};

use super::{Job, JobError, Pass};

/// Delivers order events to the webhook: each at least once, those of an order one after the other.
pub struct DeliverWebhooks {
    /// Where the events are.
    pub queue: Arc<dyn WebhookQueue>,
    /// Where they are delivered to.
    pub endpoint: Arc<dyn WebhookEndpoint>,
    /// What is due.
    pub clock: Arc<dyn Clock>,
}

/// Events that are being delivered.
type Deliveries = JoinSet<Result<(), DeliveryError>>;

/// Why events were not delivered, or may not have been.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Endpoint(#[from] WebhookError),
    #[error("it took too long")]
    TooLong,
    #[error("the delivery was cut off")]
    CutOff(#[source] JoinError),
}

/// How one delivery ended, and which task it was.
type Ended = Result<(task::Id, Result<(), DeliveryError>), JoinError>;

impl DeliverWebhooks {
    /// How many events are delivered at the same time, each of another order.
    pub const AT_ONCE: usize = 32;
    /// How long a delivery may take, whatever the adapter allows itself.
    const PATIENCE: Duration = Duration::from_secs(20);
    /// How long one process has events to itself: longer than it delivers them and records that, or another one would
    /// deliver them, and what follows them, at the same time.
    const LEASE: Duration = Duration::from_secs(90);
    /// How long a pass that waits for a slow endpoint goes without a look at what has become due.
    const LOOK_EVERY: Duration = Duration::from_millis(500);
    /// How long a pass takes on more events; those that it has are delivered to their end.
    const TAKES_FOR: Duration = Duration::from_secs(30);

    async fn claim(&self, free: usize) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        let Some(limit) = u32::try_from(free).ok().filter(|limit| *limit > 0) else { return Ok(Vec::new()) };
        let now = self.clock.now();
        match self.queue.claim(now, now.after(Self::LEASE), limit).await {
            // Those who hold the rows do the same: there is time.
            Err(StoreError::Busy(_)) => Ok(Vec::new()),
            claimed => claimed,
        }
    }

    fn start(
        &self,
        claimed: Claimed<Delivery>,
        telling: &mut Deliveries,
        in_hand: &mut HashMap<task::Id, Claimed<Delivery>>,
    ) {
        let (endpoint, delivery) = (Arc::clone(&self.endpoint), claimed.item.clone());
        let task = telling.spawn(async move {
            match timeout(Self::PATIENCE, endpoint.deliver(&delivery)).await {
                Ok(told) => Ok(told?),
                Err(_elapsed) => Err(DeliveryError::TooLong),
            }
        });
        in_hand.insert(task.id(), claimed);
    }

    /// Records what became of events, all that were delivered in one transaction.
    async fn write_down(
        &self,
        ended: Vec<Ended>,
        in_hand: &mut HashMap<task::Id, Claimed<Delivery>>,
    ) -> Result<(), StoreError> {
        let mut told = Vec::new();
        let mut failed = Vec::new();
        for outcome in ended {
            let (task, outcome) = match outcome {
                Ok((task, outcome)) => (task, outcome),
                Err(error) => (error.id(), Err(DeliveryError::CutOff(error))),
            };
            let Some(claimed) = in_hand.remove(&task) else { continue };
            match outcome {
                Ok(()) => told.push(claimed.item.id),
                Err(error) => failed.push((claimed, error)),
            }
        }
        let now = self.clock.now();
        if !told.is_empty() {
            self.persist(|| self.queue.delivered(&told, now)).await?;
        }
        if let Some((Claimed { item: Delivery { event_id, .. }, attempts }, error)) = failed.first() {
            let error = error as &dyn std::error::Error;
            tracing::warn!(failed = failed.len(), %event_id, attempts, error, "events were not told, these among them");
        }
        for (Claimed { item: delivery, attempts }, error) in failed {
            let due_at = delivery.next_try(now, attempts);
            if due_at.is_none() {
                report_given_up(&delivery, &error);
            }
            self.persist(|| self.queue.put_off(delivery.id, due_at)).await?;
        }
        Ok(())
    }

    /// Writes again as long as others hold the rows, within bounds.
    async fn persist<Write>(&self, write: impl Fn() -> Write) -> Result<(), StoreError>
    where
        Write: Future<Output = Result<(), StoreError>>,
    {
        let mut tried = 1;
        loop {
            match write().await {
                Err(StoreError::Busy(_)) if tried < crate::ATTEMPTS => tried += 1,
                outcome => return outcome,
            }
        }
    }
}

/// Delivers all that is due, and for a while what becomes due meanwhile. Events that take long hold up those of their own order
/// alone. What was delivered and could not be recorded is delivered again.
impl Job for DeliverWebhooks {
    const NAME: &'static str = "webhooks";

    async fn pass(&self) -> Result<Pass, JobError> {
        let begun = Instant::now();
        let mut telling = Deliveries::new();
        let mut in_hand = HashMap::new();
        let mut done = 0;
        loop {
            let takes_more = begun.elapsed() < Self::TAKES_FOR;
            let free = if takes_more { Self::AT_ONCE.saturating_sub(telling.len()) } else { 0 };
            for claimed in self.claim(free).await? {
                self.start(claimed, &mut telling, &mut in_hand);
            }
            if telling.is_empty() {
                return Ok(Pass { done });
            }
            let ended = timeout(Self::LOOK_EVERY, telling.join_next_with_id()).await;
            let mut ended: Vec<_> = ended.ok().flatten().into_iter().collect();
            while let Some(another) = telling.try_join_next_with_id() {
                ended.push(another);
            }
            done += ended.len();
            self.write_down(ended, &mut in_hand).await?;
        }
    }
}

fn report_given_up(Delivery { event_id, event, .. }: &Delivery, error: &DeliveryError) {
    tracing::error!(
        %event_id, order_id = %event.order_id, error = error as &dyn std::error::Error,
        "events were not told for days: they and all that follow of this order wait until they are resent"
    );
}
