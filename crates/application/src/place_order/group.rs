use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    Allocation, GroupAllocation, NewOrder, Order, OrderId, OrderNews, OrderNumbers, Quote, Refusal, SkuId,
    StockDemand, allocate,
};
use ports::{
    BoxError, CartRemoval, CartRemovalMode, Catalog, Clock, InsertOrdersError, OrderReader, Randomness,
    StockOutcome, StoreError, UnitsOfWork,
};

use tokio::time::Instant;

use super::{OrderDraft, PlacementError};
use crate::{ATTEMPTS, ShopRules, SweepCarts};

/// Places groups of orders, each group in one transaction.
pub struct Placement {
    ports: PlacementPorts,
    rules: ShopRules,
    numbers: Mutex<OrderNumbers>,
}

/// What placing needs from the outside.
pub struct PlacementPorts {
    /// What there is to sell, and how many of it.
    pub catalog: Arc<dyn Catalog>,
    /// Where orders are written.
    pub units: Arc<dyn UnitsOfWork>,
    /// Numbers and keys in use.
    pub orders: Arc<dyn OrderReader>,
    /// Takes the lines out of carts that live elsewhere.
    pub sweep: Arc<SweepCarts>,
    /// The time of the orders.
    pub clock: Arc<dyn Clock>,
    /// Jitter, and order numbers apart from those of other processes.
    pub randomness: Arc<dyn Randomness>,
}

/// How often a group is tried together before its members are placed one by one.
const GROUP_TRIES: u32 = 2;
/// How long the members of a group may take in all, before those that are left are told that the shop is too busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to look for orders whose commit was not answered, before their buyers are told.
const FIND_OUT: Duration = Duration::from_secs(5);

type Outcome = Result<Order, PlacementError>;

/// What one try came to.
enum Try {
    /// An outcome for each draft.
    Done(Vec<Outcome>),
    /// Stock or a number was taken by others meanwhile, or others hold the rows: look again.
    Again,
    /// The cause may lie in one member alone.
    Failed(PlacementError),
    /// The cause lies in none of them: nobody needs to be tried again.
    Hopeless(PlacementError),
}

impl Placement {
    /// With these ports and rules.
    pub fn new(ports: PlacementPorts, rules: ShopRules) -> Self {
        Self { ports, rules, numbers: Mutex::default() }
    }

    /// Places the drafts in their order, first come, first served; an outcome for each, in their order.
    ///
    /// A group that does not get through together is placed member by member, so that one whose stock is held by others
    /// or whom the database refuses does not take the rest down.
    pub async fn place(&self, drafts: &[OrderDraft]) -> Vec<Outcome> {
        let deadline = Instant::now() + PATIENCE;
        if drafts.len() > 1 {
            for _ in 0..GROUP_TRIES {
                match self.try_once(drafts).await {
                    Try::Done(outcomes) => return outcomes,
                    Try::Hopeless(error) => return vec![Err(error); drafts.len()],
                    Try::Again => {}
                    Try::Failed(_) => break,
                }
            }
            tracing::info!(members = drafts.len(), "a group of orders is placed one by one");
        }
        self.place_one_by_one(drafts, deadline).await
    }

    /// Passes over those that are open, again and again, within the bounds of tries and time. Who shares a SKU with one
    /// that got stuck waits for the next pass: others hold that SKU, and each wait for it holds up everybody behind.
    async fn place_one_by_one(&self, drafts: &[OrderDraft], deadline: Instant) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; drafts.len()];
        for attempt in 1..=ATTEMPTS {
            let mut stuck = BTreeSet::new();
            for (draft, outcome) in drafts.iter().zip(&mut outcomes).filter(|(_, outcome)| outcome.is_none())
            {
                if Instant::now() >= deadline || draft.purchase.sku_ids().any(|id| stuck.contains(&id)) {
                    continue;
                }
                match self.try_once(std::slice::from_ref(draft)).await {
                    Try::Done(mut alone) => *outcome = alone.pop(),
                    Try::Failed(error) | Try::Hopeless(error) => *outcome = Some(Err(error)),
                    Try::Again => stuck.extend(draft.purchase.sku_ids()),
                }
            }
            if outcomes.iter().all(Option::is_some) || Instant::now() >= deadline {
                break;
            }
            self.wait(attempt).await;
        }
        outcomes.into_iter().map(|outcome| outcome.unwrap_or(Err(PlacementError::Busy))).collect()
    }

    /// One try for all of them together.
    async fn try_once(&self, drafts: &[OrderDraft]) -> Try {
        match self.place_together(drafts).await {
            Ok(outcome) => outcome,
            Err(StoreError::Busy(_)) => Try::Again,
            Err(error @ (StoreError::Refused(_) | StoreError::Corrupt(_))) => Try::Failed(error.into()),
            Err(error @ (StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))) => {
                Try::Hopeless(error.into())
            }
        }
    }

    /// Waits a little, longer at each attempt, and not as long as others who wait for the same rows.
    async fn wait(&self, attempt: u32) {
        let jitter = self.ports.randomness.draw() % 10;
        tokio::time::sleep(Duration::from_millis(u64::from(attempt * 5 + jitter))).await;
    }

    async fn place_together(&self, drafts: &[OrderDraft]) -> Result<Try, StoreError> {
        let group = self.share_out(drafts).await?;
        let (orders, outcomes) = self.number(drafts, group.outcomes);
        if !orders.is_empty() {
            let written = self.write(&orders, &group.taken).await;
            if !matches!(written, Ok(Written::Yes) | Err(StoreError::OutcomeUnknown(_))) {
                self.numbers().give_back(orders.iter().map(|new| &new.order.id));
            }
            match written? {
                Written::Yes => {}
                Written::StockChanged => return Ok(Try::Again),
                Written::NumberTaken => {
                    self.learn_numbers(&orders).await?;
                    return Ok(Try::Again);
                }
                Written::KeyInUse => return Ok(Try::Failed(PlacementError::KeyInUse)),
                Written::Repeated => return Ok(Try::Failed(PlacementError::Repeated)),
            }
        }
        let mut orders = orders.into_iter();
        let placed = |outcome: Result<(), Refusal>| match outcome {
            Ok(()) => orders.next().map(|new| new.order).ok_or(PlacementError::Busy),
            Err(refusal) => Err(refusal.into()),
        };
        Ok(Try::Done(outcomes.into_iter().map(placed).collect()))
    }

    /// Lets the domain decide who gets what, from the stock as it is now.
    async fn share_out(&self, drafts: &[OrderDraft]) -> Result<GroupAllocation, StoreError> {
        let ids: BTreeSet<SkuId> = drafts.iter().flat_map(|draft| draft.purchase.sku_ids()).collect();
        let skus = self.ports.catalog.skus(&ids.into_iter().collect::<Vec<_>>()).await?;
        let demands: Vec<StockDemand<'_>> = drafts
            .iter()
            .map(|draft| StockDemand { purchase: &draft.purchase, expected_amount: draft.expected_amount })
            .collect();
        Ok(allocate(&demands, &skus, &self.rules.freight))
    }

    /// Makes orders of the drafts that are served.
    fn number(
        &self,
        drafts: &[OrderDraft],
        outcomes: Vec<Result<Quote, Refusal>>,
    ) -> (Vec<NewOrder>, Vec<Result<(), Refusal>>) {
        let mut numbers = self.numbers();
        // Within the lock: time must not go back from one order to the next.
        let now = self.ports.clock.now();
        let mut orders = Vec::with_capacity(drafts.len());
        let placed = drafts.iter().zip(outcomes).map(|(draft, outcome)| {
            let quote = outcome?;
            let id = numbers.next(now, draft.user_id, self.ports.randomness.draw());
            orders.push(draft.place(id, quote, now, now.after(self.rules.payment_deadline)));
            Ok(())
        });
        let outcomes = placed.collect();
        (orders, outcomes)
    }

    fn numbers(&self) -> MutexGuard<'_, OrderNumbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the stock and writes the orders, in one transaction.
    async fn write(&self, orders: &[NewOrder], taken: &[Allocation]) -> Result<Written, StoreError> {
        let mut unit = self.ports.units.begin().await?;
        if unit.stock().take(taken).await? == StockOutcome::Changed {
            return Ok(Written::StockChanged);
        }
        match unit.orders().insert(orders).await {
            Ok(()) => {}
            Err(InsertOrdersError::NumberTaken(_)) => return Ok(Written::NumberTaken),
            Err(InsertOrdersError::Repeated(_)) => return Ok(Written::Repeated),
            Err(InsertOrdersError::Store(error)) => return Err(error),
        }
        let news: Vec<OrderNews> = orders.iter().map(|new| OrderNews::created(&new.order)).collect();
        unit.outbox().add(&news).await?;
        let now = self.ports.clock.now();
        if orders.iter().any(|new| new.idempotency.is_some())
            && !unit.idempotency().record(orders, now).await?
        {
            return Ok(Written::KeyInUse);
        }
        let removals: Vec<CartRemoval> = orders.iter().filter_map(cart_removal).collect();
        let mut mode = CartRemovalMode::InTransaction;
        if !removals.is_empty() {
            mode = unit.cart_removals().add(&removals, now).await?;
        }
        match unit.commit().await {
            Ok(()) => {}
            Err(StoreError::OutcomeUnknown(cause)) => self.find_out(orders, cause).await?,
            Err(error) => return Err(error),
        }
        if mode == CartRemovalMode::AfterCommit
            && let Err(error) = self.ports.sweep.remove(&removals).await
        {
            tracing::warn!(%error, "ordered lines are still in their carts; they will be taken out later");
        }
        Ok(Written::Yes)
    }

    /// Whether orders were written whose commit was not answered. They were written together, so one tells of all.
    async fn find_out(&self, orders: &[NewOrder], cause: BoxError) -> Result<(), StoreError> {
        let Some(first) = orders.first() else { return Ok(()) };
        let found = tokio::time::timeout(FIND_OUT, self.look_for(&first.order.id)).await;
        // What is never found was not written, or its buyer finds it in the list.
        found.map_err(|_| StoreError::OutcomeUnknown(cause))
    }

    /// Looks until the order is found; the database may still be at it, or be on its way back.
    async fn look_for(&self, id: &OrderId) {
        while !matches!(self.ports.orders.find(id).await, Ok(Some(_))) {
            tokio::time::sleep(FIND_OUT / 20).await;
        }
    }

    /// Learns which numbers of the second others have.
    async fn learn_numbers(&self, orders: &[NewOrder]) -> Result<(), StoreError> {
        let seconds: BTreeSet<&str> =
            orders.iter().filter_map(|new| new.order.id.as_str().get(..14)).collect();
        for second in seconds {
            let taken = self.ports.orders.numbers_beginning_with(second).await?;
            self.numbers().mark_taken(&taken);
        }
        Ok(())
    }
}

/// How writing a group ended, where the database did not fail.
enum Written {
    Yes,
    StockChanged,
    NumberTaken,
    KeyInUse,
    Repeated,
}

fn cart_removal(new: &NewOrder) -> Option<CartRemoval> {
    (!new.cart_lines.is_empty()).then(|| CartRemoval {
        order_id: new.order.id.clone(),
        user_id: new.order.user_id,
        lines: new.cart_lines.clone(),
    })
}
