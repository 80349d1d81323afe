//! Every port in memory: the tables are values, a transaction is a copy of them, and a commit replaces them.

mod addresses;
mod admin;
mod appending;
mod carts;
mod ledger;
mod placing;
mod reading;
mod refused_messages;
mod shop;
mod storefront_reader;
mod webhooks;
mod writing;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use domain::{
    Address, Cart, CartLine, CartStamp, EndpointName, EndpointState, IdempotencyKey, NewOrder, Order,
    OrderId, PaymentAttempt, PaymentRecord, Refund, RefusedMessage, RepeatGuard, RequestDigest, ShopDate,
    ShopTime, Sku, SkuId, StockMove, StoredPassword, TimelineEntry, UserId,
};
use ports::{
    CartRemoval, CartRemovalMode, DirectBuy, LoggedAttempt,
    contract::{Carts, KeptDifference, Shop, StockRecord},
};

/// A defect of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    Oversells,
    /// Transactions run side by side, and the last one to commit wins.
    LosesUpdates,
    IgnoresPrice,
    ForgetsVersion,
    /// Writes take effect at once, whether the transaction commits or not.
    KeepsWhatIsDropped,
    IgnoresOldStatus,
    OverwritesOrders,
    ReadsSkusOfToday,
    IgnoresCase,
    ShowsDeleted,
    IgnoresOwner,
    ListsUnordered,
    /// The next page begins after the time of the last order, and skips other orders of the same time.
    PagesByTime,
    IgnoresLimit,
    NeedsSnapshots,
    RecordsTwice,
    BindsTwice,
    KeepsFirstDirectBuy,
    IgnoresStamp,
    /// Paused endpoints get events.
    ForgetsPauses,
    /// A streak of failures continues, however long there was no attempt.
    KeepsStreaks,
    /// An endpoint never counts as new again.
    KeepsRegistrations,
    /// The endpoints of an event are looked up before the event.
    LooksTooEarly,
    /// An event that is delivered or put off changes the due time of later events that are being delivered.
    BreaksLeases,
    /// Delivered events of kinds that the endpoint does not take are resent.
    ResendsAnything,
    /// A resend to one endpoint is a resend to all.
    MixesEndpoints,
    /// Two clicks are two orders.
    PlacesTwice,
    /// Pieces can be returned twice.
    ReturnsTwice,
    /// Claimed rows stay due.
    ForgetsLeases,
    /// Completed work can be completed again.
    FinishesTwice,
    ClaimsYoung,
    /// Events do not wait for earlier ones of their order.
    Overtakes,
    RemovesInTwoSteps,
    WritesInTwoSteps,
    /// Of several lines, only those that are unchanged are written.
    WritesSome,
    /// Lines are written without the old shop's blanks.
    WritesItsOwnForm,
    /// A write ignores changes that were made since its decision.
    WritesOnAnything,
    /// A new default address leaves the old one as it is.
    KeepsDefaults,
    ShowsOffShelf,
    KeepsEveryHash,
    /// Every token is accepted.
    LetsEverybodyIn,
    IgnoresMarks,
    /// Differences of an earlier comparison stay.
    KeepsEveryComparison,
    /// A day includes the first moment of the next one.
    DaysOverlap,
    /// Sums stop at the largest amount.
    SumsUpToTheLargestAmount,
    /// One unreadable line hides the cart.
    HidesAll,
    /// A payment without a known time belongs to no day.
    CountsByPaymentAlone,
    /// Refused messages are never forgotten.
    KeepsEveryMessage,
    /// A payment of a later attempt than the first belongs to no order.
    IgnoresAttempts,
    /// Refunds that are not completed are on no list.
    HidesAutomaticRefunds,
}

#[derive(Clone, Default)]
struct Tables {
    users: Vec<String>,
    accounts: BTreeMap<UserId, Account>,
    addresses: Vec<(UserId, Address, bool)>,
    postcodes: BTreeMap<domain::AddressId, String>,
    skus: BTreeMap<SkuId, (Sku, StockRecord)>,
    /// The product of a SKU, as the number of the product's first SKU; a SKU that is not here is its own product.
    products: BTreeMap<SkuId, SkuId>,
    direct_buys: BTreeMap<UserId, DirectBuy>,
    orders: BTreeMap<OrderId, StoredOrder>,
    timeline: Vec<(OrderId, TimelineEntry)>,
    due: BTreeMap<OrderId, Due>,
    attempts: Vec<(OrderId, PaymentAttempt)>,
    payments: Vec<PaymentRecord>,
    refunds: Vec<(Refund, Option<Due>)>,
    moves: Vec<(OrderId, StockMove)>,
    differences: Vec<(ShopDate, KeptDifference)>,
    refused: Vec<RefusedMessage>,
    last_event: i64,
    events: Vec<webhooks::StoredEvent>,
    endpoints: BTreeMap<EndpointName, EndpointState>,
    last_attempt: i64,
    delivery_log: Vec<LoggedAttempt>,
    keys: BTreeMap<(UserId, String), (RequestDigest, OrderId)>,
    /// When each key was used.
    key_times: BTreeMap<(UserId, String), ShopTime>,
    carts: BTreeMap<(UserId, SkuId), String>,
    removals: Vec<(ShopTime, CartRemoval)>,
}

/// When something is due, and how often it was claimed.
#[derive(Clone, Copy)]
struct Due {
    at: ShopTime,
    attempts: u32,
}

/// Whether a user may sign in, and with which password.
#[derive(Clone)]
struct Account {
    is_active: bool,
    password: StoredPassword,
}

#[derive(Clone)]
struct StoredOrder {
    order: Order,
    address_id: domain::AddressId,
    has_snapshots: bool,
    guard: Option<RepeatGuard>,
}

pub(crate) struct Memory {
    tables: Arc<Mutex<Tables>>,
    /// Held by the one transaction that may write.
    writer: Arc<tokio::sync::Mutex<()>>,
    mode: CartRemovalMode,
    defect: Option<Defect>,
}

impl Memory {
    pub(crate) fn shop(mode: CartRemovalMode, defect: Option<Defect>) -> Arc<dyn Shop> {
        Arc::new(Self::new(mode, defect))
    }

    pub(crate) fn carts(defect: Option<Defect>) -> Arc<dyn Carts> {
        Arc::new(Self::new(CartRemovalMode::InTransaction, defect))
    }

    fn new(mode: CartRemovalMode, defect: Option<Defect>) -> Self {
        Self { tables: Arc::default(), writer: Arc::default(), mode, defect }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// The right to write; with lost updates as the defect, it is not exclusive.
    async fn alone(&self) -> Option<tokio::sync::OwnedMutexGuard<()>> {
        match self.defect {
            Some(Defect::LosesUpdates) => None,
            Some(_) | None => Some(Arc::clone(&self.writer).lock_owned().await),
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }
}

/// Lets other tasks run, as a real adapter does while it waits for its database.
async fn pause() {
    tokio::time::sleep(Duration::from_micros(10)).await;
}

fn key_of(new: &NewOrder) -> Option<((UserId, String), (RequestDigest, OrderId))> {
    let (key, digest) = new.idempotency.clone()?;
    Some(((new.order.user_id, key_text(&key)), (digest, new.order.id.clone())))
}

fn key_text(key: &IdempotencyKey) -> String {
    key.as_str().to_owned()
}

/// Reads a stored line in one of the formats of the suites.
fn read_line(sku_id: SkuId, value: &str) -> Option<CartLine> {
    let number = |name: &str| {
        let (_, rest) = value.strip_suffix('}')?.split_once(&format!("\"{name}\""))?;
        let rest = rest.trim_start().strip_prefix(':')?;
        rest.split(',').next()?.trim().trim_matches('"').parse::<i64>().ok()
    };
    let (count, selected) = (number("count")?, number("selected")?);
    Some(CartLine { sku_id, count, selected: selected != 0, stamp: CartStamp(value.to_owned()) })
}

impl Tables {
    fn cart(&self, user_id: UserId, defect: Option<Defect>) -> Cart {
        let of_user = self.carts.iter().filter(|((owner, _), _)| *owner == user_id);
        let mut lines: Vec<_> = of_user.map(|((_, sku_id), value)| read_line(*sku_id, value)).collect();
        if defect == Some(Defect::HidesAll) && lines.iter().any(Option::is_none) {
            lines.clear();
        }
        let mut lines: Vec<_> = lines.into_iter().flatten().collect();
        if defect == Some(Defect::ListsUnordered) {
            lines.sort_by_key(|line| line.sku_id.to_string());
        }
        Cart { lines }
    }

    fn remove_from_carts(&mut self, removals: &[CartRemoval], defect: Option<Defect>) {
        for removal in removals {
            for (sku_id, stamp) in &removal.lines {
                let line = (removal.user_id, *sku_id);
                let unchanged = self.carts.get(&line).is_some_and(|value| *value == stamp.0);
                if unchanged || defect == Some(Defect::IgnoresStamp) {
                    self.carts.remove(&line);
                }
            }
        }
    }
}
