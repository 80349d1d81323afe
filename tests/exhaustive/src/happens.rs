//! Situations that must occur somewhere; otherwise the model is wrong.

use domain::{AttemptState, OrderStatus, PaymentRecord, PaymentStatus, RefundStatus, TradeStatus};

use crate::{
    Number, Shop, TradeState, World,
    alipay::{TOTAL, yuan},
};

/// A situation that can be seen in a state.
type Happens = (&'static str, fn(&Shop, &World) -> bool);

impl World {
    /// Situations that occur in some state, if the bounds allow them.
    pub const HAPPENS: [Happens; 19] = [
        ("an order is completed", |_, world| world.status() == Some(OrderStatus::Completed)),
        ("an order is refunded before it is shipped", |_, world| {
            world.status() == Some(OrderStatus::Refunded)
                && !world.order.timeline.contains(&OrderStatus::AwaitingReceipt)
        }),
        ("a completed order is refunded", |_, world| {
            world.order.timeline.ends_with(&[OrderStatus::Completed, OrderStatus::Refunded])
        }),
        ("a cancelled order is revived", |_, world| {
            world.order.timeline.ends_with(&[OrderStatus::Cancelled, OrderStatus::AwaitingShipment])
        }),
        ("the stock of a cancelled order is gone when it is paid", |_, world| {
            world.has_payment(PaymentStatus::Late) && world.rival.is_some()
        }),
        ("an order is paid twice", |_, world| world.has_payment(PaymentStatus::Duplicate)),
        ("both attempts are paid", |_, world| {
            world.has_payment(PaymentStatus::Duplicate)
                && world.trades.iter().any(|trade| trade.attempt == 0)
                && world.trades.iter().any(|trade| trade.attempt > 0)
        }),
        ("an order is given up of which an attempt may still be paid", |_, world| {
            world.status() == Some(OrderStatus::Cancelled)
                && world.attempts() > 1
                && world.order.ledger.attempts.iter().any(|attempt| attempt.state.may_be_paid())
        }),
        ("an order is paid for what it was lowered to", |_, world| {
            world.is_lowered() && world.status() == Some(OrderStatus::AwaitingShipment)
        }),
        ("the amount from before it was lowered is paid", |_, world| world.has_paid_old_amount()),
        ("the amounts from before and after it was lowered are paid", |_, world| {
            world.has_paid_old_amount() && world.has_payment(PaymentStatus::Settled)
        }),
        ("an order of two devices is lowered and paid in a third attempt", |_, world| {
            world.is_lowered()
                && world.order.ledger.attempts.get(2).is_some_and(|third| third.state == AttemptState::Paid)
        }),
        ("another amount is paid", |_, world| world.has_payment(PaymentStatus::WrongAmount)),
        ("a refund is taken for failed and was carried out", |_, world| {
            world.has_refund(|world, number, status| {
                status == RefundStatus::Failed
                    && world.trades.iter().any(|trade| trade.refund(number).is_some())
            })
        }),
        ("a refund is carried out and not known to be", |_, world| {
            world.has_refund(|world, number, status| {
                status == RefundStatus::Requested
                    && world.trades.iter().any(|trade| trade.refund(number).is_some())
            })
        }),
        ("an automatic refund is replaced by one of what is left", |_, world| {
            world.has_refund(|_, number, _| matches!(number, Number::Automatic(_, 1..)))
        }),
        ("nothing is left of a trade, and refunds of it are not on record", |_, world| {
            world.order.ledger.payments.iter().any(|paid| {
                paid.trade.status == TradeStatus::Closed && paid.trade.refunded < paid.trade.total_amount
            })
        }),
        ("a buyer pays while the order is given up", |_, world| {
            world.status() == Some(OrderStatus::Cancelled)
                && world.trades.iter().any(|trade| trade.state == TradeState::Paid)
                && world.order.ledger.payments.is_empty()
        }),
        ("the second order is paid late as well", |_, world| {
            world.rival.as_ref().is_some_and(|rival| {
                rival.ledger.payments.iter().any(|paid| paid.status == PaymentStatus::Late)
            })
        }),
    ];

    fn has_paid_old_amount(&self) -> bool {
        let is_old = |paid: &PaymentRecord| {
            paid.status == PaymentStatus::WrongAmount && paid.trade.total_amount == yuan(TOTAL)
        };
        self.is_lowered() && self.order.ledger.payments.iter().any(is_old)
    }

    fn has_payment(&self, status: PaymentStatus) -> bool {
        self.order.ledger.payments.iter().any(|paid| paid.status == status)
    }

    fn has_refund(&self, is_so: impl Fn(&Self, Number, RefundStatus) -> bool) -> bool {
        self.own_refunds().any(|(number, refund)| is_so(self, number, refund.status))
    }
}
