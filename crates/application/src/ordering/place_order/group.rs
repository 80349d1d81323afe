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

/// What placing needs from the outside.
pub struct PlacementPorts {
    /// Who buys, and where orders are written.
    pub store: Arc<dyn PlacingStore>,
    /// What the buyers put aside.
    pub carts: Arc<dyn CartStore>,
    /// What there is to sell, and how many of it.
    pub catalog: Arc<dyn Catalog>,
    /// Numbers in use.
    pub orders: Arc<dyn OrderReader>,
    /// Takes the lines out of carts that live elsewhere.
    pub cleaner: CartCleaner,
    /// The time of the orders.
    pub clock: Arc<dyn Clock>,
    /// Jitter, and order numbers apart from those of other processes.
    pub randomness: Arc<dyn Randomness>,
}

/// How often a group is tried together before its members are placed one by one.
const GROUP_TRIES: u32 = 2;
/// How long members may be placed one by one, before those that are left get "too busy".
const PATIENCE: Duration = Duration::from_secs(10);
/// How long those that got stuck are tried again: meanwhile they take a connection, and a place among the groups that the
/// batcher lets stall.
const TRIED_AGAIN_FOR: Duration = Duration::from_secs(3);
/// How long to look for orders whose commit was not answered, before their buyers get an answer.
const FIND_OUT: Duration = Duration::from_secs(5);

/// What members came to, in their order; `None` for one that must be looked at again.
type Outcomes = Vec<Option<Outcome>>;

/// What one try came to.
enum Try {
    /// Each has its outcome, but for one that must be looked at again.
    Done,
    /// Stock or a number was taken by others meanwhile, or others hold the rows: look again.
    Again,
    /// The cause may lie in one member alone.
    Failed(PlacementError),
    /// The cause lies in none of them: nobody needs to be tried again.
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

/// A request of a group, and what became of it so far.
struct Member<'a> {
    request: &'a BatchRequest,
    outcome: Option<Outcome>,
    /// What it wants, as far as that is known.
    wanted: Vec<SkuId>,
    is_tried_alone: bool,
}

impl<'a> Member<'a> {
    fn new(request: &'a BatchRequest) -> Self {
        Self { request, outcome: None, wanted: Vec::new(), is_tried_alone: false }
    }
}

/// Those without an outcome, in their order.
fn still_open<'m, 'a>(members: &'m mut [Member<'a>]) -> Vec<&'m mut Member<'a>> {
    members.iter_mut().filter(|member| member.outcome.is_none()).collect()
}

impl Placement {
    /// With these ports and rules.
    pub fn new(ports: PlacementPorts, rules: ShopRules) -> Self {
        Self { ports, rules, numbers: Mutex::default() }
    }

    /// Places the requests in their order, first come, first served; an outcome for each, in their order.
    ///
    /// A group that does not get through together is placed member by member, so that one whose stock is held by others
    /// or whom the database refuses does not take the rest down.
    #[tracing::instrument(level = "debug", name = "place_group", skip_all, fields(orders = requests.len()))]
    pub async fn place(&self, requests: &[BatchRequest]) -> Vec<Outcome> {
        let mut members: Vec<_> = requests.iter().map(Member::new).collect();
        self.place_together(&mut members).await;
        self.place_one_by_one(&mut members).await;
        let outcomes = members.into_iter().map(|member| member.outcome);
        outcomes.map(|outcome| outcome.unwrap_or_else(|| Err(PlacementError::Busy.into()))).collect()
    }

    /// Places those that are open as one group, as long as that goes well.
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

    /// Passes over those that are open, again and again, within the bounds of tries and time. Who shares a SKU with one
    /// that got stuck waits for the next pass: others hold that SKU, and each wait for it holds up everybody behind.
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

    /// One try for these members together.
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

    /// Waits a little, longer at each attempt, and not as long as others who wait for the same rows.
    async fn wait(&self, attempt: u32) {
        let jitter = self.ports.randomness.draw() % 10;
        tokio::time::sleep(Duration::from_millis(u64::from(attempt * 5 + jitter))).await;
    }

    /// No outcomes if all must be looked at again.
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
        // A share is one of the stock beside which the unpaid pieces were counted, not of what there was before them.
        if limits.has_share() {
            skus = begun.transaction.skus(&ids).await?;
        }
        let group = self.share_out(&prepared, &skus, begun.obstacles, begun.unpaid);
        self.write(group, begun.transaction).await
    }

    /// The refusals, where there is nothing for anybody: then nothing needs to be begun.
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

    /// Decides who gets what, first come, first served, and makes orders of those who are served. What stands in the
    /// way of one member costs no other its place.
    fn share_out(
        &self,
        prepared: &[Result<OrderDraft<'_>, Unplaced>],
        skus: &BTreeMap<SkuId, Sku>,
        obstacles: Vec<Option<Obstacle>>,
        unpaid: BTreeMap<UserId, UnpaidOrders>,
    ) -> Group {
        let mut allocator = Allocator::new(skus, &self.rules.pricing, &self.rules.unpaid_limits, unpaid);
        let mut numbers = self.numbers();
        // Within the lock: time must not go back from one order to the next.
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

    /// The numbers of orders that were not written can be given to others.
    fn give_back_numbers(&self, orders: &[NewOrder]) {
        self.numbers().give_back(orders.iter().map(|new| &new.order.id));
    }

    fn clean_carts(&self, orders: &[NewOrder]) -> Option<CartCleaned> {
        let removals: Vec<CartRemoval> = orders.iter().filter_map(CartRemoval::of).collect();
        (!removals.is_empty()).then(|| self.ports.cleaner.clean(removals))
    }

    /// Whether orders were written whose commit was not answered. They were written together, so one tells of all: where
    /// another process has its number for another order, none of them was, and none will be.
    async fn are_written(&self, orders: &[NewOrder], cause: BoxError) -> Result<bool, StoreError> {
        let Some(first) = orders.first() else { return Ok(true) };
        let look = async {
            loop {
                if let Ok(Some(stored)) = self.ports.orders.find(&first.order.id).await {
                    return stored.is_the_same_as(&first.order);
                }
                // The database may still be at it, or be on its way back.
                tokio::time::sleep(FIND_OUT / 20).await;
            }
        };
        // What is never found was not written, or its buyer finds it in the list.
        tokio::time::timeout(FIND_OUT, look).await.map_err(|_| StoreError::OutcomeUnknown(cause))
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

fn demand<'a>(draft: &'a OrderDraft<'_>) -> StockDemand<'a> {
    let expected_amount = draft.request.expected_amount;
    StockDemand { buyer: draft.user_id, purchase: &draft.purchase, expected_amount }
}

/// What members of the group that were served have laid claim to.
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

/// A group that is decided and not written yet.
#[derive(Default)]
struct Group {
    decisions: Vec<Decision>,
    /// Those of [`Decision::Placed`], in their order.
    orders: Vec<NewOrder>,
    taken: Vec<Allocation>,
}

enum Decision {
    Placed,
    Refused(Unplaced),
    /// The cart was ordered since it was read.
    LookAgain,
}

impl Group {
    /// The outcomes, once it is written, or once it is clear that nobody can say whether it is.
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
