use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use metrics::{counter, histogram};
use ports::{StoreError, metric};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout},
};

use super::{BatchRequest, Outcome, Placement, PlacementError, STALLED_AFTER};

/// How long a request may wait for a writer before the buyer gets "too busy".
pub const BATCHER_PATIENCE: Duration = Duration::from_secs(5);

/// The queue of orders to place.
///
/// Placing one order costs the database nearly as much as placing many. So a writer takes all waiting requests and never
/// waits for more: an idle shop places groups of one without delay, a busy one places large groups.
#[derive(Clone)]
pub struct OrderBatcher {
    queue: mpsc::Sender<Queued>,
}

/// The queue of a batcher, for metrics.
#[derive(Clone)]
pub struct BatcherQueue(mpsc::WeakSender<Queued>);

impl BatcherQueue {
    /// How many requests wait for a writer.
    pub fn length(&self) -> usize {
        self.0.upgrade().map_or(0, |queue| queue.max_capacity().saturating_sub(queue.capacity()))
    }
}

/// The limits of a batcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatcherSettings {
    /// How many groups are written at the same time.
    pub writers: usize,
    /// The most orders in one group.
    pub group: usize,
    /// The most orders that wait; further ones are refused.
    pub queue: usize,
}

/// A request in the queue, and where to send its outcome.
struct Queued {
    request: BatchRequest,
    answer: oneshot::Sender<Outcome>,
    /// Set once: by the writer that places the request, or by the caller that stops waiting.
    claimed: Arc<AtomicBool>,
    queued: Instant,
}

impl OrderBatcher {
    /// Opens the batcher. The writers stop after the last clone of the batcher is dropped and all waiting requests are
    /// placed.
    pub fn open(placement: Arc<Placement>, settings: BatcherSettings) -> (Self, JoinSet<()>) {
        let (queue, waiting) = mpsc::channel(settings.queue.max(1));
        let waiting = Arc::new(Mutex::new(waiting));
        let mut writers = JoinSet::new();
        for _ in 0..settings.writers.max(1) {
            writers.spawn(write(Arc::clone(&placement), Arc::clone(&waiting), settings.group.max(1)));
        }
        (Self { queue }, writers)
    }

    /// A view of the queue that does not keep the batcher open.
    pub fn queue(&self) -> BatcherQueue {
        BatcherQueue(self.queue.downgrade())
    }

    /// Whether the writers are running.
    pub fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Places one order, together with others that are waiting.
    ///
    /// # Errors
    /// [`PlacementError::Busy`] if the queue is full or no writer took the request within [`BATCHER_PATIENCE`]; in both
    /// cases the request is not placed later either.
    pub async fn place(&self, request: BatchRequest) -> Outcome {
        let claimed = Arc::new(AtomicBool::new(false));
        let (answer, mut answered) = oneshot::channel();
        let queued = Queued { request, answer, claimed: Arc::clone(&claimed), queued: Instant::now() };
        self.queue.try_send(queued).map_err(|_| turned_away("full"))?;
        let outcome = match timeout(BATCHER_PATIENCE, &mut answered).await {
            Ok(outcome) => outcome,
            Err(_) if !claimed.swap(true, Ordering::AcqRel) => return Err(turned_away("waited").into()),
            // A writer has the request: the database's time limits bound the remaining wait.
            Err(_) => answered.await,
        };
        outcome
            .unwrap_or_else(|lost| Err(PlacementError::from(StoreError::OutcomeUnknown(lost.into())).into()))
    }
}

fn turned_away(reason: &'static str) -> PlacementError {
    counter!(metric::QUEUE_REFUSED, "reason" => reason).increment(1);
    PlacementError::Busy
}

/// How many groups of one writer may be stalled at once.
const MAX_STALLED: usize = 8;

/// Runs one writer while the batcher is open.
async fn write(placement: Arc<Placement>, waiting: Arc<Mutex<mpsc::Receiver<Queued>>>, most: usize) {
    let mut batch = Vec::with_capacity(most);
    let mut stalled: VecDeque<JoinHandle<()>> = VecDeque::new();
    let (waits, sizes) = (histogram!(metric::QUEUE_WAIT), histogram!(metric::GROUP_SIZE));
    while waiting.lock().await.recv_many(&mut batch, most).await > 0 {
        let group: Vec<Queued> =
            batch.drain(..).filter(|queued| !queued.claimed.swap(true, Ordering::AcqRel)).collect();
        let now = Instant::now();
        group.iter().for_each(|queued| waits.record(now.saturating_duration_since(queued.queued)));
        sizes.record(u32::try_from(group.len()).unwrap_or(u32::MAX));
        let mut placing = tokio::spawn(place(Arc::clone(&placement), group));
        if timeout(STALLED_AFTER, &mut placing).await.is_err() {
            stalled.push_back(placing);
        }
        stalled.retain(|placing| !placing.is_finished());
        if stalled.len() >= MAX_STALLED
            && let Some(oldest) = stalled.pop_front()
        {
            let _ended = oldest.await;
        }
    }
    for placing in stalled {
        let _ended = placing.await;
    }
}

/// Places one group, and answers each buyer.
async fn place(placement: Arc<Placement>, group: Vec<Queued>) {
    let (requests, answers): (Vec<_>, Vec<_>) =
        group.into_iter().map(|queued| (queued.request, queued.answer)).unzip();
    let outcomes = placement.place(&requests).await;
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // A buyer who no longer waits finds the order in the order list.
        let _gone = answer.send(outcome);
    }
}
