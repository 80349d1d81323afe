use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    Allocation, Allocator, IdempotencyKey, NewOrder, OrderNumbers, RepeatGuard, Sku, SkuId, StockDemand,
    UnpaidLimits, UnpaidOrders, UserId,
};
use metrics::counter;
use ports::{
    BoxError, CartRemoval, CartRemovalMode, CartStore, Catalog, Clock, Obstacle, OrderReader, PlacingOutcome,
    PlacingStore, PlacingTransaction, Randomness, StockOutcome, StoreError, metric,
};
use tokio::time::Instant;

use super::{BatchRequest, Outcome, PlacedOrder, PlacementError, Unplaced, draft::OrderDraft};
use crate::{CartCleaned, CartCleaner, ShopRules, retries::ATTEMPTS};

/// Places groups of orders, each group in one transaction.
pub struct Placement {
    pub(super) ports: PlacementPorts,
    pub(super) rules: ShopRules,
    numbers: Mutex<OrderNumbers>,
}

/// The ports that placement needs.
pub struct PlacementPorts {
    /// Reads buyers and writes orders.
    pub store: Arc<dyn PlacingStore>,
    /// Reads the carts.
    pub carts: Arc<dyn CartStore>,
    /// Reads SKUs and their stock.
    pub catalog: Arc<dyn Catalog>,
    /// Reads orders and order numbers in use.
    pub orders: Arc<dyn OrderReader>,
    /// Removes ordered lines from carts outside the database.
    pub cleaner: CartCleaner,
    /// Gives the creation time of orders.
    pub clock: Arc<dyn Clock>,
    /// Draws jitter, and a part of the order numbers, so that they differ from those of other processes.
    pub randomness: Arc<dyn Randomness>,
}

/// How often a group is tried together before its members are placed one by one.
const GROUP_TRIES: u32 = 2;
/// How long members are placed one by one, before the remaining ones get "too busy".
const PATIENCE: Duration = Duration::from_secs(10);
/// How long members whose rows are locked are tried again. In the meantime they occupy a connection, and one of the groups
/// that the batcher allows to stall.
const TRIED_AGAIN_FOR: Duration = Duration::from_secs(3);
/// How long to search for orders whose commit got no answer, before their buyers get an answer.
const FIND_OUT: Duration = Duration::from_secs(5);

/// The outcomes of members, in their order; `None` for a member that must be tried again.
type Outcomes = Vec<Option<Outcome>>;

/// The result of one try.
enum Try {
    /// Each member has its outcome, except those that must be tried again.
    Done,
    /// Concurrent transactions took stock or a number, or hold the rows: try again.
    Again,
    /// One member alone may have caused the error.
    Failed(PlacementError),
    /// No member caused the error, so none is tried again.
    Hopeless(PlacementError),
}

impl Try {
    fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Again => "again",
            Self::Failed(_) => "failed",
            Self::Hopeless(_) => "hopeless",
        }
    }
}

/// A request of a group, and its outcome so far.
struct Member<'a> {
    request: &'a BatchRequest,
    outcome: Option<Outcome>,
    /// The SKUs that it orders, if known.
    wanted: Vec<SkuId>,
    is_tried_alone: bool,
}

impl<'a> Member<'a> {
    fn new(request: &'a BatchRequest) -> Self {
        Self { request, outcome: None, wanted: Vec::new(), is_tried_alone: false }
    }
}

/// The members without an outcome, in their order.
fn still_open<'m, 'a>(members: &'m mut [Member<'a>]) -> Vec<&'m mut Member<'a>> {
    members.iter_mut().filter(|member| member.outcome.is_none()).collect()
}

impl Placement {
    /// Creates a placement with these ports and rules.
    pub fn new(ports: PlacementPorts, rules: ShopRules) -> Self {
        Self { ports, rules, numbers: Mutex::default() }
    }

    /// Places the requests, first come, first served. Returns an outcome for each, in their order.
    ///
    /// If a group cannot be placed together, its members are placed one by one, so that a member whose stock is locked or
    /// that the database refuses does not affect the others.
    #[tracing::instrument(level = "debug", name = "place_group", skip_all, fields(orders = requests.len()))]
    pub async fn place(&self, requests: &[BatchRequest]) -> Vec<Outcome> {
        let mut members: Vec<_> = requests.iter().map(Member::new).collect();
        self.place_together(&mut members).await;
        self.place_one_by_one(&mut members).await;
        let outcomes = members.into_iter().map(|member| member.outcome);
        outcomes.map(|outcome| outcome.unwrap_or_else(|| Err(PlacementError::Busy.into()))).collect()
    }

    /// Places the open members as one group, until an error occurs, the tries are used up or too few members are left.
    async fn place_together(&self, members: &mut [Member<'_>]) {
        let mut failures = 0;
        for _ in 0..ATTEMPTS {
            let mut open = still_open(members);
            if open.len() < 2 {
                return;
            }
            let begun = Instant::now();
            match self.try_once(&mut open).await {
                Try::Done => {}
                Try::Hopeless(error) => {
                    for member in open {
                        member.outcome = Some(Err(error.clone().into()));
                    }
                    return;
                }
                Try::Again if failures + 1 < GROUP_TRIES && begun.elapsed() < super::STALLED_AFTER => {
                    failures += 1
                }
                Try::Again | Try::Failed(_) => break,
            }
        }
        tracing::info!(members = still_open(members).len(), "a group of orders is placed one by one");
    }

    /// Tries the open members one by one, in several passes, with limits on tries and time. A member that shares a SKU with
    /// a member that got stuck waits for the next pass: the SKU is locked, and each wait for it delays all members behind.
    async fn place_one_by_one(&self, members: &mut [Member<'_>]) {
        let begun = Instant::now();
        for attempt in 1..=ATTEMPTS {
            let is_late = begun.elapsed() >= TRIED_AGAIN_FOR;
            let mut stuck = BTreeSet::new();
            for member in still_open(members) {
                let had_its_turn = is_late && member.is_tried_alone;
                let waits = member.wanted.iter().any(|sku_id| stuck.contains(sku_id));
                if had_its_turn || begun.elapsed() >= PATIENCE || waits {
                    continue;
                }
                member.is_tried_alone = true;
                match self.try_once(&mut [&mut *member]).await {
                    Try::Done => {}
                    Try::Failed(error) | Try::Hopeless(error) => member.outcome = Some(Err(error.into())),
                    Try::Again => stuck.extend(member.wanted.iter().copied()),
                }
            }
            if is_late || still_open(members).is_empty() {
                return;
            }
            self.wait(attempt).await;
        }
    }

    /// Tries to place these members together.
    async fn try_once(&self, members: &mut [&mut Member<'_>]) -> Try {
        let tried = match self.try_to_place(members).await {
            Ok(Some(outcomes)) => {
                for (member, outcome) in members.iter_mut().zip(outcomes) {
                    member.outcome = outcome;
                }
                Try::Done
            }
            Ok(None) | Err(StoreError::Busy(_)) => Try::Again,
            Err(error @ (StoreError::Refused(_) | StoreError::Corrupt(_))) => Try::Failed(error.into()),
            Err(error @ (StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))) => {
                Try::Hopeless(error.into())
            }
        };
        counter!(metric::GROUP_TRIES, "outcome" => tried.word()).increment(1);
        tried
    }

    /// Waits a little, longer after each attempt. Jitter keeps tasks that want the same rows apart.
    async fn wait(&self, attempt: u32) {
        let jitter = self.ports.randomness.draw() % 10;
        tokio::time::sleep(Duration::from_millis(u64::from(attempt * 5 + jitter))).await;
    }

    /// Returns `None` if all members must be tried again.
    async fn try_to_place(&self, members: &mut [&mut Member<'_>]) -> Result<Option<Outcomes>, StoreError> {
        let requests: Vec<_> = members.iter().map(|member| member.request).collect();
        let prepared = self.prepare(&requests).await?;
        for (member, draft) in members.iter_mut().zip(&prepared) {
            if let Ok(draft) = draft {
                member.wanted = draft.purchase.sku_ids().collect();
            }
        }
        let drafts: Vec<_> = prepared.iter().filter_map(|draft| draft.as_ref().ok()).collect();
        let ids: BTreeSet<SkuId> = drafts.iter().flat_map(|draft| draft.purchase.sku_ids()).collect();
        let ids: Vec<SkuId> = ids.into_iter().collect();
        let mut skus = if ids.is_empty() { BTreeMap::new() } else { self.ports.catalog.skus(&ids).await? };
        if let Some(refused) = self.if_nobody_can_be_served(&prepared, &skus) {
            return Ok(Some(refused));
        }
        let claims: Vec<_> = drafts.iter().map(|draft| draft.claim()).collect();
        let limits = &self.rules.unpaid_limits;
        let mut begun = self.ports.store.begin_group(&claims, limits.is_any()).await?;
        // A share limit compares unpaid pieces with stock, so the stock is read again in the transaction that counted the
        // pieces.
        if limits.has_share() {
            skus = begun.transaction.skus(&ids).await?;
        }
        let group = self.share_out(&prepared, &skus, begun.obstacles, begun.unpaid);
        self.write(group, begun.transaction).await
    }

    /// The refusals, if no member can be served: then no transaction is needed.
    fn if_nobody_can_be_served(
        &self,
        prepared: &[Result<OrderDraft<'_>, Unplaced>],
        skus: &BTreeMap<SkuId, Sku>,
    ) -> Option<Outcomes> {
        let mut allocator =
            Allocator::new(skus, &self.rules.pricing, &UnpaidLimits::NONE, BTreeMap::default());
        let refused = prepared.iter().map(|draft| match draft {
            Err(unplaced) => Some(Some(Err(unplaced.clone()))),
            Ok(draft) => {
                let refusal = allocator.serve(&demand(draft)).err()?;
                Some(Some(Err(draft.unplaced(refusal.into()))))
            }
        });
        refused.collect()
    }

    /// Decides which drafts are served, first come, first served, and makes orders of them. An obstacle for one member does
    /// not affect the others.
    fn share_out(
        &self,
        prepared: &[Result<OrderDraft<'_>, Unplaced>],
        skus: &BTreeMap<SkuId, Sku>,
        obstacles: Vec<Option<Obstacle>>,
        unpaid: BTreeMap<UserId, UnpaidOrders>,
    ) -> Group {
        let mut allocator = Allocator::new(skus, &self.rules.pricing, &self.rules.unpaid_limits, unpaid);
        let mut numbers = self.numbers();
        // Read while the lock is held: time must not go back from one order to the next.
        let now = self.ports.clock.now();
        let mut claimed = Claimed::default();
        let mut group = Group::default();
        let mut obstacles = obstacles.into_iter();
        for draft in prepared {
            let decision = match draft {
                Err(unplaced) => Decision::Refused(unplaced.clone()),
                Ok(draft) => match obstacles.next().flatten().or_else(|| claimed.obstacle(draft)) {
                    Some(Obstacle::KeyInUse) => Decision::Refused(draft.unplaced(PlacementError::KeyInUse)),
                    Some(Obstacle::GuardInUse) => Decision::Refused(draft.unplaced(PlacementError::Repeated)),
                    Some(Obstacle::CartOrdered) => Decision::LookAgain,
                    None => match allocator.serve(&demand(draft)) {
                        Err(refusal) => Decision::Refused(draft.unplaced(refusal.into())),
                        Ok(quote) => {
                            claimed.add(draft);
                            let id = numbers.next(now, draft.user_id, self.ports.randomness.draw());
                            let expire_at = now.after(self.rules.payment_deadline);
                            group.orders.push(draft.place(id, quote, now, expire_at));
                            Decision::Placed
                        }
                    },
                },
            };
            group.decisions.push(decision);
        }
        group.taken = allocator.taken();
        group
    }

    fn numbers(&self) -> MutexGuard<'_, OrderNumbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the stock and writes the orders.
    async fn write(
        &self,
        group: Group,
        mut transaction: Box<dyn PlacingTransaction>,
    ) -> Result<Option<Outcomes>, StoreError> {
        let orders = &group.orders;
        if orders.is_empty() {
            return Ok(Some(group.outcomes(Ok(None))));
        }
        match transaction.take(&group.taken).await {
            Ok(StockOutcome::Taken) => {}
            not_taken => {
                self.give_back_numbers(orders);
                return not_taken.map(|_| None);
            }
        }
        let written = transaction.write(orders).await;
        if !matches!(written, Ok(PlacingOutcome::Committed(_)) | Err(StoreError::OutcomeUnknown(_))) {
            self.give_back_numbers(orders);
        }
        let cart = match written {
            Ok(PlacingOutcome::Committed(CartRemovalMode::InTransaction)) => None,
            Ok(PlacingOutcome::Committed(CartRemovalMode::AfterCommit)) => self.clean_carts(orders),
            Ok(PlacingOutcome::ClaimTaken) => return Ok(None),
            Ok(PlacingOutcome::NumberTaken) => {
                self.learn_numbers(orders).await?;
                return Ok(None);
            }
            Err(StoreError::OutcomeUnknown(cause)) => match self.are_written(orders, cause).await {
                Ok(true) => self.clean_carts(orders),
                Ok(false) => {
                    self.learn_numbers(orders).await?;
                    return Ok(None);
                }
                Err(unknown) => return Ok(Some(group.outcomes(Err(unknown.into())))),
            },
            Err(error) => return Err(error),
        };
        counter!(metric::ORDERS_PLACED).increment(u64::try_from(orders.len()).unwrap_or(u64::MAX));
        Ok(Some(group.outcomes(Ok(cart))))
    }

    /// Makes the numbers of orders that were not written available again.
    fn give_back_numbers(&self, orders: &[NewOrder]) {
        self.numbers().give_back(orders.iter().map(|new| &new.order.id));
    }

    fn clean_carts(&self, orders: &[NewOrder]) -> Option<CartCleaned> {
        let removals: Vec<CartRemoval> = orders.iter().filter_map(CartRemoval::of).collect();
        (!removals.is_empty()).then(|| self.ports.cleaner.clean(removals))
    }

    /// Whether orders whose commit got no answer were written. They were written together, so the first order tells for
    /// all: if another process has used its number for another order, none was written, and none will be.
    async fn are_written(&self, orders: &[NewOrder], cause: BoxError) -> Result<bool, StoreError> {
        let Some(first) = orders.first() else { return Ok(true) };
        let look = async {
            loop {
                if let Ok(Some(stored)) = self.ports.orders.find(&first.order.id).await {
                    return stored.is_the_same_as(&first.order);
                }
                // The database may still be committing, or restarting.
                tokio::time::sleep(FIND_OUT / 20).await;
            }
        };
        // If the order is not found, it was not written, or its buyer finds it in the order list.
        tokio::time::timeout(FIND_OUT, look).await.map_err(|_| StoreError::OutcomeUnknown(cause))
    }

    /// Learns which numbers of these seconds are in use.
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

fn demand<'a>(draft: &'a OrderDraft<'_>) -> StockDemand<'a> {
    let expected_amount = draft.request.expected_amount;
    StockDemand { buyer: draft.user_id, purchase: &draft.purchase, expected_amount }
}

/// The keys, guards and buyers of the group's members that were served.
#[derive(Default)]
struct Claimed<'a> {
    keys: HashSet<(UserId, &'a IdempotencyKey)>,
    guards: BTreeSet<&'a RepeatGuard>,
    buyers: BTreeSet<UserId>,
}

impl<'a> Claimed<'a> {
    fn add(&mut self, draft: &'a OrderDraft<'_>) {
        self.keys.extend(draft.request.idempotency.as_ref().map(|(key, _)| (draft.user_id, key)));
        self.guards.extend(&draft.repeat_guard);
        self.buyers.insert(draft.user_id);
    }

    fn obstacle(&self, draft: &OrderDraft<'_>) -> Option<Obstacle> {
        let is_key_in_use = |(key, _): &(IdempotencyKey, _)| self.keys.contains(&(draft.user_id, key));
        if draft.request.idempotency.as_ref().is_some_and(is_key_in_use) {
            Some(Obstacle::KeyInUse)
        } else if draft.repeat_guard.as_ref().is_some_and(|guard| self.guards.contains(guard)) {
            Some(Obstacle::GuardInUse)
        } else if draft.is_of_cart() && self.buyers.contains(&draft.user_id) {
            Some(Obstacle::CartOrdered)
        } else {
            None
        }
    }
}

/// A group that is decided but not written yet.
#[derive(Default)]
struct Group {
    decisions: Vec<Decision>,
    /// The orders of [`Decision::Placed`], in their order.
    orders: Vec<NewOrder>,
    taken: Vec<Allocation>,
}

enum Decision {
    Placed,
    Refused(Unplaced),
    /// The buyer placed another order after the cart was read, so the member must be tried again.
    LookAgain,
}

impl Group {
    /// The outcomes after the write. `written` is an error if it is unknown whether the orders were written.
    fn outcomes(self, written: Result<Option<CartCleaned>, PlacementError>) -> Outcomes {
        let mut orders = self.orders.into_iter();
        let outcome = |decision| match decision {
            Decision::Placed => {
                let new = orders.next()?;
                Some(match &written {
                    Ok(cart) => {
                        let cart = cart.clone().filter(|_| !new.cart_lines.is_empty());
                        Ok(PlacedOrder { order: new.order, is_new: true, cart })
                    }
                    Err(error) => {
                        Err(Unplaced { error: error.clone(), buyer: Some(new.order.user_id), guard: None })
                    }
                })
            }
            Decision::Refused(unplaced) => Some(Err(unplaced)),
            Decision::LookAgain => None,
        };
        self.decisions.into_iter().map(outcome).collect()
    }
}
