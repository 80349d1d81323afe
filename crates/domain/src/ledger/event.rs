use crate::{
    AddressId, Cause, Channel, Money, OrderEvent, OrderEventKind, OrderStatus, PaymentAttempt, PaymentRecord,
    Refund, RefundStatus, Restock, Shipment, ShippingAddress, ShopTime, StatusChange, StockMoveKind,
};

use super::OrderLedger;

/// Something that happened to an order or its money. Adapters write it; timeline, webhooks and log report it.
///
/// An adapter writes the events in the order of the list. Each event has a guard: a condition on the state before it,
/// which the writing statement must check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The order's status changed, and its timer was set or removed. Guard: the status before.
    StatusChanged(StatusChange),
    /// The order was shipped.
    Shipped(Shipment),
    /// The order's amount was lowered. Guard: the order is 待付款 and has the amount `before`.
    AmountLowered {
        /// The old amount.
        before: Money,
        /// The new amount.
        after: Money,
        /// By how much the new amount is less than goods and freight.
        discount: Money,
        /// Who lowered it.
        cause: Cause,
        /// Why; at most 200 characters are kept.
        reason: String,
        /// When.
        at: ShopTime,
    },
    /// The order's address was changed. Guard: the order's status.
    AddressChanged {
        /// The order's status.
        status: OrderStatus,
        /// The old address.
        before: ShippingAddress,
        /// The new address.
        after: ShippingAddress,
        /// The entry of the buyer's address book with the new address; `None` if it is not from there.
        address_id: Option<AddressId>,
        /// Who changed it.
        cause: Cause,
        /// Why; at most 200 characters are kept.
        reason: String,
        /// When.
        at: ShopTime,
    },
    /// An attempt was opened, in which the buyer can pay. Guard: its number is not on record.
    AttemptOpened(PaymentAttempt),
    /// An attempt ended. Guard: it is [`crate::AttemptState::Open`] or [`crate::AttemptState::GivenUp`].
    AttemptClosed {
        /// The attempt's number at the channel.
        out_trade_no: String,
        /// Whether the attempt can no longer be paid.
        is_final: bool,
        /// When.
        at: ShopTime,
    },
    /// An attempt was paid. Guard: it is not recorded as paid.
    AttemptPaid {
        /// The attempt's number at the channel.
        out_trade_no: String,
        /// When the payment was recorded.
        at: ShopTime,
    },
    /// A payment was recorded. Guard: its trade is not on record.
    PaymentRecorded(PaymentRecord),
    /// The channel reports that nothing is left of a trade.
    TradeClosed {
        /// The channel of the trade.
        channel: Channel,
        /// The channel's number of the trade.
        trade_no: String,
    },
    /// A refund was requested; its outcome is not known. Guard: its request number is not on record.
    RefundRequested {
        /// The refund, [`RefundStatus::Requested`].
        refund: Refund,
        /// When it is due.
        due_at: ShopTime,
    },
    /// A failed refund was requested again; its attempts count from zero. Guard: it was [`RefundStatus::Failed`].
    RefundReopened {
        /// The refund, [`RefundStatus::Requested`].
        refund: Refund,
        /// When it is due.
        due_at: ShopTime,
    },
    /// Money went back. Guard: the refund's status before.
    RefundSucceeded {
        /// The refund, [`RefundStatus::Succeeded`].
        refund: Refund,
        /// Its status before; `None` if it was not on record.
        before: Option<RefundStatus>,
        /// The refunded sum of its trade.
        trade_refunded: Money,
        /// The refunded sum of the order's payment; `None` if the trade did not pay an order.
        order_refunded: Option<Money>,
    },
    /// A refund failed: nothing went back. Guard: it was [`RefundStatus::Requested`].
    RefundFailed {
        /// The request number of the refund.
        out_request_no: String,
        /// Why.
        failure: String,
        /// When.
        at: ShopTime,
    },
    /// The outcome of a refund is not known; the channel is asked again. Guard: it is [`RefundStatus::Requested`].
    RefundPostponed {
        /// The request number of the refund.
        out_request_no: String,
        /// When the channel is asked again.
        due_at: ShopTime,
        /// Why the outcome is not known; `None` if the channel sent a message about the refund.
        failure: Option<String>,
    },
    /// Pieces went back into stock and no longer count as sales. Guard: no pieces of these SKUs went back for this
    /// reason before.
    StockReturned {
        /// Why.
        reason: StockMoveKind,
        /// The pieces, each SKU once, in ascending order.
        pieces: Vec<Restock>,
        /// When.
        at: ShopTime,
    },
    /// Pieces of a cancelled order were taken out of stock again, at any present price. Guard: the stock has them.
    StockRetaken {
        /// The pieces, each SKU once, in ascending order.
        pieces: Vec<Restock>,
        /// When.
        at: ShopTime,
    },
    /// The order's timer was set or removed. Guard: the order's status.
    TimerSet {
        /// The order's status.
        status: OrderStatus,
        /// When it goes off; `None` if nothing is left to wait for.
        due_at: Option<ShopTime>,
        /// Whether the count of attempts starts at zero again.
        restart: bool,
    },
}

impl OrderLedger {
    /// The webhook events that follow from these events. `self` is the ledger before the events.
    pub fn notices(&self, events: &[Event]) -> Vec<OrderEvent> {
        let Some(mut order) = self.order.clone() else { return Vec::new() };
        let mut notices = Vec::new();
        for event in events {
            match event {
                Event::StatusChanged(change) => {
                    order.status = change.to;
                    notices.push(OrderEvent {
                        from: Some(change.from),
                        reason: change.reason.clone(),
                        ..OrderEvent::of(&order, OrderEventKind::StatusChanged, &change.cause, change.at)
                    });
                }
                Event::RefundSucceeded { refund, .. } => {
                    let at = refund.finished_at.unwrap_or(refund.requested_at);
                    notices.push(OrderEvent {
                        amount: Some(refund.amount),
                        reason: refund.reason.clone(),
                        ..OrderEvent::of(&order, OrderEventKind::Refund, &refund.cause, at)
                    });
                }
                Event::AmountLowered { after, cause, reason, at, .. } => notices.push(OrderEvent {
                    amount: Some(*after),
                    reason: reason.clone(),
                    ..OrderEvent::of(&order, OrderEventKind::AmountLowered, cause, *at)
                }),
                // The webhook event has neither the address nor the reason, which may name people; the order has both.
                Event::AddressChanged { cause, at, .. } => {
                    notices.push(OrderEvent::of(&order, OrderEventKind::AddressChanged, cause, *at));
                }
                Event::Shipped(_)
                | Event::AttemptOpened(_)
                | Event::AttemptClosed { .. }
                | Event::AttemptPaid { .. }
                | Event::PaymentRecorded(_)
                | Event::TradeClosed { .. }
                | Event::RefundRequested { .. }
                | Event::RefundReopened { .. }
                | Event::RefundFailed { .. }
                | Event::RefundPostponed { .. }
                | Event::StockReturned { .. }
                | Event::StockRetaken { .. }
                | Event::TimerSet { .. } => {}
            }
        }
        notices
    }
}
