//! One order, and the ports around it.

use super::*;

/// The ports around one order. A call that a test does not prepare fails the test.
pub(super) struct Shop {
    /// Whether the database answers, and its answer about the buyer.
    pub(super) buyer: Result<Result<Buyer, NotAdmitted>, fn() -> StoreError>,
    pub(super) transactions: Vec<PreparedTransaction>,
    pub(super) users: MockUsers,
    pub(super) carts: MockCartStore,
    pub(super) queue: MockCartRemovalQueue,
    pub(super) direct_buys: MockDirectBuys,
    pub(super) orders: MockOrderReader,
    pub(super) catalog: MockCatalog,
    pub(super) gateway: MockPaymentGateway,
    pub(super) double_click: Duration,
    /// The time at each reading of the clock; the last one stays.
    pub(super) times: Vec<ShopTime>,
    pub(super) unpaid_limits: UnpaidLimits,
}

/// The outcome of an order, and what was written for it.
pub(super) struct Placed {
    pub(super) outcome: Result<StartedPayment, PlaceOrderError>,
    pub(super) groups: Vec<WrittenGroup>,
    pub(super) released: Vec<domain::OrderId>,
    pub(super) left: usize,
}

impl Placed {
    /// The one order that was written.
    pub(super) fn order(&self) -> &domain::NewOrder {
        assert_eq!(self.groups.len(), 1);
        assert_eq!(self.groups[0].orders.len(), 1);
        &self.groups[0].orders[0]
    }

    pub(super) fn invitation(self) -> Result<PaymentInvitation, PlaceOrderError> {
        assert_eq!(self.left, 0, "every transaction was needed");
        match self.outcome? {
            StartedPayment::Invited(invitation) => Ok(invitation),
            StartedPayment::AlreadyPaid { order_id, .. } => panic!("{order_id} is paid"),
        }
    }
}

impl Shop {
    pub(super) fn new(buyer: Result<Buyer, NotAdmitted>) -> Self {
        Self {
            buyer: Ok(buyer),
            transactions: Vec::new(),
            users: MockUsers::new(),
            carts: MockCartStore::new(),
            queue: MockCartRemovalQueue::new(),
            direct_buys: MockDirectBuys::new(),
            orders: MockOrderReader::new(),
            catalog: MockCatalog::new(),
            gateway: MockPaymentGateway::new(),
            double_click: Duration::ZERO,
            times: vec![noon()],
            unpaid_limits: UnpaidLimits::NONE,
        }
    }

    pub(super) fn with_buyer() -> Self {
        Self::new(Ok(Buyer {
            user_id: USER,
            address: Some(address()),
            ordered_lines: Vec::new(),
            latest_order_at: None,
        }))
    }

    /// Lines that were ordered and are still in the cart.
    pub(super) fn having_ordered(ordered_lines: Vec<(SkuId, CartStamp)>) -> Self {
        let mut shop = Self::with_buyer();
        if let Ok(Ok(buyer)) = &mut shop.buyer {
            buyer.ordered_lines = ordered_lines;
        }
        shop
    }

    pub(super) fn with_cart(mut self, cart: Cart) -> Self {
        self.carts
            .expect_load_many()
            .withf(|user_ids| user_ids == [USER])
            .returning(move |_| Ok(BTreeMap::from([(USER, cart.clone())])));
        self
    }

    pub(super) fn selling(mut self, skus: impl IntoIterator<Item = Sku>) -> Self {
        let skus: BTreeMap<SkuId, Sku> = shelf(skus);
        self.catalog.expect_skus().returning(move |_| Ok(skus.clone()));
        self
    }

    /// Expects a transaction.
    pub(super) fn writing(mut self, transaction: PreparedTransaction) -> Self {
        self.transactions.push(transaction);
        self
    }

    /// Expects the URL to be signed for this amount.
    pub(super) fn charging(mut self, amount: &'static str) -> Self {
        self.gateway
            .expect_pay_url()
            .times(1)
            .withf(move |request| request.total_amount == money(amount))
            .returning(|_| Ok("https://alipay/pay".to_owned()));
        self
    }

    /// Places an order that the buyer must pay.
    pub(super) async fn place(
        self,
        request: PlaceOrderRequest,
    ) -> Result<PaymentInvitation, PlaceOrderError> {
        self.start(request).await.invitation()
    }

    pub(super) async fn start(self, request: PlaceOrderRequest) -> Placed {
        let mut randomness = MockRandomness::new();
        randomness.expect_draw().return_const(7_u32);
        let buyer = self.buyer;
        let answer = move |query: &BuyerQuery| {
            assert_eq!((&query.caller, query.address_id), (&caller(), AddressId(7)));
            buyer.clone().map_err(|failure| failure())
        };
        let store = Arc::new(PreparedPlacing::new(answer, self.transactions.into_iter().map(Ok)));
        let (carts, mut orders) = (Arc::new(self.carts), self.orders);
        orders.expect_attempts().returning(|_| Ok(Vec::new()));
        let orders = Arc::new(orders);
        let remover = RemoveOrderedLines {
            queue: Arc::new(self.queue),
            carts: Arc::clone(&carts) as _,
            clock: Arc::new(clock()),
        };
        let (cleaner, cleaning) = CartCleaner::new(Arc::new(remover));
        let cleaning = tokio::spawn(cleaning);
        let rules =
            ShopRules { double_click: self.double_click, unpaid_limits: self.unpaid_limits, ..rules() };
        let ports = PlacementPorts {
            store: Arc::clone(&store) as _,
            carts,
            catalog: Arc::new(self.catalog),
            orders: Arc::clone(&orders) as _,
            cleaner,
            clock: Arc::new(clock()),
            randomness: Arc::new(randomness),
        };
        let settings = BatcherSettings { writers: 1, group: 8, queue: 8 };
        let (batcher, mut writers) = OrderBatcher::open(Arc::new(Placement::new(ports, rules)), settings);
        let mut passing = MockClock::new();
        let mut times = self.times.into_iter();
        let mut time = noon();
        passing.expect_now().returning(move || {
            time = times.next().unwrap_or(time);
            time
        });
        let ledgers = Ledgers::default();
        let service = OrderService {
            users: Arc::new(self.users),
            orders,
            transact: Transact { clock: Arc::new(passing), ..transact(&ledgers) },
            ..service(self.gateway, &ledgers)
        };
        let use_case = PlaceOrder {
            direct_buys: Arc::new(self.direct_buys),
            store: Arc::clone(&store) as _,
            batcher,
            service: Arc::new(service),
            rules,
        };
        let outcome = use_case.execute(request).await;
        drop(use_case);
        while writers.join_next().await.is_some() {}
        cleaning.await.unwrap();
        Placed { outcome, groups: store.committed(), released: store.released(), left: store.left() }
    }
}

pub(super) fn committing() -> PreparedTransaction {
    PreparedTransaction::committing()
}

pub(super) fn request(items: impl Into<Option<OrderItems>>) -> PlaceOrderRequest {
    PlaceOrderRequest {
        channel: domain::Channel::Alipay,
        caller: caller(),
        address_id: AddressId(7),
        items: items.into(),
        expected_amount: None,
        product: domain::PaymentProduct::Page,
        idempotency_key: None,
    }
}

/// The direct buy of the last preview.
pub(super) const LATEST: Option<OrderItems> = None;
pub(super) const DIRECT: OrderItems = OrderItems::Direct { sku_id: SkuId(4), quantity: 2 };
