//! Sample data of the suites.

use std::sync::Arc;

use domain::{
    Allocation, Caller, CartStamp, Cause, IdempotencyKey, Money, NewOrder, Order, OrderGoods, OrderId,
    OrderStatus, PaymentRecord, PaymentStatus, Quantity, Refund, RequestDigest, SaleAttribute,
    ShippingAddress, ShopTime, SkuId, StatusChange, Trade, TradeStatus, UserId, Username, ledger::Event,
};

use super::{NewAddress, NewSku, Shop};
use crate::{AppendError, PlacingOutcome, PlacingTransaction, StockOutcome, StoreError};

/// How often a transaction is tried again if others hold its rows.
const ATTEMPTS: usize = 200;

/// A caller whose token has no password mark.
pub(super) fn caller(name: &str) -> Caller {
    Caller { username: Username(name.to_owned()), mark: None }
}

pub(super) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(super) fn noon() -> ShopTime {
    ShopTime::parse("2019-11-28 12:00:00").unwrap()
}

/// The moment this many microseconds after noon.
pub(super) fn micros(micros: u64) -> ShopTime {
    noon().after(std::time::Duration::from_micros(micros))
}

pub(super) fn order_id(number: &str) -> OrderId {
    OrderId::parse(number).unwrap()
}

pub(super) fn a_sku(name: &'static str, price: &str, stock: i32) -> NewSku {
    NewSku {
        name,
        price: money(price),
        stock,
        is_launched: true,
        attributes: &[("颜色", "红色"), ("尺寸", "18寸")],
    }
}

pub(super) fn an_address(street: &'static str) -> NewAddress {
    NewAddress { street, is_default: false, is_alive: true }
}

/// A shop with one buyer, one address and one SKU of fifty pieces at 104.95.
pub(super) struct Stocked {
    pub(super) shop: Arc<dyn Shop>,
    pub(super) user_id: UserId,
    pub(super) address_id: domain::AddressId,
    pub(super) sku_id: SkuId,
}

impl Stocked {
    pub(super) async fn new(shop: Arc<dyn Shop>) -> Self {
        let user_id = shop.add_user("习瓜瓜").await;
        let address_id = shop.add_address(user_id, an_address("北京市东城区珍贝大厦")).await;
        let sku_id = shop.add_sku(a_sku("红袖添香", "104.95", 50)).await;
        Self { shop, user_id, address_id, sku_id }
    }

    /// An order of two pieces, ready to be written.
    pub(super) fn order(&self, number: &str) -> NewOrder {
        let line = OrderGoods {
            sku_id: self.sku_id,
            name: "红袖添香".to_owned(),
            default_image_url: "红袖添香.jpg".to_owned(),
            price: money("104.95"),
            quantity: Quantity::stored(2).unwrap(),
            attributes: attributes(&[("颜色", "红色"), ("尺寸", "18寸")]),
        };
        NewOrder {
            order: Order {
                id: order_id(number),
                user_id: self.user_id,
                status: OrderStatus::AwaitingPayment,
                total_count: 2,
                total_amount: money("219.90"),
                freight: money("10.00"),
                discount: Money::ZERO,
                amendments: 0,
                shipping: shipping("北京市东城区珍贝大厦"),
                created_at: micros(123_456),
                expire_at: Some(micros(1_800_000_000)),
                shipment: None,
                refunded_amount: Money::ZERO,
                goods: vec![line],
            },
            address_id: self.address_id,
            due_at: Some(micros(60_000_000)),
            cart_lines: Vec::new(),
            idempotency: None,
            repeat_guard: None,
            trace: None,
        }
    }

    /// Places orders, without taking stock for them.
    pub(super) async fn place(&self, orders: &[NewOrder]) {
        let committed = PlacingOutcome::Committed(self.shop.removal_mode());
        assert_eq!(self.write(orders).await.unwrap(), committed);
    }

    /// Writes orders, without taking stock for them.
    pub(super) async fn write(&self, orders: &[NewOrder]) -> Result<PlacingOutcome, StoreError> {
        begin(&*self.shop).await?.write(orders).await
    }

    pub(super) async fn find(&self, number: &str) -> Option<Order> {
        self.shop.orders().find(&order_id(number)).await.unwrap()
    }
}

/// Begins a transaction that places orders, and locks no buyer.
pub(super) async fn begin(shop: &dyn Shop) -> Result<Box<dyn PlacingTransaction>, StoreError> {
    Ok(shop.placing().begin_group(&[], false).await?.transaction)
}

/// Takes pieces in a separate transaction; `true` if the stock had them.
pub(super) async fn take(shop: &dyn Shop, allocations: &[Allocation]) -> Result<bool, StoreError> {
    let mut transaction = begin(shop).await?;
    match transaction.take(allocations).await? {
        StockOutcome::Changed => Ok(false),
        StockOutcome::Taken => {
            let outcome = transaction.write(&[]).await?;
            assert_eq!(outcome, PlacingOutcome::Committed(shop.removal_mode()));
            Ok(true)
        }
    }
}

pub(super) fn attributes(pairs: &[(&str, &str)]) -> Vec<SaleAttribute> {
    let attribute =
        |(name, value): &(&str, &str)| SaleAttribute { name: (*name).to_owned(), value: (*value).to_owned() };
    pairs.iter().map(attribute).collect()
}

pub(super) fn shipping(street: &str) -> ShippingAddress {
    let (title, receiver, mobile) = NewAddress::TEXT;
    ShippingAddress {
        title: title.to_owned(),
        receiver: receiver.to_owned(),
        mobile: mobile.to_owned(),
        address: street.to_owned(),
    }
}

pub(super) fn stamp(value: &str) -> CartStamp {
    CartStamp(value.to_owned())
}

pub(super) fn key(text: &str, digest: &str) -> Option<(IdempotencyKey, RequestDigest)> {
    Some((IdempotencyKey::parse(text).unwrap(), RequestDigest(digest.to_owned())))
}

pub(super) fn allocation(sku_id: SkuId, pieces: u32, price: &str) -> Allocation {
    Allocation { sku_id, pieces, price: money(price) }
}

pub(super) fn change(number: &str, from: OrderStatus, to: OrderStatus, reason: &str) -> StatusChange {
    StatusChange {
        order_id: order_id(number),
        from,
        to,
        cause: Cause::channel(domain::Channel::Alipay, Some("req-1".to_owned())),
        reason: reason.to_owned(),
        at: micros(9_000_000),
        due_at: None,
    }
}

pub(super) fn payment(trade_no: &str, out_trade_no: &str, status: PaymentStatus) -> PaymentRecord {
    PaymentRecord {
        trade: Trade {
            channel: domain::Channel::Alipay,
            trade_no: trade_no.to_owned(),
            out_trade_no: out_trade_no.to_owned(),
            status: TradeStatus::Success,
            total_amount: money("219.90"),
            refunded: Money::ZERO,
            refund_request_no: None,
            buyer: Some("136******20".to_owned()),
            paid_at: Some(micros(60_000_000)),
        },
        status,
        source: domain::EvidenceSource::Notification,
        recorded_at: micros(61_000_001),
    }
}

/// Writes events under a number.
pub(super) async fn append(shop: &dyn Shop, number: &str, events: &[Event]) -> Result<(), AppendError> {
    let outcome = shop.ledgers().lock(number).await?.append(events).await;
    if outcome.is_err() {
        // A store may release its locks after the answer, and a claim skips locked rows.
        shop.ledgers().lock(number).await?.append(&[]).await?;
    }
    outcome
}

/// Records payments and refunds unchanged.
pub(super) async fn record(shop: &dyn Shop, payments: &[PaymentRecord], refunds: &[Refund]) {
    for payment in payments {
        let recorded = Event::PaymentRecorded(payment.clone());
        append(shop, &payment.trade.out_trade_no, &[recorded]).await.unwrap();
    }
    for refund in refunds {
        let recorded = Event::RefundRequested { refund: refund.clone(), due_at: noon() };
        append(shop, &refund.out_trade_no, &[recorded]).await.unwrap();
    }
}

/// Runs a transaction; repeats it as long as others hold the rows.
pub(super) async fn until_let_through<T, Work>(work: impl Fn() -> Work) -> T
where
    Work: Future<Output = Result<T, StoreError>>,
{
    for _ in 0..ATTEMPTS {
        match work().await {
            Ok(done) => return done,
            Err(StoreError::Busy(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}: {error:?}"),
        }
    }
    panic!("others held the rows {ATTEMPTS} times");
}

/// Lets eight tasks at once take due items, five times each, and returns what they took.
pub(super) async fn taken_by_eight<Taking>(
    take: impl Fn() -> Taking + Clone + Send + Sync + 'static,
) -> Vec<String>
where
    Taking: Future<Output = Result<Vec<String>, StoreError>> + Send,
{
    let all_are_there = Arc::new(tokio::sync::Barrier::new(8));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (take, all_are_there) = (take.clone(), Arc::clone(&all_are_there));
        workers.spawn(async move {
            all_are_there.wait().await;
            let mut taken = Vec::new();
            for _ in 0..5 {
                taken.extend(until_let_through(&take).await);
            }
            taken
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

/// Runs this many tasks at once and returns how many returned `true`.
pub(super) async fn how_many<Task>(tasks: usize, task: impl Fn(usize) -> Task) -> usize
where
    Task: Future<Output = bool> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    for number in 0..tasks {
        running.spawn(task(number));
    }
    running.join_all().await.into_iter().filter(|answer| *answer).count()
}
