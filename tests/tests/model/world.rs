//! The shop, Alipay and the clock of a model.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use adapters::{
    alipay::{AlipayConfig, AlipayGateway, AlipayMode, AlipayTimeouts},
    sql::{self, SqlConfig, SqlStore},
    system::SystemRandomness,
};
use alipay_sandbox::{NotificationBehaviour, Sandbox, SandboxConfig, SandboxKeys, TradeRecord};
use application::{
    CartCleaner, OrderService, Placement, PlacementPorts, Recently, RemoveOrderedLines, ShopRules, Transact,
};
use domain::{
    Caller, Channel, Merchant, Money, OrderId, Pricing, QuantityLimit, ShopTime, UnpaidLimits, UserId,
    Username,
};
use ports::{Clock, PaymentChannels, PaymentGateway};
use tests::{Data, Database};

/// The buyer of all orders; the demo shop has one with an address of the same number.
pub(crate) const BUYER: UserId = UserId(1);

/// A clock that the test moves.
pub(crate) struct ModelClock(Mutex<ShopTime>);

impl ModelClock {
    pub(crate) fn pass(&self, span: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.after(span);
    }
}

impl Clock for ModelClock {
    fn now(&self) -> ShopTime {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<ModelClock>,
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Arc<dyn SqlStore>,
    pub(crate) database: tokio::sync::Mutex<Database>,
    pub(crate) buyer: Caller,
    pub(crate) processes: Vec<Process>,
}

/// One process of the shop.
pub(crate) struct Process {
    pub(crate) placement: Placement,
    pub(crate) orders: Arc<OrderService>,
}

impl World {
    /// Every trade of an order, of all attempts, oldest first.
    pub(crate) fn trades_of(&self, order: &OrderId) -> Vec<TradeRecord> {
        let all = self.sandbox.trades().into_iter();
        all.filter(|trade| domain::order_number(&trade.out_trade_no) == order.as_str()).collect()
    }

    pub(crate) async fn new(data: &Data) -> Self {
        let clock = Arc::new(ModelClock(Mutex::new(ShopTime::parse("2026-01-01 10:00:00").unwrap())));
        let url = match data {
            Data::Embedded(file) => format!("sqlite:{}", file.display()),
            Data::Servers { mysql, .. } => mysql[0].clone(),
        };
        let store = sql::connect(&SqlConfig::new(url)).await.unwrap();
        store.migrate().await.unwrap();
        store.seed_demo(clock.now()).await.unwrap();
        let (sandbox, gateway) = alipay(&clock);
        let processes = (0..3).map(|_| Process::new(&store, &gateway, &clock)).collect();
        let mut database = data.open().await;
        let name = format!("SELECT username AS n FROM user_profile WHERE id = {BUYER}");
        let username = Username(database.words(&name).await.remove(0));
        let buyer = Caller { username, mark: None };
        Self { clock, sandbox, store, database: database.into(), buyer, processes }
    }
}

/// A sandbox that holds notifications back for the test to deliver, and the gateway to it.
fn alipay(clock: &Arc<ModelClock>) -> (Sandbox, Arc<dyn PaymentGateway>) {
    let directory = tempfile::tempdir().unwrap();
    let keys = SandboxKeys::load_or_generate(directory.path()).unwrap();
    let mut config = SandboxConfig::new(keys.app.public_key().clone(), keys.alipay.clone());
    config.notifications = NotificationBehaviour { hold: true, ..NotificationBehaviour::default() };
    config.bill_of_today = true;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = Sandbox::start(config, listener, Arc::clone(clock) as _).unwrap();
    let config = AlipayConfig {
        gateway_url: sandbox.gateway_url(),
        app_id: SandboxConfig::DEFAULT_APP_ID.to_owned(),
        app_private_key: keys.app,
        mode: AlipayMode::PublicKey { current: keys.alipay.public_key().clone(), previous: None },
        notify_url: Some("http://127.0.0.1:1/held".to_owned()),
        return_url: Some("http://127.0.0.1:1/return".to_owned()),
        quit_url: None,
        subject: None,
        // Faults make calls wait for these timeouts. An answer that comes too late counts as lost, which is one more
        // fault.
        timeouts: AlipayTimeouts {
            attempt: Duration::from_millis(150),
            call: Duration::from_secs(2),
            retry: Duration::from_millis(1),
            ..AlipayTimeouts::default()
        },
    };
    let gateway = AlipayGateway::new(config, Arc::clone(clock) as _).unwrap();
    (sandbox, Arc::new(gateway))
}

impl Process {
    fn new(store: &Arc<dyn SqlStore>, gateway: &Arc<dyn PaymentGateway>, clock: &Arc<ModelClock>) -> Self {
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        let rules = ShopRules {
            pricing: Pricing { freight: Money::from_fen(1_000).unwrap(), free_from: None },
            quantity_limit: QuantityLimit::new(200).unwrap(),
            unpaid_limits: UnpaidLimits::NONE,
            double_click: Duration::ZERO,
            payment_deadline: Duration::from_secs(30 * 60),
            receipt_after: Duration::from_secs(10 * 24 * 3600),
        };
        let sweep = RemoveOrderedLines {
            queue: Arc::clone(store) as _,
            carts: Arc::clone(store) as _,
            clock: Arc::clone(&clock),
        };
        // The carts are in the database, so nothing remains to be removed after an order.
        let (cleaner, _) = CartCleaner::new(Arc::new(sweep));
        let ports = PlacementPorts {
            store: Arc::clone(store) as _,
            carts: Arc::clone(store) as _,
            catalog: Arc::clone(store) as _,
            orders: Arc::clone(store) as _,
            cleaner,
            clock: Arc::clone(&clock),
            randomness: Arc::new(SystemRandomness),
        };
        let merchant = Merchant {
            app_id: SandboxConfig::DEFAULT_APP_ID.to_owned(),
            seller_id: Some(SandboxConfig::DEFAULT_SELLER_ID.to_owned()),
        };
        let orders = Arc::new(OrderService {
            users: Arc::clone(store) as _,
            orders: Arc::clone(store) as _,
            transact: Transact {
                orders: Arc::clone(store) as _,
                clock,
                randomness: Arc::new(SystemRandomness),
            },
            channels: PaymentChannels::default().with(Channel::Alipay, Arc::clone(gateway), merchant),
            refused: Arc::clone(store) as _,
            statements: Arc::clone(store) as _,
            // This uses the machine's clock, not the model's, so it is off: every call asks Alipay.
            asked: Recently::new(Duration::ZERO, 1),
            receipt_after: rules.receipt_after,
        });
        Self { placement: Placement::new(ports, rules), orders }
    }
}
