//! A shop beside its Alipay. Time passes by changing the times in the database.

use std::time::Duration;

use adapters::system::SystemClock;
use domain::ShopTime;
use futures_util::future::join_all;
use ports::Clock;
use serde_json::{Value, json};
use tests::{Browser, Dashop, Database, Sandbox, Setup, until};

/// The price of one piece, and the amount of an order of one piece.
pub(crate) const PRICE: &str = "209.00";
pub(crate) const AMOUNT: &str = "219.00";

/// A due time in the far future, as SQL.
pub(crate) const NEVER: &str = "'2099-01-01 00:00:00.000000'";

/// Programs on the same data that use the same sandbox.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) programs: Vec<Dashop>,
    pub(crate) database: Database,
    pub(crate) browser: Browser,
}

/// An order of one piece that was just placed.
#[derive(Clone)]
pub(crate) struct Placed {
    pub(crate) id: String,
    pub(crate) user: i32,
    pub(crate) pay_url: String,
}

impl Shop {
    /// With one program, the buyers b904 and b905, and ten pieces of the SKU 901.
    pub(crate) async fn open(setup: Setup) -> Self {
        let mut shop = Self::of(1, setup).await;
        shop.database.add_buyers(904, 2).await;
        shop.database.add_sku(901, PRICE, 10).await;
        shop
    }

    /// Opens a shop with this many programs.
    pub(crate) async fn of(programs: usize, setup: Setup) -> Self {
        Self::paying_at(Sandbox::start().await, programs, setup).await
    }

    /// Opens a shop with this many programs, at this sandbox.
    pub(crate) async fn paying_at(sandbox: Sandbox, programs: usize, setup: Setup) -> Self {
        let first = setup.paying_at_sandbox(&sandbox);
        let others: Vec<Setup> = (1..programs).map(|_| first.beside()).collect();
        let mut programs = vec![first.start().await];
        for setup in others {
            programs.push(setup.start().await);
        }
        let database = programs[0].database().await;
        Self { sandbox, programs, database, browser: Browser::new() }
    }

    pub(crate) fn dashop(&self) -> &Dashop {
        &self.programs[0]
    }

    /// The buyer orders one piece. No job checks the order until it is made due.
    pub(crate) async fn place(&mut self, user: i32, sku_id: i32) -> Placed {
        let program = &self.programs[usize::try_from(user).unwrap() % self.programs.len()];
        let body = json!({"address_id": user, "settlement_type": 1, "sku_id": sku_id, "buy_num": 1});
        let created = program.buyer(&format!("b{user}")).create(body).await;
        assert_eq!(created["code"], 200, "{created}");
        assert_eq!(created["data"]["total_amount"], AMOUNT);
        let text = |name: &str| created["data"][name].as_str().unwrap().to_owned();
        let placed = Placed { id: text("order_id"), user, pay_url: text("pay_url") };
        let never = format!("UPDATE tb_order_info SET due_at = {NEVER} WHERE {}", it(&placed.id));
        self.database.execute(&never).await;
        placed
    }

    /// The buyer goes to the cashier and pays. Returns the trade.
    pub(crate) async fn pay(&self, order: &Placed) -> Value {
        self.sandbox.arrive(&order.pay_url).await;
        self.sandbox.pay(&order.id).await
    }

    /// An order that the shop knows to be paid.
    pub(crate) async fn paid(&mut self, user: i32, sku_id: i32) -> Placed {
        let order = self.place(user, sku_id).await;
        self.pay(&order).await;
        self.comes_to(&order.id, 2).await;
        order
    }

    /// The buyer cancels the order.
    pub(crate) async fn cancel(&self, order: &Placed) {
        let cancelled = self.dashop().buyer(&format!("b{}", order.user)).cancel(&order.id).await;
        assert_eq!(cancelled["code"], 200, "{cancelled}");
    }

    /// Makes the order due now.
    pub(crate) async fn make_due(&mut self, order_id: &str) {
        let now = sql(SystemClock.now());
        let due = format!("UPDATE tb_order_info SET due_at = '{now}' WHERE {}", it(order_id));
        self.database.execute(&due).await;
    }

    /// Moves the order's payment deadline into the past.
    pub(crate) async fn expire(&mut self, order_id: &str) {
        let a_minute_ago = sql(SystemClock.now().before(Duration::from_secs(60)));
        let expired = format!("UPDATE tb_order_info SET expire_at = '{a_minute_ago}' WHERE {}", it(order_id));
        self.database.execute(&expired).await;
        self.make_due(order_id).await;
    }

    /// Waits until the order is in this status.
    pub(crate) async fn comes_to(&mut self, order_id: &str, status: i64) {
        until(&format!("order {order_id} is {status}"), async || self.status(order_id).await == status).await;
    }

    /// Waits until the order is no longer due at any time.
    pub(crate) async fn is_let_be(&mut self, order_id: &str) {
        until(&format!("order {order_id} is let be"), async || self.due_at(order_id).await.is_none()).await;
    }

    pub(crate) async fn status(&mut self, order_id: &str) -> i64 {
        self.database.number(&format!("SELECT status AS n FROM tb_order_info WHERE {}", it(order_id))).await
    }

    /// When the order is due next, if ever.
    pub(crate) async fn due_at(&mut self, order_id: &str) -> Option<ShopTime> {
        let due = format!(
            "SELECT CONCAT('', due_at) AS n FROM tb_order_info WHERE {} AND due_at IS NOT NULL",
            it(order_id)
        );
        self.database.words(&due).await.first().map(|text| time(text))
    }

    /// Each change of the order's status, and its actor.
    pub(crate) async fn timeline(&mut self, order_id: &str) -> Vec<String> {
        self.database
            .words(&format!(
                "SELECT CONCAT(from_status, '>', to_status, ' ', actor) AS n FROM dashop_order_timeline WHERE {} \
                 ORDER BY id",
                it(order_id)
            ))
            .await
    }

    /// The recorded payments in order: status, source, amount and refunded amount.
    pub(crate) async fn payments(&mut self, order_id: &str) -> Vec<String> {
        self.database
            .words(&format!(
                "SELECT CONCAT(status, ' ', source, ' ', total_amount, ' ', refunded) AS n FROM dashop_payment \
                 WHERE out_trade_no = '{order_id}' ORDER BY id"
            ))
            .await
    }

    /// The recorded refunds in order: kind, status and amount.
    pub(crate) async fn refunds(&mut self, order_id: &str) -> Vec<String> {
        self.database
            .words(&format!(
                "SELECT CONCAT(kind, ' ', status, ' ', amount) AS n FROM dashop_refund \
                 WHERE out_trade_no = '{order_id}' ORDER BY id"
            ))
            .await
    }

    /// Pieces of a SKU in stock, and sold.
    pub(crate) async fn stock(&mut self, sku_id: i32) -> (i64, i64) {
        let (stock, sales, _) = self.database.pieces(sku_id).await;
        (stock, sales)
    }

    /// Delivers the body of a notification that was held back. Returns the answer.
    pub(crate) async fn deliver(&self, form: &str) -> String {
        self.deliver_to(self.dashop(), form).await
    }

    /// Delivers each notification that was held back to every program, all at the same moment. Returns the answers.
    pub(crate) async fn deliver_everywhere(&self, held: &[(String, String)]) -> Vec<String> {
        let everywhere = held
            .iter()
            .flat_map(|(_, form)| self.programs.iter().map(move |program| self.deliver_to(program, form)));
        join_all(everywhere).await
    }

    async fn deliver_to(&self, program: &Dashop, form: &str) -> String {
        let reply = self.browser.post_form(&program.url("/v1/orders/success/"), form).await;
        assert_eq!(reply.status, 200);
        reply.text
    }

    /// Waits until Alipay has refunded a trade in full.
    pub(crate) async fn is_wholly_refunded_at_alipay(&self, order_id: &str, trade_no: &Value) {
        until(&format!("trade {trade_no} of {order_id} is refunded"), async || {
            let trades = self.sandbox.trades(order_id).await;
            let record = trades.iter().find(|record| record["trade_no"] == *trade_no).unwrap();
            record["refunded"] == record["total_amount"]
        })
        .await;
    }
}

/// The SQL condition that selects the order.
pub(crate) fn it(order_id: &str) -> String {
    format!("order_id = '{order_id}'")
}

/// A moment in a format that both engines read.
pub(crate) fn sql(time: ShopTime) -> String {
    format!("{time}.000000")
}

/// Parses a moment from the database, to the second.
pub(crate) fn time(text: &str) -> ShopTime {
    ShopTime::parse(&text[..19]).unwrap_or_else(|| panic!("not a moment: {text}"))
}

/// The result of a command.
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Runs a command on the shop's data.
    pub(crate) fn by(setup: &Setup, arguments: &[&str]) -> Self {
        let output = setup.run(arguments);
        Self {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
