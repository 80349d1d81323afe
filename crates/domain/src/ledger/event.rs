use crate::{
    AddressId, Cause, Channel, Money, OrderEvent, OrderEventKind, OrderStatus, PaymentAttempt, PaymentRecord,
    Refund, RefundStatus, Restock, Shipment, ShippingAddress, ShopTime, StatusChange, StockMoveKind,
};

use super::OrderLedger;

/// Something that happened to an order or its money: what is written, what the timeline, the webhooks and the log tell.
///
/// An adapter writes each with its guard, in the order of the list: what the event says was so before must be so in the
/// statement that writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The order's status changed; its timer is set or taken off. Guard: the status before.
    StatusChanged(StatusChange),
    /// How the order was shipped.
    Shipped(Shipment),
    /// The order costs less. Guard: it is 待付款 and costs what it did before.
    AmountLowered {
        /// What it cost.
        before: Money,
        /// What it costs now.
        after: Money,
        /// How much less that is than goods and freight.
        discount: Money,
        /// Who lowered it.
        cause: Cause,
        /// Why; at most 200 characters are kept.
        reason: String,
        /// When.
        at: ShopTime,
    },
    /// The order goes elsewhere. Guard: its status.
    AddressChanged {
        /// Its status.
        status: OrderStatus,
        /// Where it went.
        before: ShippingAddress,
        /// Where it goes now.
        after: ShippingAddress,
        /// The entry of the buyer's address book that this is; `None` if it is none.
        address_id: Option<AddressId>,
        /// Who changed it.
        cause: Cause,
        /// Why; at most 200 characters are kept.
        reason: String,
        /// When.
        at: ShopTime,
    },
    /// The buyer is to pay in this attempt. Guard: its number is not on record.
    AttemptOpened(PaymentAttempt),
    /// An attempt is over. Guard: it is [`crate::AttemptState::Open`], or given up.
    AttemptClosed {
        /// Its number at the channel.
        out_trade_no: String,
        /// Whether no payment can come of it any more.
        is_final: bool,
        /// When.
        at: ShopTime,
    },
    /// An attempt is paid. Guard: it was not.
    AttemptPaid {
        /// Its number at the channel.
        out_trade_no: String,
        /// When that was recorded.
        at: ShopTime,
    },
    /// A payment is on record. Guard: its trade is not.
    PaymentRecorded(PaymentRecord),
    /// The channel tells that nothing is left of a trade.
    TradeClosed {
        /// Where it was paid.
        channel: Channel,
        /// The channel's number of the trade.
        trade_no: String,
    },
    /// A refund is on record and not known to be done. Guard: its request number is not on record.
    RefundRequested {
        /// The refund, [`RefundStatus::Requested`].
        refund: Refund,
        /// When it is due.
        due_at: ShopTime,
    },
    /// A refund is asked for anew and counts as not tried so far. Guard: it was [`RefundStatus::Failed`].
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
        /// What went back of its trade in all.
        trade_refunded: Money,
        /// What went back of the order's payment in all; `None` if the trade did not pay an order.
        order_refunded: Option<Money>,
    },
    /// A refund failed: nothing went back. Guard: it was [`RefundStatus::Requested`].
    RefundFailed {
        /// Which.
        out_request_no: String,
        /// Why.
        failure: String,
        /// When.
        at: ShopTime,
    },
    /// It is not known whether a refund is done; the channel is asked again. Guard: it is [`RefundStatus::Requested`].
    RefundPostponed {
        /// Which.
        out_request_no: String,
        /// When.
        due_at: ShopTime,
        /// Why it is not known; `None` if there is news of it.
        failure: Option<String>,
    },
    /// Pieces went back into stock, off the sales. Guard: none of these SKUs went back for that reason before.
    StockReturned {
        /// Why.
        reason: StockMoveKind,
        /// Which, ascending by SKU, each once.
        pieces: Vec<Restock>,
        /// When.
        at: ShopTime,
    },
    /// Pieces of a cancelled order were taken out of stock again, whatever they cost now. Guard: they are there.
    StockRetaken {
        /// Which, ascending by SKU, each once.
        pieces: Vec<Restock>,
        /// When.
        at: ShopTime,
    },
    /// The order's timer was set or taken off. Guard: the order's status.
    TimerSet {
        /// The order's status.
        status: OrderStatus,
        /// When it goes off; `None` if nothing is left to wait for.
        due_at: Option<ShopTime>,
        /// Whether the count of attempts begins anew.
        restart: bool,
    },
}

impl OrderLedger {
    /// The webhook events that follow from these events; the ledger is that before them.
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
                // Where to is not told, nor why, since a reason may name people: the order has both.
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
