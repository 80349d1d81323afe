//! What happens in a sequence.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use alipay_protocol::Method;
use alipay_sandbox::{Fault, FaultKind, FaultMoment, HeldNotification};
use application::{BatchRequest, DueRefunds, Job, OrderItems, OrderTimers};
use domain::{
    Address, AddressId, CartLineChange, Cause, Money, OrderId, OrderLedger, PaymentStatus, RefundAsk,
    Restock, Shipment, ShopTime, SkuId,
};
use futures_util::future::join_all;
use ports::Clock;
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};

use crate::{
    accounts,
    world::{BUYER, Process, World},
};

/// The most orders of one sequence.
const ORDERS: usize = 4;

pub(crate) struct Sequence<'a> {
    pub(crate) world: &'a World,
    pub(crate) orders: Vec<OrderId>,
    /// The SKUs of this sequence, with the stock they began with.
    pub(crate) skus: BTreeMap<SkuId, i64>,
    address: Address,
    /// Another address of the buyer.
    elsewhere: Address,
    /// Notifications that have not arrived yet.
    pub(crate) held: Vec<HeldNotification>,
    /// Every URL that the buyer was given to pay an order.
    pub(crate) urls: Vec<(OrderId, String)>,
    pub(crate) random: SmallRng,
    seed: u64,
    story: Vec<String>,
}

/// What a process of the shop is asked to do.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Place(Vec<(SkuId, u32)>),
    Cancel(OrderId, By),
    /// By this many fen.
    Lower(OrderId, u64),
    Redirect(OrderId, By),
    GiveBack(OrderId, Vec<Restock>),
    Deliver(Form),
    Return(String),
    Ship(OrderId),
    Confirm(OrderId),
    Refund(OrderId, RefundAsk),
    Watch,
    Refunds,
}

/// The body of a notification.
#[derive(Clone)]
pub(crate) struct Form(pub(crate) Vec<u8>);

/// What distinguishes it from other notifications.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in url::form_urlencoded::parse(&self.0) {
            if ["trade_no", "trade_status", "refund_fee", "out_biz_no"].contains(&&*name) {
                write!(f, "{name}={value} ")?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Buyer,
    Shop,
}

impl<'a> Sequence<'a> {
    pub(crate) async fn begin(world: &'a World, seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut skus = BTreeMap::new();
        let mut database = world.database.lock().await;
        for number in 0..3 {
            let id = i32::try_from(10_000 + seed * 3 + number).unwrap();
            let stock = random.random_range(0..8);
            let price = format!("{}.{:02}", random.random_range(1..300), random.random_range(0..100));
            database.add_sku(id, &price, stock).await;
            skus.insert(SkuId(id), stock.into());
        }
        drop(database);
        let entries = world.store.entries(BUYER).await.unwrap().0.into_iter();
        let addresses: Vec<_> = entries.map(|entry| entry.address).collect();
        let [address, elsewhere] = addresses.try_into().unwrap();
        let (held, urls, orders, story) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { world, orders, skus, address, elsewhere, held, urls, random, seed, story }
    }

    /// Fails with the problem and the events that led to it.
    pub(crate) fn fail(&self, what: &str) -> ! {
        panic!("seed {}: {what}\n{}", self.seed, self.story.join("\n"));
    }

    pub(crate) fn tell(&mut self, what: String) {
        self.story.push(format!("{} {what}", self.world.clock.now()));
    }

    pub(crate) fn one_in(&mut self, times: u32) -> bool {
        self.random.random_range(0..times) == 0
    }

    pub(crate) fn order(&mut self) -> Option<OrderId> {
        self.orders.choose(&mut self.random).cloned()
    }

    pub(crate) async fn happen(&mut self) {
        for _ in 0..self.random.random_range(8..30) {
            self.held.extend(self.world.sandbox.take_held());
            match self.random.random_range(0..20) {
                0..3 if self.orders.len() < ORDERS => {
                    let lines = self.lines();
                    self.fill_cart(&lines).await;
                    self.work(vec![Work::Place(lines)]).await;
                }
                0..7 => self.pay().await,
                7 => self.pay_again(),
                8 => self.refund_at_console(),
                9 => self.let_time_pass(),
                10 => self.something_goes_wrong(),
                11 => self.lose_a_notification(),
                12 => self.refund_overtakes_payment().await,
                _ => {
                    let at_once = if self.one_in(3) { 3 } else { 1 };
                    let works = (0..at_once).filter_map(|_| self.some_work()).collect();
                    self.work(works).await;
                }
            }
        }
    }

    /// Ends the sequence: no new events, pending notifications arrive, and the jobs do what is due.
    pub(crate) async fn settle_down(&mut self) {
        self.world.sandbox.clear_faults();
        self.tell("nothing new from here on".to_owned());
        // Past the payment deadline, the last check after it, and the longest wait between two attempts at a refund.
        for minutes in [1, 15, 20, 10, 60, 60, 60, 360, 360, 14 * 24 * 60, 60] {
            self.held.extend(self.world.sandbox.take_held());
            for notification in std::mem::take(&mut self.held) {
                let delivered = self.work_surely(Work::Deliver(Form(notification.form.clone()))).await;
                if !delivered {
                    self.held.push(notification);
                }
            }
            self.world.clock.pass(Duration::from_secs(minutes * 60));
            for _ in 0..3 {
                self.work_surely(Work::Watch).await;
                self.work_surely(Work::Refunds).await;
            }
        }
        self.reconcile().await;
        self.refund_wrong_amounts().await;
    }

    /// Staff refund payments that pay no order: those of an old amount.
    async fn refund_wrong_amounts(&mut self) {
        for order in self.orders.clone() {
            let ledger = self.ledger(order.as_str()).await;
            let wrong = ledger.payments.iter().filter(|payment| payment.status == PaymentStatus::WrongAmount);
            for payment in wrong.filter(|payment| !ledger.refundable(payment.trade.key()).is_zero()) {
                let ask = RefundAsk {
                    trade_no: Some(payment.trade.trade_no.clone()),
                    amount: None,
                    reason: "金额不符".to_owned(),
                    restock: None,
                    out_request_no: format!("w-{}", payment.trade.trade_no),
                    expected_left: None,
                };
                self.work_surely(Work::Refund(order.clone(), ask)).await;
            }
        }
        for notification in self.world.sandbox.take_held() {
            self.work_surely(Work::Deliver(Form(notification.form))).await;
        }
    }

    /// Reconciles the bills of all days: they contain what no notification and no query reported.
    async fn reconcile(&mut self) {
        let booked = self.orders.iter().flat_map(|order| self.world.trades_of(order));
        let times = booked.flat_map(|book| {
            let refunds: Vec<_> = book.refunds.iter().map(|refund| refund.at).collect();
            book.paid_at.into_iter().chain(refunds)
        });
        let days: BTreeSet<_> = times.map(ShopTime::date).collect();
        self.world.clock.pass(Duration::from_secs(24 * 3600));
        for day in days {
            let process = &self.world.processes[0];
            let mut found = process.orders.reconcile(domain::Channel::Alipay, day, true).await;
            // The sandbox may be out of breath for longer than the program waits for the bill.
            for _ in 0..3 {
                if found.is_err() {
                    found = process.orders.reconcile(domain::Channel::Alipay, day, true).await;
                }
            }
            let found = found.unwrap_or_else(|error| self.fail(&format!("{day}: {error}")));
            self.tell(format!("{day} reconciled: {found:?}"));
        }
        for _ in 0..3 {
            self.work_surely(Work::Refunds).await;
        }
        for notification in self.world.sandbox.take_held() {
            self.work_surely(Work::Deliver(Form(notification.form))).await;
        }
    }

    fn lines(&mut self) -> Vec<(SkuId, u32)> {
        let mut skus: Vec<SkuId> = self.skus.keys().copied().collect();
        skus.retain(|_| self.random.random_range(0..2) == 0);
        if skus.is_empty() {
            skus.extend(self.skus.keys().next());
        }
        skus.into_iter().map(|sku| (sku, self.random.random_range(1..4))).collect()
    }

    fn some_work(&mut self) -> Option<Work> {
        let kind = self.random.random_range(0..20);
        if (0..4).contains(&kind) && !self.held.is_empty() {
            let index = self.random.random_range(0..self.held.len());
            // A delivered notification may arrive again.
            let form = match self.one_in(3) {
                true => self.held[index].form.clone(),
                false => self.held.swap_remove(index).form,
            };
            return Some(Work::Deliver(Form(form)));
        }
        let order = self.order()?;
        Some(match kind {
            0..4 => Work::Watch,
            4 => Work::Cancel(order, By::Buyer),
            5 => Work::Cancel(order, By::Shop),
            6 => Work::Ship(order),
            7 => Work::GiveBack(order, self.some_pieces()),
            8 => Work::Confirm(order),
            9..12 => {
                let ask = self.refund_ask();
                Work::Refund(order, ask)
            }
            12 => {
                let attempt = self.an_attempt(&order);
                match self.world.sandbox.way_back(&attempt) {
                    Ok(Some(url)) => Work::Return(url),
                    Ok(None) | Err(_) => Work::Watch,
                }
            }
            13 => Work::Refunds,
            14..17 => Work::Lower(order, self.random.random_range(1..3_000)),
            17 => Work::Redirect(order, By::Buyer),
            18 => Work::Redirect(order, By::Shop),
            _ => Work::Watch,
        })
    }

    fn refund_ask(&mut self) -> RefundAsk {
        let amount = (!self.one_in(3)).then(|| Money::from_fen(self.random.random_range(1..20_000)).unwrap());
        let restock = self.some_pieces();
        let restock = Some(restock).filter(|_| self.one_in(2));
        RefundAsk {
            trade_no: None,
            amount,
            reason: "不合适".to_owned(),
            restock,
            // Sometimes the same number again.
            out_request_no: format!("s{}-{}", self.seed, self.random.random_range(0..12)),
            expected_left: None,
        }
    }

    fn some_pieces(&mut self) -> Vec<Restock> {
        let skus: Vec<SkuId> = self.skus.keys().copied().collect();
        let some = skus.into_iter().filter(|_| self.random.random_range(0..4) == 0);
        some.map(|sku_id| Restock { sku_id, pieces: 1 }).collect()
    }

    fn let_time_pass(&mut self) {
        let spans = [1, 30, 130, 600, 1_900, 7_200, 11 * 24 * 3600];
        let seconds = *spans.choose(&mut self.random).unwrap();
        self.world.clock.pass(Duration::from_secs(seconds));
        self.tell(format!("{seconds} s passed"));
    }

    fn something_goes_wrong(&mut self) {
        let methods =
            [Method::TradeQuery, Method::TradeClose, Method::TradeRefund, Method::TradeFastpayRefundQuery];
        let kinds = [FaultKind::Unavailable, FaultKind::SystemError, FaultKind::Dropped, FaultKind::NoAnswer];
        let method = *methods.choose(&mut self.random).unwrap();
        let kind = *kinds.choose(&mut self.random).unwrap();
        let moment = if self.one_in(2) { FaultMoment::BeforeWork } else { FaultMoment::AfterWork };
        // One failure is overcome by a retry; as many failures as attempts are not.
        let times = if kind == FaultKind::NoAnswer || self.one_in(2) { 1 } else { 3 };
        for _ in 0..times {
            self.world.sandbox.add_fault(method, Fault { kind, moment }).unwrap();
        }
        self.tell(format!("{method} will fail {times} times: {kind:?} {moment:?}"));
    }

    fn lose_a_notification(&mut self) {
        if !self.held.is_empty() {
            let lost = self.held.swap_remove(self.random.random_range(0..self.held.len()));
            self.tell(format!("a notification is lost: {:?}", Form(lost.form)));
        }
    }

    /// Several processes work at the same time; sometimes one is killed in the middle of its work.
    pub(crate) async fn work(&mut self, works: Vec<Work>) {
        let killed: Vec<Option<u32>> =
            works.iter().map(|_| self.one_in(6).then(|| self.random.random_range(1..25))).collect();
        self.tell(format!("at once {works:?}, killed after {killed:?}"));
        let processes = self.world.processes.iter().cycle();
        let doing = works.iter().zip(processes).zip(&killed).map(|((work, process), killed)| {
            polled_at_most(killed.unwrap_or(u32::MAX), self.perform(process, work))
        });
        let outcomes: Vec<Option<String>> = join_all(doing).await;
        for (work, outcome) in works.into_iter().zip(outcomes) {
            let is_acknowledged = outcome.as_ref().is_some_and(|told| told.starts_with("Ok"));
            self.tell(outcome.unwrap_or_else(|| "killed".to_owned()));
            match work {
                Work::Deliver(form) if is_acknowledged => accounts::must_be_on_record(self, &form.0).await,
                // Alipay resends what was not acknowledged.
                Work::Deliver(form) => {
                    self.held.push(HeldNotification { out_trade_no: String::new(), form: form.0 });
                }
                Work::Place(_)
                | Work::Cancel(..)
                | Work::Lower(..)
                | Work::Redirect(..)
                | Work::Return(_)
                | Work::Ship(_)
                | Work::GiveBack(..)
                | Work::Confirm(_)
                | Work::Refund(..)
                | Work::Watch
                | Work::Refunds => {}
            }
        }
        self.find_orders().await;
    }

    async fn work_surely(&mut self, work: Work) -> bool {
        let index = self.random.random_range(0..self.world.processes.len());
        let outcome = self.perform(&self.world.processes[index], &work).await;
        self.tell(format!("{work:?}: {outcome}"));
        let is_done = outcome.starts_with("Ok");
        if let Work::Deliver(form) = &work
            && is_done
        {
            accounts::must_be_on_record(self, &form.0).await;
        }
        is_done
    }

    /// Finds orders of processes that were killed before they could answer.
    async fn find_orders(&mut self) {
        let skus: Vec<String> = self.skus.keys().map(ToString::to_string).collect();
        let placed = format!(
            "SELECT DISTINCT order_id AS n FROM tb_order_goods WHERE sku_id IN ({}) ORDER BY order_id",
            skus.join(",")
        );
        let numbers = self.world.database.lock().await.words(&placed).await;
        self.orders = numbers.iter().map(|number| OrderId::parse(number).unwrap()).collect();
    }

    async fn perform(&self, process: &Process, work: &Work) -> String {
        let cause = || Cause::shop("模型".to_owned(), None);
        match work {
            Work::Place(lines) => {
                assert!(!lines.is_empty(), "nothing in the cart");
                let outcome = process.placement.place(&[self.order_of_the_cart()]).await.remove(0);
                format!("{:?}", outcome.map(|placed| placed.order.id))
            }
            Work::Cancel(order, By::Buyer) => {
                let buyer = &self.world.buyer;
                format!("{:?}", process.orders.cancel_by_buyer(buyer, order, None, &Cause::buyer(None)).await)
            }
            Work::Cancel(order, By::Shop) => {
                format!("{:?}", process.orders.cancel(order, None, "缺货", &cause()).await)
            }
            Work::Lower(order, fen) => {
                let present = self.ledger(order.as_str()).await.order.map(|order| order.total_amount);
                let present = present.unwrap_or(Money::ZERO);
                let less = Money::from_fen(i64::try_from(*fen).unwrap()).unwrap();
                let amount = present.checked_sub(less).unwrap_or(Money::ZERO);
                format!("{:?}", process.orders.lower_amount(order, present, amount, "优惠", &cause()).await)
            }
            Work::Redirect(order, By::Buyer) => {
                let (buyer, cause) = (&self.world.buyer, Cause::buyer(None));
                format!(
                    "{:?}",
                    process.orders.change_address_by_buyer(buyer, order, self.elsewhere.id, &cause).await
                )
            }
            Work::Redirect(order, By::Shop) => {
                let shipping = self.address.shipping.clone();
                format!(
                    "{:?}",
                    process.orders.change_address_by_shop(order, None, shipping, "搬家", &cause()).await
                )
            }
            Work::Deliver(Form(form)) => {
                format!("{:?}", process.orders.settle_notification(domain::Channel::Alipay, form, None).await)
            }
            Work::Return(url) => {
                let query = url.split_once('?').map_or("", |(_, query)| query);
                format!("{:?}", process.orders.payment_result(domain::Channel::Alipay, query, None).await)
            }
            Work::Ship(order) => {
                let parcel = Shipment::new("顺丰速运", "SF1", self.world.clock.now()).unwrap();
                format!("{:?}", process.orders.ship(order, &parcel, &cause()).await)
            }
            Work::GiveBack(order, pieces) => {
                let (number, pieces) = (format!("g{}", self.seed), pieces.clone());
                format!("{:?}", process.orders.return_pieces(order, pieces, number, None, &cause()).await)
            }
            Work::Confirm(order) => {
                let buyer = &self.world.buyer;
                format!("{:?}", process.orders.confirm_receipt(buyer, order, &Cause::buyer(None)).await)
            }
            Work::Refund(order, ask) => {
                format!("{:?}", process.orders.refund(order.as_str(), ask, &cause()).await)
            }
            Work::Watch => format!("{:?}", OrderTimers(Arc::clone(&process.orders)).pass().await),
            Work::Refunds => format!("{:?}", DueRefunds(Arc::clone(&process.orders)).pass().await),
        }
    }

    /// Replaces the lines of the cart.
    async fn fill_cart(&self, lines: &[(SkuId, u32)]) {
        let store = &self.world.store;
        let left: Vec<SkuId> =
            store.load(BUYER).await.unwrap().lines.into_iter().map(|line| line.sku_id).collect();
        store.discard(BUYER, &left).await.unwrap();
        let change = |(sku_id, pieces): &(SkuId, u32)| CartLineChange {
            sku_id: *sku_id,
            was: None,
            count: (*pieces).into(),
            selected: true,
        };
        assert!(store.write(BUYER, &lines.iter().map(change).collect::<Vec<_>>()).await.unwrap());
    }

    fn order_of_the_cart(&self) -> BatchRequest {
        BatchRequest {
            caller: self.world.buyer.clone(),
            address_id: AddressId(self.address.id.0),
            items: OrderItems::Cart,
            expected_amount: None,
            idempotency: None,
            is_guarded: false,
            trace: None,
        }
    }

    /// The stored ledger of an order number.
    pub(crate) async fn ledger(&self, number: &str) -> OrderLedger {
        self.world.store.lock(number).await.unwrap().ledger().clone()
    }
}

/// Polls a future this many times, then drops it: its work stops there, as in a killed process.
async fn polled_at_most<T>(times: u32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = times;
    poll_fn(move |context: &mut Context<'_>| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
