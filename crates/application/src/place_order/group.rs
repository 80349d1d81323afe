use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{
    Allocation, GroupAllocation, NewOrder, Order, OrderId, OrderNumbers, Quote, Refusal, SkuId, StockDemand,
    allocate,
};
use ports::{
    BoxError, CartRemoval, CartRemovalMode, Catalog, Clock, InsertOrdersError, OrderReader, Randomness,
    StockOutcome, StoreError, UnitsOfWork,
};

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

/// How long to look for orders whose commit was not answered, before their buyers are told.
const FIND_OUT: Duration = Duration::from_secs(5);

type Outcome = Result<Order, PlacementError>;

/// What one try came to.
enum Try {
    /// An outcome for each draft.
    Done(Vec<Outcome>),
    /// Stock or a number was taken by others meanwhile: look again.
    Again,
    /// One of the keys was taken by others.
    KeyInUse,
}

/// Why no outcome was reached.
enum Failure {
    /// The cause may lie in one member: the others are to be placed without it.
    OfAMember(PlacementError),
    /// The cause lies in none of them.
    OfTheGroup(PlacementError),
}

impl Placement {
    /// With these ports and rules.
    pub fn new(ports: PlacementPorts, rules: ShopRules) -> Self {
        Self { ports, rules, numbers: Mutex::default() }
    }

    /// Places the drafts in their order, first come, first served; an outcome for each, in their order.
    ///
    /// A group that fails for a reason that may lie in one member is placed member by member.
    pub async fn place(&self, drafts: &[OrderDraft]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(drafts.len());
        match self.place_together(drafts).await {
            Ok(together) => outcomes = together,
            Err(Failure::OfAMember(error)) if drafts.len() > 1 => {
                tracing::warn!(%error, members = drafts.len(), "a group of orders failed; placing them one by one");
                for draft in drafts {
                    match self.place_together(std::slice::from_ref(draft)).await {
                        Ok(alone) => outcomes.extend(alone),
                        Err(Failure::OfAMember(error) | Failure::OfTheGroup(error)) => {
                            outcomes.push(Err(error))
                        }
                    }
                }
            }
            Err(Failure::OfAMember(error) | Failure::OfTheGroup(error)) => {
                outcomes.resize_with(drafts.len(), || Err(error.clone()));
            }
        }
        outcomes
    }

    async fn place_together(&self, drafts: &[OrderDraft]) -> Result<Vec<Outcome>, Failure> {
        for attempt in 1..=ATTEMPTS {
            match self.try_once(drafts).await {
                Ok(Try::Done(outcomes)) => return Ok(outcomes),
                Ok(Try::Again) => {}
                Ok(Try::KeyInUse) => return Err(Failure::OfAMember(PlacementError::KeyInUse)),
                Err(StoreError::Busy(_)) => self.wait(attempt).await,
                Err(error @ (StoreError::Refused(_) | StoreError::Corrupt(_))) => {
                    return Err(Failure::OfAMember(error.into()));
                }
                Err(error @ (StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))) => {
                    return Err(Failure::OfTheGroup(error.into()));
                }
            }
        }
        Err(Failure::OfTheGroup(PlacementError::Busy))
    }

    /// Waits a little, longer at each attempt, and not as long as others who wait for the same rows.
    async fn wait(&self, attempt: u32) {
        let jitter = self.ports.randomness.draw() % 10;
        tokio::time::sleep(Duration::from_millis(u64::from(attempt * 5 + jitter))).await;
    }

    async fn try_once(&self, drafts: &[OrderDraft]) -> Result<Try, StoreError> {
        let group = self.share_out(drafts).await?;
        let (orders, outcomes) = self.number(drafts, group.outcomes);
        if !orders.is_empty() {
            match self.write(&orders, &group.taken).await? {
                Written::Yes => {}
                Written::StockChanged => return Ok(Try::Again),
                Written::NumberTaken => {
                    self.learn_numbers(&orders).await?;
                    return Ok(Try::Again);
                }
                Written::KeyInUse => return Ok(Try::KeyInUse),
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
        let now = self.ports.clock.now();
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Takes the stock and writes the orders, in one transaction.
    async fn write(&self, orders: &[NewOrder], taken: &[Allocation]) -> Result<Written, StoreError> {
        let mut unit = self.ports.units.begin().await?;
        if unit.stock().take(taken).await? == StockOutcome::Changed {
            return Ok(Written::StockChanged);
        }
        match unit.orders().insert(orders).await {
            Ok(()) => {}
            Err(InsertOrdersError::NumberTaken(_)) => return Ok(Written::NumberTaken),
            Err(InsertOrdersError::Store(error)) => return Err(error),
        }
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
        if let Ok(true) = found { Ok(()) } else { Err(StoreError::OutcomeUnknown(cause)) }
    }

    async fn look_for(&self, id: &OrderId) -> bool {
        for attempt in 1..=ATTEMPTS {
            self.wait(attempt).await;
            // The database may still be at it; what is never found was not written, or its buyer finds it in the list.
            if let Ok(Some(_)) = self.ports.orders.find(id).await {
                return true;
            }
        }
        false
    }

    /// Learns which numbers of the second others have.
    async fn learn_numbers(&self, orders: &[NewOrder]) -> Result<(), StoreError> {
        let seconds: BTreeSet<&str> =
            orders.iter().filter_map(|new| new.order.id.as_str().get(..14)).collect();
        for second in seconds {
            let taken = self.ports.orders.numbers_beginning_with(second).await?;
            self.numbers.lock().unwrap_or_else(PoisonError::into_inner).mark_taken(&taken);
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
}

fn cart_removal(new: &NewOrder) -> Option<CartRemoval> {
    (!new.cart_lines.is_empty()).then(|| CartRemoval {
        order_id: new.order.id.clone(),
        user_id: new.order.user_id,
        lines: new.cart_lines.clone(),
    })
}
