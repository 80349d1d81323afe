//! Shared by the tests of the use cases: a small shop, and failures to inject.

use std::{sync::Arc, time::Duration};

use application::{OrderService, Recently, ShopRules, ShoppingService, Transact};
use domain::{
    AttemptState, Caller, Cause, Channel, EvidenceSource, Merchant, Money, NotAdmitted, Order, OrderGoods,
    OrderId, OrderLedger, OrderStatus, PaymentAttempt, PaymentProduct, PaymentRecord, PaymentStatus, Pricing,
    Quantity, QuantityLimit, Refund, RefundKind, RefundStatus, Restock, SaleAttribute, Shipment, ShopTime,
    Sku, SkuId, Trade, TradeStatus, UnpaidLimits, UserId, Username,
};
use ports::{
    AppendError, CartError, GatewayError, PaymentChannels, StoreError,
    mock::{
        Ledgers, MockAddressBook, MockCartStore, MockCatalog, MockClock, MockDailyStatements, MockDirectBuys,
        MockOrderReader, MockPaymentGateway, MockRandomness, MockRefusedMessages, MockUsers, clock_at,
    },
};

pub(crate) use ports::mock::samples::{address, cart, shelf, shipping};

pub(crate) const USER: UserId = UserId(4);
pub(crate) const RECEIPT_AFTER: Duration = Duration::from_secs(10 * 24 * 3600);
pub(crate) const ORDER: &str = "2019112820400804";

pub(crate) fn username() -> Username {
    Username("习瓜瓜".to_owned())
}

/// A caller with a token of the old back end.
pub(crate) fn caller() -> Caller {
    Caller { username: username(), mark: None }
}

pub(crate) fn known_user() -> MockUsers {
    let mut users = MockUsers::new();
    users.expect_authenticate().withf(|who| *who == caller()).returning(|_| Ok(Ok(USER)));
    users.expect_find().withf(|name| *name == username()).returning(|_| Ok(Some(USER)));
    users
}

pub(crate) fn stranger() -> MockUsers {
    let mut users = MockUsers::new();
    users.expect_authenticate().returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    users.expect_find().returning(|_| Ok(None));
    users
}

pub(crate) fn others(order: Order) -> Order {
    Order { user_id: UserId(5), ..order }
}

pub(crate) fn merchant() -> Merchant {
    Merchant { app_id: "2021".to_owned(), seller_id: Some("2088".to_owned()) }
}

pub(crate) fn rules() -> ShopRules {
    ShopRules {
        pricing: Pricing { freight: money("10"), free_from: None },
        quantity_limit: QuantityLimit::new(200).unwrap(),
        payment_deadline: Duration::from_secs(1800),
        unpaid_limits: UnpaidLimits::NONE,
        double_click: Duration::ZERO,
        receipt_after: RECEIPT_AFTER,
    }
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn noon() -> ShopTime {
    ShopTime::parse("2019-11-28 12:00:00").unwrap()
}

pub(crate) fn clock() -> MockClock {
    clock_at(noon())
}

pub(crate) fn order_id() -> OrderId {
    OrderId::parse(ORDER).unwrap()
}

pub(crate) fn sku(id: i32, price: &str, stock: u32) -> Sku {
    Sku {
        id: SkuId(id),
        name: format!("红袖添香{id}"),
        default_image_url: format!("{id}.jpg"),
        price: money(price),
        stock,
        is_launched: true,
        attributes: vec![SaleAttribute { name: "颜色".to_owned(), value: "红色".to_owned() }],
    }
}

/// The recorded order of 323.91.
pub(crate) fn order(status: OrderStatus) -> Order {
    let line = |id, price: &str, pieces| OrderGoods {
        sku_id: SkuId(id),
        name: format!("红袖添香{id}"),
        default_image_url: format!("{id}.jpg"),
        price: money(price),
        quantity: Quantity::stored(pieces).unwrap(),
        attributes: Vec::new(),
    };
    Order {
        id: order_id(),
        user_id: USER,
        status,
        total_count: 3,
        total_amount: money("323.91"),
        freight: money("10"),
        discount: Money::ZERO,
        amendments: 0,
        shipping: shipping(),
        created_at: noon(),
        expire_at: Some(noon().after(Duration::from_secs(1800))),
        shipment: (status == OrderStatus::AwaitingReceipt).then(shipment),
        refunded_amount: Money::ZERO,
        goods: vec![line(4, "104.95", 2), line(5, "104.01", 1)],
    }
}

pub(crate) fn shipment() -> Shipment {
    Shipment::new("顺丰速运", "SF1", noon()).unwrap()
}

pub(crate) fn trade(trade_no: &str, amount: &str) -> Trade {
    Trade {
        channel: domain::Channel::Alipay,
        trade_no: trade_no.to_owned(),
        out_trade_no: ORDER.to_owned(),
        status: TradeStatus::Success,
        total_amount: money(amount),
        refunded: Money::ZERO,
        refund_request_no: None,
        buyer: None,
        paid_at: None,
    }
}

/// A payment of the whole order, recorded with this status.
pub(crate) fn recorded(trade_no: &str, status: PaymentStatus) -> PaymentRecord {
    PaymentRecord {
        trade: trade(trade_no, "323.91"),
        status,
        source: EvidenceSource::Query,
        recorded_at: noon(),
    }
}

/// A refund of trade A that the shop requested.
pub(crate) fn refund(number: &str, amount: &str, status: RefundStatus) -> Refund {
    Refund {
        channel: domain::Channel::Alipay,
        out_request_no: number.to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: "A".to_owned(),
        amount: money(amount),
        reason: "质量问题".to_owned(),
        kind: RefundKind::Shop,
        status,
        restock: Vec::new(),
        cause: Cause::shop("小王".to_owned(), None),
        requested_at: noon(),
        finished_at: None,
        failure: None,
    }
}

/// Restocks from pairs of SKU and pieces.
pub(crate) fn restock(wishes: &[(i32, u32)]) -> Vec<Restock> {
    wishes.iter().map(|(sku_id, pieces)| Restock { sku_id: SkuId(*sku_id), pieces: *pieces }).collect()
}

/// A reader that finds these orders, one per read, and expects exactly this many reads.
pub(crate) fn looks(found: Vec<Result<Option<Order>, StoreError>>) -> MockOrderReader {
    let mut orders = MockOrderReader::new();
    let (times, mut found) = (found.len(), found.into_iter());
    orders
        .expect_find()
        .times(times)
        .withf(|id| *id == order_id())
        .returning(move |_| found.next().unwrap_or(Ok(None)));
    orders.expect_attempts().returning(|_| Ok(Vec::new()));
    orders
}

/// The ledger of the order of [`order`]; seven pieces of each of its SKUs are in stock.
pub(crate) fn ledger(
    found: Option<Order>,
    payments: Vec<PaymentRecord>,
    refunds: Vec<Refund>,
) -> OrderLedger {
    ports::mock::ledger(ORDER, found, payments, refunds)
}

/// An unpaid order with two attempts to pay: the first given up, the second open.
pub(crate) fn two_attempts() -> Ledgers {
    let mut ledger = only(OrderStatus::AwaitingPayment);
    ledger.attempts = vec![
        attempt("", PaymentProduct::Page, AttemptState::GivenUp),
        attempt("_2", PaymentProduct::Page, AttemptState::Open),
    ];
    Ledgers::of(ledger)
}

/// An attempt to pay the order of [`order`]. Its number is the order's number with this suffix.
pub(crate) fn attempt(suffix: &str, product: PaymentProduct, state: AttemptState) -> PaymentAttempt {
    PaymentAttempt {
        channel: Channel::Alipay,
        out_trade_no: format!("{ORDER}{suffix}"),
        product,
        amount: money("323.91"),
        state,
        opened_at: noon(),
        closed_at: None,
        paid_at: None,
    }
}

/// The ledger of the order in this status, without other records.
pub(crate) fn only(status: OrderStatus) -> OrderLedger {
    ledger(Some(order(status)), vec![], vec![])
}

/// The order paid by trade A and not shipped, with these refunds.
pub(crate) fn paid_ledger(refunds: &[Refund]) -> OrderLedger {
    let payments = vec![recorded("A", PaymentStatus::Settled)];
    ledger(Some(order(OrderStatus::AwaitingShipment)), payments, refunds.to_vec())
}

pub(crate) fn transact(ledgers: &Ledgers) -> Transact {
    transact_at(noon(), ledgers)
}

pub(crate) fn transact_at(now: ShopTime, ledgers: &Ledgers) -> Transact {
    Transact {
        orders: Arc::new(ledgers.clone()),
        clock: Arc::new(clock_at(now)),
        randomness: Arc::new(always_0()),
    }
}

/// Randomness that makes no call wait.
pub(crate) fn always_0() -> MockRandomness {
    let mut randomness = MockRandomness::new();
    randomness.expect_draw().return_const(0_u32);
    randomness
}

/// The service of a shop that is paid only through Alipay, and has one user. It may read only these ledgers.
pub(crate) fn service(gateway: MockPaymentGateway, ledgers: &Ledgers) -> OrderService {
    service_at(noon(), gateway, ledgers)
}

pub(crate) fn service_at(now: ShopTime, gateway: MockPaymentGateway, ledgers: &Ledgers) -> OrderService {
    OrderService {
        users: Arc::new(known_user()),
        orders: Arc::new(MockOrderReader::new()),
        transact: transact_at(now, ledgers),
        channels: PaymentChannels::default().with(Channel::Alipay, Arc::new(gateway), merchant()),
        refused: Arc::new(MockRefusedMessages::new()),
        statements: Arc::new(MockDailyStatements::new()),
        asked: Recently::new(OrderService::ASKED_PAUSE, 10),
        receipt_after: RECEIPT_AFTER,
    }
}

/// What buyers do before they order. No port may be called.
pub(crate) fn shopping() -> ShoppingService {
    ShoppingService {
        users: Arc::new(MockUsers::new()),
        address_book: Arc::new(MockAddressBook::new()),
        catalog: Arc::new(MockCatalog::new()),
        carts: Arc::new(MockCartStore::new()),
        removals: None,
        direct_buys: Arc::new(MockDirectBuys::new()),
        clock: Arc::new(clock()),
        randomness: Arc::new(always_0()),
        rules: rules(),
    }
}

/// The stored status of the order of [`order`].
pub(crate) fn status(ledgers: &Ledgers) -> OrderStatus {
    ledgers.get(ORDER).order.unwrap().status
}

pub(crate) fn changed_meanwhile() -> AppendError {
    AppendError::GuardLost
}

pub(crate) fn connection_lost() -> AppendError {
    StoreError::OutcomeUnknown("connection lost".into()).into()
}

pub(crate) fn store_down() -> StoreError {
    StoreError::Unavailable("the server is gone".into())
}

pub(crate) fn rows_locked() -> StoreError {
    StoreError::Busy("Deadlock found when trying to get lock".into())
}

pub(crate) fn carts_down() -> CartError {
    CartError("connection refused".into())
}

pub(crate) fn alipay_down() -> GatewayError {
    GatewayError::Unreachable("timed out".into())
}
