//! When an order's timer goes off: an unpaid one, whose notification may be lost and whose deadline
//! passes; a shipped one, whose buyer may never confirm; a cancelled one, which may have been paid in its last minute; a
//! paid one that can be paid a second time in another attempt.

use std::time::Duration;

use crate::{Order, OrderStatus, PaymentAttempt, PaymentStatus, ShopTime, back_off};

use super::{Event, Refusal, decide::Decision};

/// How long after its creation an unpaid order is first asked about; each further time comes after twice as long.
const FIRST_LOOK: Duration = Duration::from_secs(60);
/// The longest wait between two looks at an order before its deadline.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest wait after other failures, and for orders without a deadline.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(6 * 3600);
/// How long after the deadline an order is cancelled: Alipay's clock and ours need not agree to the second.
const GRACE: Duration = Duration::from_secs(5);
/// How long after its end a cancelled order is looked at for the last time: a payment under way is known by then.
const LAST_LOOK: Duration = Duration::from_secs(5 * 60);
/// How often an order without a deadline is looked at: with the waits between, for as long as [`LONGEST_TRADE`].
const MOST_LOOKS: u32 = 68;
/// How long a trade may stay unpaid at most, where it has no deadline: 15 days, as Alipay documents `time_expire`.
const LONGEST_TRADE: Duration = Duration::from_secs(15 * 24 * 3600);

impl Order {
    /// The longest wait between two tries to cancel an order whose deadline has passed: its stock is not for sale till then.
    pub const LONGEST_OVERDUE: Duration = Duration::from_secs(5 * 60);

    /// When a new order is looked at first.
    pub fn first_look(&self) -> Option<ShopTime> {
        self.next_look(self.created_at, 0)
    }

    /// When an order that is still unpaid is asked about after `attempts` looks: on a widening schedule, and at its
    /// deadline. `None` if it has no deadline and Alipay cannot have kept its trade for so many looks: what counts is
    /// when the payment was begun, which may be long after the old back end placed the order.
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

    /// When an order that could not be looked at is looked at again. There is always such a time: what a failure hid may
    /// be a payment.
    pub fn timer_failure(&self, now: ShopTime, attempts: u32) -> ShopTime {
        let later = now.after(back_off(FIRST_LOOK, attempts, LONGEST_BACK_OFF));
        self.next_look(now, attempts).unwrap_or(later)
    }

    /// Whether its payment deadline has passed, with a little grace. Orders of the old back end have none.
    pub fn is_expired(&self, now: ShopTime) -> bool {
        self.expire_at.is_some_and(|expire_at| expire_at.after(GRACE) <= now)
    }

    /// Whether its timer is that of its receipt. One that another program shipped has none, or still that of what it waited for
    /// before.
    pub fn has_receipt_timer(&self) -> bool {
        self.status == OrderStatus::AwaitingReceipt && self.shipment.is_some()
    }

    /// When an order that is cancelled now is looked at for the last time, if its trade may still be paid.
    pub fn last_look(&self, now: ShopTime) -> ShopTime {
        let end = self.expire_at.map_or_else(|| now.after(LONGEST_TRADE), |expire_at| expire_at.max(now));
        end.after(LAST_LOOK)
    }
}

impl PaymentAttempt {
    /// Whether nobody can pay it any more, whatever the channel says of it: its deadline has long passed.
    pub fn is_over(&self, order: &Order, now: ShopTime) -> bool {
        let begun = self.closed_at.unwrap_or(self.opened_at);
        order.expire_at.unwrap_or_else(|| begun.after(LONGEST_TRADE)).after(LAST_LOOK) <= now
    }
}

impl Decision<'_> {
    /// When the other attempts of a paid order are looked at: soon, so that what waits for payment is closed.
    pub(super) fn look_at_other_attempts(&self) -> Option<ShopTime> {
        self.ledger.may_be_paid_again().then(|| self.at.after(FIRST_LOOK))
    }

    /// The order was paid just now: the timer sees to its other attempts, so that a second payment is found even if its
    /// notification is lost.
    pub(super) fn watch_other_attempts(&mut self, status: PaymentStatus) -> Result<(), Refusal> {
        let Some(order) = self.ledger.order.as_ref().filter(|_| status == PaymentStatus::Settled) else {
            return Ok(());
        };
        // A shipped one has the timer of its receipt, and is looked at after that.
        let (status, due_at) = (order.status, self.look_at_other_attempts());
        if due_at.is_none() || order.has_receipt_timer() {
            return Ok(());
        }
        self.push(Event::TimerSet { status, due_at, restart: true })
    }

    /// The buyer of an order without a deadline begins to pay it: Alipay is asked about it from the first look on.
    pub(super) fn watch_payment(&mut self) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?;
        if order.expire_at.is_some() || order.status != OrderStatus::AwaitingPayment {
            return Ok(());
        }
        let (status, due_at) = (order.status, order.next_look(self.at, 0));
        self.push(Event::TimerSet { status, due_at, restart: true })
    }

    /// After its timer went off: an unpaid order is looked at again; a cancelled one was looked at for the last time; a paid one
    /// is looked at once more after its deadline if another attempt can be paid till then; what
    /// could not be dealt with is tried again later. An order that changed since it was found keeps the timer that was set
    /// with the change: an order cancelled meanwhile has yet to be looked at for the last time.
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
