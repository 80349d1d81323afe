//! [`crate::PlacingStore`], [`crate::PlacingTransaction`] and [`crate::CartRemovalQueue`]. The checks of ordered lines
//! depend on where the carts are: see [`Shop::removal_mode`].

mod removals;

use std::{sync::Arc, time::Duration};

use domain::{
    AddressId, Allocation, Caller, IdempotencyKey, NewOrder, NotAdmitted, OrderStatus, RepeatGuard, SkuId,
    UnpaidOrders, UserId, Username, ledger::Event,
};

use super::{
    NewAddress, NewSku, OldOrder, Shop, StockRecord,
    samples::{
        Stocked, a_sku, allocation, an_address, append, begin, change, how_many, key, micros, money, noon,
        order_id, stamp, until_let_through,
    },
};
use crate::{
    BuyerQuery, CartRemovalMode, Obstacle, OrderClaim, PlacingOutcome, PlacingTransaction, StockOutcome,
    StoreError,
};

pub use removals::{
    hands_each_removal_to_one, hands_removals_over, knows_ordered_lines_until_they_are_forgotten,
    takes_what_is_unchanged_out_of_carts,
};

const ONE: &str = r#"{"count": 1, "selected": 1}"#;
const TWO: &str = r#"{"count": 2, "selected": 1}"#;
const THREE: &str = r#"{"selected": 1, "count": "3"}"#;

fn query(name: &str, address_id: AddressId) -> BuyerQuery {
    BuyerQuery { caller: Caller { username: Username(name.to_owned()), mark: None }, address_id }
}

fn claim(user_id: UserId) -> OrderClaim {
    OrderClaim { user_id, is_of_cart: false, latest_order_at: None, key: None, guard: None }
}

fn guard(pieces: i32) -> RepeatGuard {
    let quantity = domain::Quantity::stored(pieces).unwrap();
    RepeatGuard::new(UserId(1), AddressId(1), &domain::Purchase::of_one(SkuId(1), quantity), false)
}

impl Stocked {
    /// Places orders of two pieces each as one group; the stock has the pieces.
    async fn place_group(&self, orders: &[NewOrder]) -> Result<PlacingOutcome, StoreError> {
        let pieces = u32::try_from(2 * orders.len()).unwrap();
        let outcome = self.place_taking(orders, &[allocation(self.sku_id, pieces, "104.95")]).await?;
        Ok(outcome.unwrap())
    }

    /// `None` if the stock changed.
    async fn place_taking(
        &self,
        orders: &[NewOrder],
        taken: &[Allocation],
    ) -> Result<Option<PlacingOutcome>, StoreError> {
        let begun = self.shop.placing().begin_group(&[claim(self.user_id)], false).await?;
        let mut transaction = begun.transaction;
        match transaction.take(taken).await? {
            StockOutcome::Taken => transaction.write(orders).await.map(Some),
            StockOutcome::Changed => Ok(None),
        }
    }

    async fn obstacle(&self, claim: OrderClaim) -> Option<Obstacle> {
        self.shop.placing().begin_group(&[claim], false).await.unwrap().obstacles[0]
    }
}

fn committed(shop: &dyn Shop) -> PlacingOutcome {
    PlacingOutcome::Committed(shop.removal_mode())
}

/// Each query has its answer. Names are compared letter for letter, and an address belongs to its owner only.
pub async fn finds_the_buyers_of_a_group(shop: Arc<dyn Shop>) {
    let first = shop.add_user("first").await;
    let second = shop.add_user("second").await;
    let home = shop.add_address(first, an_address("一")).await;
    let gone = shop.add_address(first, NewAddress { is_alive: false, ..an_address("二") }).await;
    let others = shop.add_address(second, an_address("三")).await;
    let queries = [
        query("second", others),
        query("first", home),
        query("FIRST", home),
        query("first", others),
        query("first", gone),
        query("nobody", home),
        query("first", home),
        query("an emoji 😀", home),
    ];
    let found = shop.placing().buyers(&queries).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|buyer| {
            let buyer = buyer.as_ref().ok()?;
            assert_eq!((buyer.latest_order_at, buyer.ordered_lines.len()), (None, 0));
            Some((buyer.user_id, buyer.address.as_ref().map(|address| address.id)))
        })
        .collect();
    let at_home = Some((first, Some(home)));
    let nowhere = Some((first, None));
    assert_eq!(found, [Some((second, Some(others))), at_home, None, nowhere, nowhere, None, at_home, None]);
    assert_eq!(shop.placing().buyers(&[]).await.unwrap(), []);
}

/// A user who may not sign in cannot order either.
pub async fn knows_active_buyers_alone(shop: Arc<dyn Shop>) {
    let user = shop.add_user("left").await;
    let home = shop.add_address(user, an_address("一")).await;
    shop.set_password(user, "d41d8cd98f00b204e9800998ecf8427e", false).await;
    assert_eq!(shop.placing().buyers(&[query("left", home)]).await.unwrap(), [Err(NotAdmitted::UnknownUser)]);
}

/// Everything that belongs to the orders is stored after the commit, and the buyers' latest orders are updated.
pub async fn writes_a_group_with_all_that_belongs_to_it(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let lines = vec![(stocked.sku_id, stamp(ONE))];
    if stocked.shop.removal_mode() == CartRemovalMode::InTransaction {
        stocked.shop.put_in_cart(stocked.user_id, stocked.sku_id, ONE).await;
    }
    let first =
        NewOrder { idempotency: key("k1", "digest"), cart_lines: lines.clone(), ..stocked.order("101") };
    let second = NewOrder { repeat_guard: Some(guard(1)), ..stocked.order("102") };
    let placed = stocked.place_group(&[first.clone(), second.clone()]).await.unwrap();
    assert_eq!(placed, committed(&*stocked.shop));

    assert_eq!(
        stocked.shop.stock_record(stocked.sku_id).await,
        StockRecord { stock: 46, sales: 4, version: 1 }
    );
    assert_eq!(stocked.find("101").await, Some(first.order));
    assert_eq!(stocked.find("102").await, Some(second.order.clone()));
    let k1 = IdempotencyKey::parse("k1").unwrap();
    let bound = stocked.shop.orders().find_by_key(stocked.user_id, &k1).await.unwrap().unwrap();
    assert_eq!((bound.digest.0.as_str(), bound.order_id), ("digest", order_id("101")));
    assert_eq!(stocked.shop.orders().find_by_guard(&guard(1)).await.unwrap(), Some(second.order));
    let buyer = stocked.shop.placing().buyers(&[query("习瓜瓜", stocked.address_id)]).await.unwrap();
    let buyer = buyer[0].clone().unwrap();
    assert_eq!(buyer.latest_order_at, Some(micros(123_456)));
    match stocked.shop.removal_mode() {
        CartRemovalMode::InTransaction => {
            assert_eq!(stocked.shop.cart_value(stocked.user_id, stocked.sku_id).await, None);
        }
        CartRemovalMode::AfterCommit => assert_eq!(buyer.ordered_lines, lines),
    }
}

/// If a SKU has too few pieces or another price, is off the shelf or does not exist, nothing is written and no SKU of
/// the group is taken.
pub async fn takes_stock_as_it_was_quoted_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &stocked.shop;
    let short = shop.add_sku(a_sku("乙", "1.50", 2)).await;
    let dearer = shop.add_sku(a_sku("丙", "1.51", 10)).await;
    let off_shelf = shop.add_sku(NewSku { is_launched: false, ..a_sku("丁", "1.50", 10) }).await;
    let good = allocation(stocked.sku_id, 2, "104.95");
    for (what, sku) in
        [("short", short), ("dearer", dearer), ("off the shelf", off_shelf), ("unknown", SkuId(999_999))]
    {
        let outcome =
            stocked.place_taking(&[stocked.order("101")], &[good, allocation(sku, 3, "1.50")]).await;
        assert_eq!(outcome.unwrap(), None, "{what}");
    }
    let too_many = allocation(stocked.sku_id, u32::MAX, "104.95");
    let outcome = stocked.place_taking(&[stocked.order("101")], &[too_many]).await;
    assert_eq!(outcome.unwrap(), None);
    assert_eq!(shop.stock_record(stocked.sku_id).await, StockRecord { stock: 50, sales: 0, version: 0 });
    assert_eq!(shop.stock_record(short).await, StockRecord { stock: 2, sales: 0, version: 0 });
    assert_eq!(stocked.find("101").await, None);

    let last = [allocation(stocked.sku_id, 50, "104.95"), allocation(short, 2, "1.50")];
    let outcome = stocked.place_taking(&[stocked.order("101")], &last).await;
    assert_eq!(outcome.unwrap(), Some(committed(&**shop)), "the last piece too");
    assert_eq!(shop.stock_record(short).await, StockRecord { stock: 0, sales: 2, version: 1 });
}

/// The largest number of SKUs that one group may have.
pub async fn takes_many_skus_at_once(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let mut taken = Vec::new();
    for pieces in 1..=70 {
        let sku = stocked.shop.add_sku(a_sku("甲", "1.50", 100)).await;
        taken.push(allocation(sku, pieces, "1.50"));
    }
    let outcome = stocked.place_taking(&[stocked.order("101")], &taken).await.unwrap();
    assert_eq!(outcome, Some(committed(&*stocked.shop)));
    for Allocation { sku_id, pieces, .. } in taken {
        let pieces = i64::from(pieces);
        assert_eq!(
            stocked.shop.stock_record(sku_id).await,
            StockRecord { stock: 100 - pieces, sales: pieces, version: 1 }
        );
    }
}

/// A SKU, and an order of two pieces of it, with a key and a cart line.
struct Bought {
    sku_id: SkuId,
    order: NewOrder,
}

/// The stored traces of a purchase: the stock, the order, its key, and whether its line left the cart or must leave it.
type Traces = (StockRecord, bool, bool, bool);

const NOTHING: Traces = (StockRecord { stock: 50, sales: 0, version: 0 }, false, false, false);
const EVERYTHING: Traces = (StockRecord { stock: 48, sales: 2, version: 1 }, true, true, true);

impl Stocked {
    async fn about_to_buy(&self, number: &str) -> Bought {
        let sku_id = self.shop.add_sku(a_sku("甲", "1.50", 50)).await;
        let order = NewOrder {
            idempotency: key(number, "digest"),
            cart_lines: vec![(sku_id, stamp(ONE))],
            ..self.order(number)
        };
        if self.shop.removal_mode() == CartRemovalMode::InTransaction {
            self.shop.put_in_cart(self.user_id, sku_id, ONE).await;
        }
        Bought { sku_id, order }
    }

    async fn traces(&self, Bought { sku_id, order }: &Bought) -> Traces {
        let stock = self.shop.stock_record(*sku_id).await;
        let (key, _) = order.idempotency.as_ref().unwrap();
        let bound = self.shop.orders().find_by_key(self.user_id, key).await.unwrap();
        let is_ordered = match self.shop.removal_mode() {
            CartRemovalMode::InTransaction => self.shop.cart_value(self.user_id, *sku_id).await.is_none(),
            CartRemovalMode::AfterCommit => {
                let pending = self.shop.removals().pending_of(self.user_id).await.unwrap();
                pending.iter().any(|removal| removal.lines.contains(&(*sku_id, stamp(ONE))))
            }
        };
        (stock, self.find(order.order.id.as_str()).await.is_some(), bound.is_some(), is_ordered)
    }
}

impl Bought {
    /// Begins to place the order and takes the stock.
    async fn begin(&self, shop: &dyn Shop) -> Result<Box<dyn PlacingTransaction>, StoreError> {
        let mut transaction = begin(shop).await?;
        let taken = transaction.take(&[allocation(self.sku_id, 2, "1.50")]).await?;
        assert_eq!(taken, StockOutcome::Taken);
        Ok(transaction)
    }

    async fn place(&self, shop: &dyn Shop) -> Result<PlacingOutcome, StoreError> {
        self.begin(shop).await?.write(std::slice::from_ref(&self.order)).await
    }
}

/// A transaction that is dropped before the commit, even in the middle of a call, leaves no trace.
pub async fn leaves_no_trace_of_what_is_not_written(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    let shop = &stocked.shop;
    drop(shop.placing().begin_group(&[claim(stocked.user_id)], true).await.unwrap());
    let bought = Arc::new(stocked.about_to_buy("101").await);
    let transaction = bought.begin(&**shop).await.unwrap();
    assert_eq!(stocked.traces(&bought).await, NOTHING, "not seen before it is committed");
    drop(transaction);
    assert_eq!(stocked.traces(&bought).await, NOTHING);

    let task = tokio::spawn({
        let (stocked, bought) = (Arc::clone(&stocked), Arc::clone(&bought));
        async move { drop(bought.begin(&*stocked.shop).await) }
    });
    tokio::task::yield_now().await;
    task.abort();
    let _ended_or_aborted = task.await;
    assert_eq!(stocked.traces(&bought).await, NOTHING);

    stocked.place(&[NewOrder { idempotency: key("k1", "digest"), ..stocked.order("102") }]).await;
    let same_number = NewOrder { idempotency: None, ..stocked.order("102") };
    let same_key = NewOrder { idempotency: key("k1", "digest"), ..stocked.order("103") };
    for (second, refused) in
        [(same_number, PlacingOutcome::NumberTaken), (same_key, PlacingOutcome::ClaimTaken)]
    {
        let orders = [bought.order.clone(), second];
        let outcome = bought.begin(&**shop).await.unwrap().write(&orders).await;
        assert_eq!(outcome.unwrap(), refused);
        assert_eq!(stocked.traces(&bought).await, NOTHING, "{refused:?}");
    }
    assert_eq!(bought.place(&**shop).await.unwrap(), committed(&**shop));
    assert_eq!(stocked.traces(&bought).await, EVERYTHING);
}

/// A group that is dropped at any moment is stored completely or not at all.
pub async fn is_written_wholly_or_not_at_all(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    for milliseconds in 0..20_u64 {
        let bought = Arc::new(stocked.about_to_buy(&(100 + milliseconds).to_string()).await);
        let task = tokio::spawn({
            let (stocked, bought) = (Arc::clone(&stocked), Arc::clone(&bought));
            async move { until_let_through(|| bought.place(&*stocked.shop)).await }
        });
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        task.abort();
        let ended = task.await.is_ok_and(|outcome| outcome == committed(&*stocked.shop));
        let mut found = stocked.traces(&bought).await;
        // A commit whose caller was dropped may take a moment on the server.
        for _ in 0..100 {
            if found == EVERYTHING || (found == NOTHING && !ended) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            found = stocked.traces(&bought).await;
        }
        let allowed: &[Traces] = if ended { &[EVERYTHING] } else { &[NOTHING, EVERYTHING] };
        assert!(allowed.contains(&found), "{found:?} after {milliseconds} ms");
    }
}

/// After any number of dropped transactions, the next one can begin, and their keys and rows are free for others.
pub async fn gives_back_what_it_held(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let bought = stocked.about_to_buy("101").await;
    stocked.place(&[NewOrder { idempotency: key("k1", "digest"), ..stocked.order("102") }]).await;
    let in_use = NewOrder { idempotency: key("k1", "digest"), ..stocked.order("103") };
    for round in 0..60 {
        let transaction = bought.begin(&*stocked.shop).await.unwrap();
        if round % 2 == 0 {
            let outcome = transaction.write(&[bought.order.clone(), in_use.clone()]).await;
            assert_eq!(outcome.unwrap(), PlacingOutcome::ClaimTaken);
        }
    }
    assert_eq!(bought.place(&*stocked.shop).await.unwrap(), committed(&*stocked.shop));
    assert_eq!(stocked.traces(&bought).await, EVERYTHING);
}

/// Obstacles are keys and guards of other orders, and orders that are newer than the cart. Each affects only its own
/// claim.
pub async fn says_what_stands_in_the_way(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let other = stocked.shop.add_user("other").await;
    let keyed = NewOrder { idempotency: key("k1", "digest"), ..stocked.order("101") };
    let guarded = NewOrder { repeat_guard: Some(guard(1)), ..stocked.order("102") };
    assert_eq!(stocked.place_group(&[keyed, guarded]).await.unwrap(), committed(&*stocked.shop));

    let user = claim(stocked.user_id);
    let with_key = |text: &str| OrderClaim { key: IdempotencyKey::parse(text), ..user.clone() };
    let with_guard = |pieces| OrderClaim { guard: Some(guard(pieces)), ..user.clone() };
    let with_cart = |latest_order_at| OrderClaim { is_of_cart: true, latest_order_at, ..user.clone() };
    let claims = [
        user.clone(),
        with_key("k1"),
        with_key("K1"),
        OrderClaim { user_id: other, ..with_key("k1") },
        with_guard(1),
        with_guard(2),
        with_cart(None),
        OrderClaim { user_id: other, ..with_cart(None) },
    ];
    let begun = stocked.shop.placing().begin_group(&claims, true).await.unwrap();
    let (in_use, guarded, ordered) = (Obstacle::KeyInUse, Obstacle::GuardInUse, Obstacle::CartOrdered);
    assert_eq!(begun.obstacles, [None, Some(in_use), None, None, Some(guarded), None, Some(ordered), None]);
    drop(begun);
    assert_eq!(stocked.obstacle(with_cart(Some(micros(123_455)))).await, Some(ordered));
    assert_eq!(stocked.obstacle(with_cart(Some(micros(123_456)))).await, None, "that one was seen");

    stocked.shop.placing().release_guard(&order_id("101"), &guard(1)).await.unwrap();
    assert_eq!(stocked.obstacle(with_guard(1)).await, Some(guarded), "another order has it");
    stocked.shop.placing().release_guard(&order_id("102"), &guard(1)).await.unwrap();
    assert_eq!(stocked.obstacle(with_guard(1)).await, None);
}

/// It counts unpaid orders with a deadline and their pieces, but not those of other buyers, of the old back end, or
/// paid ones.
pub async fn counts_what_is_unpaid(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let other = stocked.shop.add_user("other").await;
    let orders: Vec<_> = ["101", "102", "103"].map(|number| stocked.order(number)).into();
    assert_eq!(stocked.place_group(&orders).await.unwrap(), committed(&*stocked.shop));
    let paid = change("103", OrderStatus::AwaitingPayment, OrderStatus::AwaitingShipment, "");
    append(&*stocked.shop, "103", &[Event::StatusChanged(paid)]).await.unwrap();
    stocked
        .shop
        .add_old_order(OldOrder {
            id: order_id("99"),
            user_id: stocked.user_id,
            address_id: stocked.address_id,
            status: OrderStatus::AwaitingPayment.code(),
            total_amount: money("104.95"),
            created_at: noon(),
            lines: vec![(stocked.sku_id, 1, money("104.95"))],
        })
        .await;
    let claims = [claim(stocked.user_id), claim(other)];
    let ids = [stocked.sku_id];
    let there = stocked.shop.catalog().skus(&ids).await.unwrap();
    let mut begun = stocked.shop.placing().begin_group(&claims, true).await.unwrap();
    assert_eq!(begun.transaction.skus(&ids).await.unwrap(), there, "the stock beside which that is counted");
    let held = UnpaidOrders { orders: 2, pieces: [(stocked.sku_id, 4)].into() };
    assert_eq!(begun.unpaid, [(stocked.user_id, held)].into());
    drop(begun);
    let begun = stocked.shop.placing().begin_group(&claims, false).await.unwrap();
    assert!(begun.unpaid.is_empty(), "nobody asked");
}

/// A buyer who may have three unpaid orders sends twenty requests at once: transactions of one buyer see each other's
/// orders.
pub async fn lets_nobody_slip_past_the_count(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    let placed = how_many(20, |number| {
        let stocked = Arc::clone(&stocked);
        async move {
            let orders = [stocked.order(&format!("1{number:02}"))];
            let taken = [allocation(stocked.sku_id, 2, "104.95")];
            until_let_through(|| async {
                let mut begun = stocked.shop.placing().begin_group(&[claim(stocked.user_id)], true).await?;
                if begun.unpaid.get(&stocked.user_id).is_some_and(|unpaid| unpaid.orders >= 3) {
                    return Ok(false);
                }
                assert_eq!(begun.transaction.take(&taken).await?, StockOutcome::Taken);
                Ok(begun.transaction.write(&orders).await? == committed(&*stocked.shop))
            })
            .await
        }
    });
    assert_eq!(placed.await, 3);
    assert_eq!(stocked.shop.stock_record(stocked.sku_id).await.sales, 6);
}
