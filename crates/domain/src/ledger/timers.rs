//! When an order's timer goes off, at which the service checks the order. An unpaid order has a deadline, and the
//! notification of its payment may be lost. The buyer of a shipped order may never confirm the receipt. A cancelled
//! order may have been paid in its last minute. A paid order may be paid a second time in another attempt.

use std::time::Duration;

use crate::{Order, OrderStatus, PaymentAttempt, PaymentStatus, ShopTime, back_off};

use super::{Event, Refusal, decide::Decision};

/// How long after its creation an unpaid order is first checked; each further wait is twice as long.
const FIRST_LOOK: Duration = Duration::from_secs(60);
/// The longest wait between two checks of an order before its deadline.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest wait after other failures, and for orders without a deadline.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(6 * 3600);
/// How long after its deadline an order is cancelled, because Alipay's clock and ours may differ by seconds.
const GRACE: Duration = Duration::from_secs(5);
/// How long after the end of the time to pay an order is checked for the last time: a payment under way is known by
/// then.
const LAST_LOOK: Duration = Duration::from_secs(5 * 60);
/// How often an order without a deadline is checked: with the waits between, for as long as [`LONGEST_TRADE`].
const MOST_LOOKS: u32 = 68;
/// How long a trade without a deadline may stay unpaid: 15 days, as Alipay documents `time_expire`.
const LONGEST_TRADE: Duration = Duration::from_secs(15 * 24 * 3600);

impl Order {
    /// The longest wait between two attempts to cancel an order whose deadline has passed. Its stock is not for sale
    /// meanwhile.
    pub const LONGEST_OVERDUE: Duration = Duration::from_secs(5 * 60);

    /// When a new order is first checked.
    pub fn first_look(&self) -> Option<ShopTime> {
        self.next_look(self.created_at, 0)
    }

    /// When an order that is still unpaid is checked again after `attempts` checks: at growing intervals, and at its
    /// deadline. `None` if it has no deadline and Alipay cannot have kept its trade for so many checks. The checks
    /// count from the beginning of the payment, which may be long after the old back end placed the order.
    pub fn next_look(&self, now: ShopTime, attempts: u32) -> Option<ShopTime> {
        match self.expire_at {
            Some(expire_at) if !self.is_expired(now) => {
                let next = now.after(back_off(FIRST_LOOK, attempts, LONGEST_WAIT));
                Some(next.min(expire_at.after(GRACE)))
            }
            Some(_) if self.status == OrderStatus::AwaitingPayment => {
                Some(now.after(back_off(FIRST_LOOK, attempts, Self::LONGEST_OVERDUE)))
            }
            None if attempts >= MOST_LOOKS => None,
            Some(_) | None => Some(now.after(back_off(FIRST_LOOK, attempts, LONGEST_BACK_OFF))),
        }
    }

    /// When an order is checked again after a check failed. There is always a next check, because the failure may hide
    /// a payment.
    pub fn timer_failure(&self, now: ShopTime, attempts: u32) -> ShopTime {
        let later = now.after(back_off(FIRST_LOOK, attempts, LONGEST_BACK_OFF));
        self.next_look(now, attempts).unwrap_or(later)
    }

    /// Whether its payment deadline has passed, with a few seconds of grace. Orders of the old back end have no
    /// deadline.
    pub fn is_expired(&self, now: ShopTime) -> bool {
        self.expire_at.is_some_and(|expire_at| expire_at.after(GRACE) <= now)
    }

    /// Whether its timer waits for its receipt. An order that another program shipped has no timer, or still its
    /// earlier one.
    pub fn has_receipt_timer(&self) -> bool {
        self.status == OrderStatus::AwaitingReceipt && self.shipment.is_some()
    }

    /// When an order is checked for the last time if an attempt may still be paid: shortly after the time to pay ends.
    pub fn last_look(&self, now: ShopTime) -> ShopTime {
        let end = self.expire_at.map_or_else(|| now.after(LONGEST_TRADE), |expire_at| expire_at.max(now));
        end.after(LAST_LOOK)
    }
}

impl PaymentAttempt {
    /// Whether the time to pay it ended some minutes ago, so that nobody can pay it, regardless of the channel's
    /// answer.
    pub fn is_over(&self, order: &Order, now: ShopTime) -> bool {
        let begun = self.closed_at.unwrap_or(self.opened_at);
        order.expire_at.unwrap_or_else(|| begun.after(LONGEST_TRADE)).after(LAST_LOOK) <= now
    }
}

impl Decision<'_> {
    /// When the other attempts of a paid order are checked: soon, so that their unpaid trades are closed.
    pub(super) fn look_at_other_attempts(&self) -> Option<ShopTime> {
        self.ledger.may_be_paid_again().then(|| self.at.after(FIRST_LOOK))
    }

    /// Sets the timer for the other attempts of an order that was just paid, so that a second payment is found even if
    /// its notification is lost.
    pub(super) fn watch_other_attempts(&mut self, status: PaymentStatus) -> Result<(), Refusal> {
        let Some(order) = self.ledger.order.as_ref().filter(|_| status == PaymentStatus::Settled) else {
            return Ok(());
        };
        // A shipped order has the timer of its receipt, and its attempts are checked after that.
        let (status, due_at) = (order.status, self.look_at_other_attempts());
        if due_at.is_none() || order.has_receipt_timer() {
            return Ok(());
        }
        self.push(Event::TimerSet { status, due_at, restart: true })
    }

    /// Starts the checks of an order without a deadline, because its buyer begins to pay it.
    pub(super) fn watch_payment(&mut self) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?;
        if order.expire_at.is_some() || order.status != OrderStatus::AwaitingPayment {
            return Ok(());
        }
        let (status, due_at) = (order.status, order.next_look(self.at, 0));
        self.push(Event::TimerSet { status, due_at, restart: true })
    }

    /// Sets the next timer after one went off. An unpaid order is checked again. A cancelled order was checked for the
    /// last time. A paid order is checked once more after its deadline if another attempt can still be paid. A failed
    /// check is repeated later. An order whose status changed since it was found keeps the timer that the change set:
    /// the last check of an order cancelled meanwhile is still to come.
    pub(super) fn set_timer(
        &mut self,
        found: OrderStatus,
        attempts: u32,
        failed: bool,
    ) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?;
        if order.status != found {
            return Ok(());
        }
        let attempts = attempts.saturating_add(1);
        let due_at = match (order.status, failed) {
            (OrderStatus::AwaitingPayment | OrderStatus::Cancelled, true) => {
                Some(order.timer_failure(self.at, attempts))
            }
            (OrderStatus::AwaitingPayment, false) => order.next_look(self.at, attempts),
            (OrderStatus::AwaitingReceipt, true) if order.has_receipt_timer() => {
                Some(order.timer_failure(self.at, attempts))
            }
            (OrderStatus::AwaitingReceipt, false) if order.has_receipt_timer() => return Ok(()),
            (
                OrderStatus::AwaitingShipment
                | OrderStatus::AwaitingReceipt
                | OrderStatus::Completed
                | OrderStatus::Refunded,
                failed,
            ) => {
                let later =
                    if failed { order.timer_failure(self.at, attempts) } else { order.last_look(self.at) };
                self.ledger.may_be_paid_again().then_some(later)
            }
            (OrderStatus::Cancelled, false) => None,
        };
        let status = order.status;
        self.push(Event::TimerSet { status, due_at, restart: due_at.is_none() })
    }
}

#[cfg(test)]
mod tests;
