//! The stored records of one order.

use std::{
    hash::{Hash, Hasher},
    ops::Deref,
    ptr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use domain::{
    AttemptState, Money, Order, OrderGoods, OrderId, OrderLedger, OrderStatus, PaymentAttempt, Quantity,
    RefundStatus, Restock, ShippingAddress, ShopTime, SkuId, StockMove, StockMoveKind, TradeStatus, UserId,
    ledger::Event,
};

use crate::{
    Cmd,
    alipay::{TOTAL, yuan},
    rules::Broken,
};

/// The buyer of the orders.
pub(crate) const BUYER: UserId = UserId(4);

/// How many pieces of each SKU are in stock; `None` once the SKU is deleted.
pub(crate) type Stock = [Option<u8>; 2];

/// The stored records of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The ledger. Its stock is that of the shop, see `World::stock`.
    pub ledger: OrderLedger,
    /// Whether a timer is set for the order.
    pub has_timer: bool,
    /// Every status that the order had, in order.
    pub timeline: Vec<OrderStatus>,
    /// Whether staff named the pieces that go back with some refund.
    pub pieces_are_decided: bool,
}

/// A record that is stored once, however many states of the world contain it.
#[derive(Debug, Clone)]
pub struct Known(Arc<(Record, Broken)>);

#[derive(PartialEq, Eq)]
pub(crate) struct Key(pub(crate) Record);

impl Record {
    /// An order that was placed now.
    pub fn placed(number: &str, bought: &[(SkuId, u8)]) -> Self {
        let line = |(sku_id, pieces): &(SkuId, u8)| OrderGoods {
            sku_id: *sku_id,
            name: String::new(),
            default_image_url: String::new(),
            price: Money::ZERO,
            quantity: Quantity::stored(i32::from(*pieces)).unwrap_or(Quantity::ONE),
            attributes: Vec::new(),
        };
        let order = OrderId::parse(number).ok().map(|id| Order {
            id,
            user_id: BUYER,
            status: OrderStatus::AwaitingPayment,
            total_count: bought.iter().map(|(_, pieces)| u32::from(*pieces)).sum(),
            total_amount: yuan(TOTAL),
            freight: Money::ZERO,
            discount: Money::ZERO,
            amendments: 0,
            shipping: ShippingAddress {
                title: String::new(),
                receiver: String::new(),
                mobile: String::new(),
                address: String::new(),
            },
            created_at: day(0),
            expire_at: Some(day(0).after(Duration::from_secs(1800))),
            shipment: None,
            refunded_amount: Money::ZERO,
            goods: bought.iter().map(line).collect(),
        });
        Self {
            ledger: OrderLedger { order, ..OrderLedger::empty(number) },
            has_timer: true,
            timeline: vec![OrderStatus::AwaitingPayment],
            pieces_are_decided: false,
        }
    }

    /// The order's status.
    pub fn status(&self) -> Option<OrderStatus> {
        self.ledger.order.as_ref().map(|order| order.status)
    }

    /// The time of the next command: it is later once the order was shipped.
    pub(crate) fn now(&self, cmd: Cmd) -> ShopTime {
        let is_shipped = self.ledger.order.as_ref().is_some_and(|order| order.shipment.is_some());
        match (is_shipped, cmd) {
            (true, _) => day(2),
            (false, Cmd::Ship) => day(1),
            (false, _) => day(0),
        }
    }

    /// Writes an event without any guard.
    pub(crate) fn write(&mut self, event: &Event) {
        let Self { ledger, has_timer, timeline, pieces_are_decided: _ } = self;
        let Some(order) = &mut ledger.order else { return };
        match event {
            Event::StatusChanged(change) => {
                order.status = change.to;
                timeline.push(change.to);
                *has_timer = change.due_at.is_some();
            }
            Event::Shipped(shipment) => order.shipment = Some(shipment.clone()),
            Event::AmountLowered { after, discount, .. } => {
                (order.total_amount, order.discount) = (*after, *discount);
                order.amendments += 1;
            }
            Event::AddressChanged { after, .. } => {
                order.shipping.clone_from(after);
                order.amendments += 1;
            }
            Event::AttemptOpened(attempt) => ledger.attempts.push(attempt.clone()),
            Event::AttemptClosed { out_trade_no, is_final, at } => {
                let state = if *is_final { AttemptState::Closed } else { AttemptState::GivenUp };
                set_attempt(ledger, out_trade_no, |known| {
                    (known.state, known.closed_at) = (state, Some(*at))
                });
            }
            Event::AttemptPaid { out_trade_no, at } => {
                let paid = (AttemptState::Paid, Some(*at));
                set_attempt(ledger, out_trade_no, |known| (known.state, known.paid_at) = paid);
            }
            Event::PaymentRecorded(payment) => ledger.payments.push(payment.clone()),
            Event::TradeClosed { trade_no, channel: _ } => {
                for payment in ledger.payments.iter_mut().filter(|paid| paid.trade.trade_no == *trade_no) {
                    payment.trade.status = TradeStatus::Closed;
                }
            }
            Event::RefundRequested { refund, .. } => ledger.refunds.push(refund.clone()),
            Event::RefundReopened { refund, .. } => {
                set_refund(ledger, &refund.out_request_no, |known| known.clone_from(refund));
            }
            Event::RefundSucceeded { refund, before, trade_refunded, order_refunded } => {
                match before {
                    None => ledger.refunds.push(refund.clone()),
                    Some(_) => set_refund(ledger, &refund.out_request_no, |known| known.clone_from(refund)),
                }
                let of_trade = |paid: &&mut domain::PaymentRecord| paid.trade.trade_no == refund.trade_no;
                for payment in ledger.payments.iter_mut().filter(of_trade) {
                    payment.trade.refunded = *trade_refunded;
                }
                if let (Some(sum), Some(order)) = (order_refunded, &mut ledger.order) {
                    order.refunded_amount = *sum;
                }
            }
            Event::RefundFailed { out_request_no, failure, at } => {
                set_refund(ledger, out_request_no, |known| {
                    known.status = RefundStatus::Failed;
                    known.failure = Some(failure.clone());
                    known.finished_at = Some(*at);
                });
            }
            Event::RefundPostponed { out_request_no, failure, .. } => {
                set_refund(ledger, out_request_no, |known| known.failure.clone_from(failure));
            }
            Event::StockReturned { reason, pieces, at } => move_pieces(ledger, reason, pieces, *at),
            Event::StockRetaken { pieces, at } => move_pieces(ledger, &StockMoveKind::Revived, pieces, *at),
            Event::TimerSet { due_at, .. } => *has_timer = due_at.is_some(),
        }
    }

    /// Removes what no decision reads: the times of recording, and the reasons of open refunds.
    pub(crate) fn forget_times(&mut self) {
        let ledger = &mut self.ledger;
        ledger.in_stock.clear();
        ledger.payments.iter_mut().for_each(|payment| payment.recorded_at = day(0));
        ledger.movements.iter_mut().for_each(|moved| moved.at = day(0));
        for attempt in &mut ledger.attempts {
            attempt.opened_at = day(0);
            (attempt.closed_at, attempt.paid_at) = (None, None);
        }
        for refund in &mut ledger.refunds {
            refund.finished_at = None;
            refund.failure = None;
        }
    }
}

fn set_attempt(ledger: &mut OrderLedger, number: &str, set: impl Fn(&mut PaymentAttempt)) {
    ledger.attempts.iter_mut().filter(|known| known.out_trade_no == number).for_each(set);
}

fn set_refund(ledger: &mut OrderLedger, number: &str, set: impl Fn(&mut domain::Refund)) {
    ledger.refunds.iter_mut().filter(|known| known.out_request_no == number).for_each(set);
}

fn move_pieces(ledger: &mut OrderLedger, kind: &StockMoveKind, pieces: &[Restock], at: ShopTime) {
    for Restock { sku_id, pieces } in pieces {
        if let Some(in_stock) = ledger.in_stock.get_mut(sku_id) {
            // An underflow becomes more than any stock.
            let moved =
                if kind.is_return() { in_stock.checked_add(*pieces) } else { in_stock.checked_sub(*pieces) };
            *in_stock = moved.unwrap_or(u32::MAX);
        }
        ledger.movements.push(StockMove { sku_id: *sku_id, pieces: *pieces, kind: kind.clone(), at });
    }
}

/// The shipment is on day 1.
fn day(day: u64) -> ShopTime {
    static FIRST: LazyLock<Option<ShopTime>> = LazyLock::new(|| ShopTime::parse("2026-11-28 12:00:00"));
    let first = FIRST.unwrap_or_else(|| unreachable!("it is a time"));
    first.after(Duration::from_secs(day * 24 * 3600))
}

impl Known {
    /// A record and the rules that it breaks.
    pub(crate) fn new(record: Record, broken: Broken) -> Self {
        Self(Arc::new((record, broken)))
    }

    /// The rules that the record breaks.
    pub(crate) fn broken(&self) -> Broken {
        self.0.1
    }
}

impl Deref for Known {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.0.0
    }
}

/// Equal records are kept once.
impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Known {}

impl Hash for Known {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ptr::hash(Arc::as_ptr(&self.0), state);
    }
}

/// A part of what distinguishes records; equality compares the rest.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Record { ledger, has_timer, timeline, pieces_are_decided } = &self.0;
        (&ledger.number, has_timer, timeline, pieces_are_decided).hash(state);
        ledger.order.as_ref().map(|order| order.total_amount).hash(state);
        for attempt in &ledger.attempts {
            (&attempt.out_trade_no, attempt.state.as_str()).hash(state);
        }
        for payment in &ledger.payments {
            (&payment.trade.trade_no, payment.trade.total_amount, payment.trade.refunded).hash(state);
            (payment.status.as_str(), payment.trade.status.as_str()).hash(state);
        }
        for refund in &ledger.refunds {
            (&refund.out_request_no, &refund.trade_no, refund.amount, refund.requested_at).hash(state);
            (refund.status.as_str(), refund.kind.as_str()).hash(state);
            refund.restock.iter().for_each(|back| (back.sku_id, back.pieces).hash(state));
        }
        for moved in &ledger.movements {
            (moved.sku_id, moved.pieces, moved.kind.to_word()).hash(state);
        }
    }
}
