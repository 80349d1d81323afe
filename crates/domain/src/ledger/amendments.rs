//! Amendments: changes of an order's amount and address after it was placed.

use crate::{
    AddressId, AttemptState, EndedAttempt, Money, NotAllowed, Order, OrderStatus, PaymentAttempt,
    ShippingAddress, Trigger, UserId,
};

use super::{Event, MOST_ATTEMPTS, Refusal, decide::Decision};

/// With this many amendments, an order can no longer be amended by its buyer: each amendment is a permanent row.
const MOST_FOR_BUYERS: u32 = 10;
/// The same limit for staff.
const MOST_FOR_STAFF: u32 = 100;

impl Order {
    /// Whether the order's amount is still to be lowered from `expected` to `amount`; `false` if that is done already.
    /// `attempts` are all attempts to pay the order. Alipay fixes the amount of each, so a further attempt must be
    /// possible.
    pub fn is_to_be_lowered(
        &self,
        attempts: &[PaymentAttempt],
        expected: Money,
        amount: Money,
        now: crate::ShopTime,
    ) -> Result<bool, Refusal> {
        if amount.is_zero() || amount >= expected {
            return Err(Refusal::AmountNotLower { amount: expected });
        }
        if self.total_amount == amount {
            return Ok(false);
        }
        if !self.is_payable(now)? {
            return Err(NotAllowed { status: self.status, trigger: Trigger::Paid }.into());
        }
        if self.total_amount != expected {
            return Err(Refusal::AmountChanged { amount: self.total_amount });
        }
        if attempts.len() >= MOST_ATTEMPTS {
            return Err(Refusal::TooManyAttempts);
        }
        self.check_amendable(MOST_FOR_STAFF)?;
        Ok(true)
    }

    fn check_amendable(&self, most: u32) -> Result<(), Refusal> {
        if self.amendments < most { Ok(()) } else { Err(Refusal::TooManyAmendments) }
    }
}

impl Decision<'_> {
    /// Lowers the amount of an unpaid order. A payment of the old amount counts as a wrong amount from now on, so the
    /// attempts with the old amount end first. The first attempt is recorded, because it has the old amount.
    pub(super) fn lower_amount(
        &mut self,
        expected: Money,
        amount: Money,
        reason: &str,
        ended: &[EndedAttempt],
    ) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?.clone();
        if !order.is_to_be_lowered(&self.ledger.all_attempts(), expected, amount, self.at)? {
            return Ok(());
        }
        self.record_first(order.id.as_str())?;
        self.end_attempts(ended)?;
        // This attempt was opened after Alipay was asked about the others.
        if self.ledger.attempts.iter().any(|attempt| attempt.state == AttemptState::Open) {
            return Err(Refusal::OtherAttemptOpen);
        }
        let listed = order.listed_amount();
        self.push(Event::AmountLowered {
            before: order.total_amount,
            after: amount,
            discount: listed.checked_sub(amount).unwrap_or(Money::ZERO),
            cause: self.cause.clone(),
            reason: reason.to_owned(),
            at: self.at,
        })
    }

    /// Changes the order's address. The buyer can do so until the order is paid, staff until it is shipped.
    pub(super) fn change_address(
        &mut self,
        buyer: Option<UserId>,
        expected: Option<&ShippingAddress>,
        address: &ShippingAddress,
        address_id: Option<AddressId>,
        reason: &str,
    ) -> Result<(), Refusal> {
        let order = self.ledger.order_of(buyer)?;
        if buyer.is_some() {
            order.status.on(Trigger::Paid)?;
        } else if order.status != OrderStatus::AwaitingPayment {
            order.status.on(Trigger::Shipped)?;
        }
        if order.shipping == *address {
            return Ok(());
        }
        if expected.is_some_and(|expected| order.shipping != *expected) {
            return Err(Refusal::AddressChanged);
        }
        order.check_amendable(if buyer.is_some() { MOST_FOR_BUYERS } else { MOST_FOR_STAFF })?;
        let (status, before) = (order.status, order.shipping.clone());
        self.push(Event::AddressChanged {
            status,
            before,
            after: address.clone(),
            address_id,
            cause: self.cause.clone(),
            reason: reason.to_owned(),
            at: self.at,
        })
    }
}
