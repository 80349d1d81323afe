//! Rules for every state.
//!
//! This module computes its own sums; it uses none of the ledger's functions.

use domain::{
    AttemptState, Money, OrderLedger, OrderStatus, PaymentAttempt, PaymentRecord, PaymentStatus,
    RefundStatus, SkuId, StockMoveKind, Trade, TradeStatus, ledger::Event,
};

use crate::{
    Record,
    alipay::{TOTAL, yuan},
};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// `decide` returns no event that `apply` rejects, and finds no contradiction in the records.
    EventsApply,
    /// A ledger that is rebuilt from the content of the events equals the one that they were applied to.
    EventsTellAll,
    /// A repeated command changes nothing.
    RepeatsChangeNothing,
    /// Every status follows from the previous one by the contract's table.
    TimelineExplains,
    /// An order with a recorded payment is neither unpaid nor cancelled.
    PaidIsNotCancelled,
    /// At most one payment pays the order.
    PaidOnce,
    /// The payment of the order equals its amount, and that is the original amount less the discount.
    PaidExactly,
    /// An unpaid order has no open attempt with another amount than its own.
    AskedForTheAmount,
    /// A payment that came too late or twice is refunded in full.
    NothingKept,
    /// The refunded sums equal those of the successful refunds.
    SumsAgree,
    /// No refund is requested beyond what is left of its payment, and no more is refunded than was paid.
    NothingBeyondPayment,
    /// Nothing is shipped if its whole payment or all its pieces went back or are going back.
    NothingShippedThatWentBack,
    /// No more pieces come back than the order holds.
    PiecesAreOut,
    /// Unshipped pieces are in stock again after a full refund, unless staff decided otherwise or one of their refunds
    /// was refused.
    UnshippedIsInStock,
    /// The stock and the pieces of the orders always have the same total.
    StockIsConstant,
    /// The ledger has no payment and no refund that Alipay does not have.
    AlipayAgrees,
    /// An order that waits for a payment, for its end or for its receipt has a timer.
    WaitingIsWatched,
    /// Without further faults, the order reaches an end, and everything that happened is recorded.
    EndIsReached,
}

/// The broken rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Broken(u32);

impl Broken {
    pub(crate) fn by(rule: Rule) -> Self {
        let mut broken = Self::default();
        broken.add(rule);
        broken
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u32;
    }

    pub(crate) fn add_all(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }

    pub(crate) fn is_any(self) -> bool {
        self.0 != 0
    }
}

/// The rules that a record breaks.
pub(crate) fn broken_by(record: &Record) -> Broken {
    let ledger = &record.ledger;
    let mut broken = Broken::default();
    let mut must = |is_so: bool, rule| {
        if !is_so {
            broken.add(rule);
        }
    };
    must(is_explained(record), Rule::TimelineExplains);
    let settled: Vec<_> =
        ledger.payments.iter().filter(|paid| paid.status == PaymentStatus::Settled).collect();
    must(settled.len() <= 1, Rule::PaidOnce);
    let unpaid = [OrderStatus::AwaitingPayment, OrderStatus::Cancelled];
    let is_unpaid = record.status().is_some_and(|status| unpaid.contains(&status));
    must(settled.is_empty() || !is_unpaid, Rule::PaidIsNotCancelled);
    must(is_unpaid || !settled.is_empty(), Rule::TimelineExplains);
    if let Some(order) = &ledger.order {
        let placed_for = order.total_amount.checked_add(order.discount);
        must(placed_for == Some(yuan(TOTAL)), Rule::PaidExactly);
        must(settled.iter().all(|paid| paid.trade.total_amount == order.total_amount), Rule::PaidExactly);
        let is_stale =
            |one: &PaymentAttempt| one.state == AttemptState::Open && one.amount != order.total_amount;
        must(!is_unpaid || !ledger.attempts.iter().any(is_stale), Rule::AskedForTheAmount);
    }
    for paid in &ledger.payments {
        let trade = &paid.trade;
        let back = sum(ledger, &trade.trade_no, &[RefundStatus::Succeeded]);
        let on_its_way = sum(ledger, &trade.trade_no, &[RefundStatus::Succeeded, RefundStatus::Requested]);
        must(back <= trade.total_amount, Rule::NothingBeyondPayment);
        must(back == trade.refunded, Rule::SumsAgree);
        if [PaymentStatus::Duplicate, PaymentStatus::Late].contains(&paid.status) {
            // Alipay's status of a closed trade means that all of it was refunded.
            let goes_back = on_its_way == trade.total_amount || trade.status == TradeStatus::Closed;
            must(goes_back, Rule::NothingKept);
        }
    }
    let of_order = settled.first().map_or(Money::ZERO, |paid| paid.trade.refunded);
    must(ledger.order.as_ref().is_none_or(|order| order.refunded_amount == of_order), Rule::SumsAgree);
    let is_whole = settled.first().is_some_and(|paid| paid.trade.refunded == paid.trade.total_amount);
    must(is_whole == (record.status() == Some(OrderStatus::Refunded)), Rule::SumsAgree);
    for (sku_id, bought) in bought(ledger) {
        must((0..=bought).contains(&held(ledger, sku_id)), Rule::PiecesAreOut);
    }
    broken
}

/// The rules that an event breaks if it is applied to this ledger.
pub(crate) fn broken_by_event(ledger: &OrderLedger, event: &Event) -> Broken {
    let both = [RefundStatus::Succeeded, RefundStatus::Requested];
    match event {
        Event::RefundRequested { refund, .. } | Event::RefundReopened { refund, .. } => {
            let before = sum(ledger, &refund.trade_no, &both);
            let paid = ledger.payments.iter().find(|paid| paid.trade.trade_no == refund.trade_no);
            let fits = before.checked_add(refund.amount).is_some_and(|after| {
                paid.is_some_and(|paid| after <= paid.trade.total_amount) && !refund.amount.is_zero()
            });
            if fits { Broken::default() } else { Broken::by(Rule::NothingBeyondPayment) }
        }
        Event::StatusChanged(change) if change.to == OrderStatus::AwaitingReceipt => {
            let is_left = bought(ledger).into_iter().any(|(sku_id, _)| {
                let open = ledger.refunds.iter().filter(|refund| refund.status == RefundStatus::Requested);
                let wishes = open.flat_map(|refund| &refund.restock).filter(|back| back.sku_id == sku_id);
                held(ledger, sku_id) > wishes.map(|back| i64::from(back.pieces)).sum()
            });
            if is_left && !leaves_nothing(ledger) {
                Broken::default()
            } else {
                Broken::by(Rule::NothingShippedThatWentBack)
            }
        }
        Event::StatusChanged(_)
        | Event::Shipped(_)
        | Event::AmountLowered { .. }
        | Event::AddressChanged { .. }
        | Event::AttemptOpened(_)
        | Event::AttemptClosed { .. }
        | Event::AttemptPaid { .. }
        | Event::PaymentRecorded(_)
        | Event::TradeClosed { .. }
        | Event::RefundSucceeded { .. }
        | Event::RefundFailed { .. }
        | Event::RefundPostponed { .. }
        | Event::StockReturned { .. }
        | Event::StockRetaken { .. }
        | Event::TimerSet { .. } => Broken::default(),
    }
}

/// Whether the ledger counts a part of a payment as not refunded, although its channel reports a full refund.
pub(crate) fn is_left(ledger: &OrderLedger, trade: &Trade) -> bool {
    let is_left = |paid: &PaymentRecord| {
        paid.trade.status != TradeStatus::Closed
            && sum(ledger, &paid.trade.trade_no, &[RefundStatus::Succeeded]) < paid.trade.total_amount
    };
    trade.is_wholly_refunded() && ledger.payment(trade.key()).is_some_and(is_left)
}

/// Whether nothing of the order's payment is left, or nothing will be after the open refunds.
pub(crate) fn leaves_nothing(ledger: &OrderLedger) -> bool {
    let both = [RefundStatus::Succeeded, RefundStatus::Requested];
    ledger.payments.iter().filter(|paid| paid.status == PaymentStatus::Settled).any(|paid| {
        paid.trade.status == TradeStatus::Closed
            || sum(ledger, &paid.trade.trade_no, &both) >= paid.trade.total_amount
    })
}

/// The pieces of each SKU with which the order was placed.
pub(crate) fn bought(ledger: &OrderLedger) -> Vec<(SkuId, i64)> {
    let goods = ledger.order.iter().flat_map(|order| &order.goods);
    goods.map(|line| (line.sku_id, line.quantity.pieces().into())).collect()
}

/// The pieces of the SKU that the order or its buyer has.
pub(crate) fn held(ledger: &OrderLedger, sku_id: SkuId) -> i64 {
    let placed = bought(ledger).into_iter().find(|line| line.0 == sku_id).map_or(0, |line| line.1);
    let moved = ledger.movements.iter().filter(|moved| moved.sku_id == sku_id);
    moved.fold(placed, |held, moved| match moved.kind {
        StockMoveKind::Revived => held + i64::from(moved.pieces),
        StockMoveKind::Cancelled | StockMoveKind::Refunded(_) | StockMoveKind::Returned(_) => {
            held - i64::from(moved.pieces)
        }
    })
}

/// Whether an unshipped and fully refunded order still holds pieces without a reason. A reason is that staff named the
/// pieces of some refund, or that a refund of theirs was refused together with its pieces.
pub(crate) fn forgets_pieces(record: &Record, is_in_catalog: impl Fn(SkuId) -> bool) -> bool {
    let ledger = &record.ledger;
    record.status() == Some(OrderStatus::Refunded)
        && !record.timeline.contains(&OrderStatus::AwaitingReceipt)
        && !record.pieces_are_decided
        && !ledger.refunds.iter().any(|refund| refund.status == RefundStatus::Failed)
        && bought(ledger).into_iter().any(|(sku_id, _)| is_in_catalog(sku_id) && held(ledger, sku_id) > 0)
}

fn sum(ledger: &OrderLedger, trade_no: &str, statuses: &[RefundStatus]) -> Money {
    let counts = |refund: &&domain::Refund| refund.trade_no == trade_no && statuses.contains(&refund.status);
    Money::checked_sum(ledger.refunds.iter().filter(counts).map(|refund| refund.amount)).unwrap_or(Money::MAX)
}

/// The contract's table, written by hand.
fn is_explained(record: &Record) -> bool {
    use OrderStatus::{AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled, Completed, Refunded};
    const TABLE: [(OrderStatus, OrderStatus); 8] = [
        (AwaitingPayment, AwaitingShipment),
        (AwaitingPayment, Cancelled),
        (AwaitingShipment, AwaitingReceipt),
        (AwaitingReceipt, Completed),
        (AwaitingShipment, Refunded),
        (AwaitingReceipt, Refunded),
        (Completed, Refunded),
        // The payment rules revive a cancelled order if its stock is still available.
        (Cancelled, AwaitingShipment),
    ];
    let steps: Vec<_> =
        record.timeline.windows(2).filter_map(|step| Some((*step.first()?, *step.last()?))).collect();
    record.timeline.first() == Some(&AwaitingPayment)
        && record.timeline.last().copied() == record.status()
        && steps.iter().all(|step| TABLE.contains(step))
}
