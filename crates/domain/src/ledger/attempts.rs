//! Attempts to pay the order: which there are, which is open, and when another one is made.

use crate::{AttemptState, EndedAttempt, Money, Order, OrderStatus, PaymentAttempt, PaymentProduct};

use super::{Event, OrderLedger, Refusal, decide::Decision};

/// How many attempts an order may have. Each is asked about until it is known to be over.
pub const MOST_ATTEMPTS: usize = 12;

impl PaymentAttempt {
    /// The first attempt to pay an order, which is not on record while it is the only one.
    fn first(order: &Order) -> Self {
        Self {
            out_trade_no: order.id.as_str().to_owned(),
            product: PaymentProduct::Page,
            amount: order.total_amount,
            state: match order.status {
                OrderStatus::AwaitingPayment => AttemptState::Open,
                // Whether Alipay closed its trade is not on record.
                OrderStatus::Cancelled => AttemptState::GivenUp,
                OrderStatus::AwaitingShipment
                | OrderStatus::AwaitingReceipt
                | OrderStatus::Completed
                | OrderStatus::Refunded => AttemptState::Paid,
            },
            opened_at: order.created_at,
            closed_at: None,
            paid_at: None,
        }
    }

    /// Every attempt to pay an order, of which these are on record.
    pub fn of(order: &Order, recorded: Vec<Self>) -> Vec<Self> {
        if recorded.is_empty() { vec![Self::first(order)] } else { recorded }
    }

    /// Whether the order is paid by it as by a new one.
    pub fn serves(&self, order: &Order, product: PaymentProduct) -> bool {
        self.state == AttemptState::Open && self.product == product && self.amount == order.total_amount
    }
}

impl OrderLedger {
    /// Every attempt to pay the order, the first one first; none if no order has the number.
    pub fn all_attempts(&self) -> Vec<PaymentAttempt> {
        let of = |order| PaymentAttempt::of(order, self.attempts.clone());
        self.order.as_ref().map(of).unwrap_or_default()
    }

    /// What is to be paid in an attempt; `None` if the order has no such attempt.
    pub(super) fn amount_of_attempt(&self, out_trade_no: &str) -> Option<Money> {
        let order = self.order.as_ref()?;
        match self.attempt(out_trade_no) {
            Some(attempt) => Some(attempt.amount),
            // The order's own number is an attempt by definition, whichever program made its URL.
            None => (order.id.as_str() == out_trade_no).then_some(order.total_amount),
        }
    }

    /// The attempt of this number, if it is on record.
    pub(super) fn attempt(&self, out_trade_no: &str) -> Option<&PaymentAttempt> {
        self.attempts.iter().find(|attempt| attempt.out_trade_no == out_trade_no)
    }
}

impl Decision<'_> {
    /// The buyer is to pay by this product. Attempts that Alipay was asked about end before.
    pub(super) fn open_attempt(
        &mut self,
        product: PaymentProduct,
        ended: &[EndedAttempt],
    ) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?.clone();
        if !order.is_payable(self.at)? {
            return Ok(());
        }
        self.end_attempts(ended)?;
        let attempts = self.ledger.all_attempts();
        match attempts.iter().find(|attempt| attempt.state == AttemptState::Open) {
            // Another click was faster.
            Some(open) if open.serves(&order, product) => return Ok(()),
            Some(_) => return Err(Refusal::OtherAttemptOpen),
            None if attempts.len() >= MOST_ATTEMPTS => return Err(Refusal::TooManyAttempts),
            None => {}
        }
        self.push(Event::AttemptOpened(PaymentAttempt {
            out_trade_no: format!("{}_{}", order.id, attempts.len() + 1),
            product,
            amount: order.total_amount,
            state: AttemptState::Open,
            opened_at: self.at,
            closed_at: None,
            paid_at: None,
        }))
    }

    /// Attempts are over, as far as Alipay says so. What it says of an order that is paid or ended changes no more than
    /// what is on record of its attempts.
    pub(super) fn end_attempts(&mut self, ended: &[EndedAttempt]) -> Result<(), Refusal> {
        for EndedAttempt { out_trade_no, is_final } in ended {
            self.record_first(out_trade_no)?;
            self.close_attempt(out_trade_no, *is_final)?;
        }
        Ok(())
    }

    /// The order ends without being paid.
    pub(super) fn end_all_attempts(&mut self, ended: &[EndedAttempt]) -> Result<(), Refusal> {
        for PaymentAttempt { out_trade_no, .. } in self.ledger.attempts.clone() {
            let is_final = is_final(&out_trade_no, ended);
            self.close_attempt(&out_trade_no, is_final)?;
        }
        Ok(())
    }

    /// An attempt is paid, which leaves nothing to be paid in those that are open if it pays the order.
    pub(super) fn pay_attempt(&mut self, out_trade_no: &str, pays_the_order: bool) -> Result<(), Refusal> {
        let is_paid = |attempt: &PaymentAttempt| attempt.state == AttemptState::Paid;
        if self.ledger.attempt(out_trade_no).is_some_and(|attempt| !is_paid(attempt)) {
            self.push(Event::AttemptPaid { out_trade_no: out_trade_no.to_owned(), at: self.at })?;
        }
        if pays_the_order { self.end_all_attempts(&[]) } else { Ok(()) }
    }

    /// Puts the first attempt on record, if it is this one and is not.
    pub(super) fn record_first(&mut self, out_trade_no: &str) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?;
        if !self.ledger.attempts.is_empty() || order.id.as_str() != out_trade_no {
            return Ok(());
        }
        let first = PaymentAttempt { state: AttemptState::Open, ..PaymentAttempt::first(order) };
        self.push(Event::AttemptOpened(first))
    }

    fn close_attempt(&mut self, out_trade_no: &str, is_final: bool) -> Result<(), Refusal> {
        let Some(attempt) = self.ledger.attempt(out_trade_no) else { return Ok(()) };
        let is_news = match attempt.state {
            AttemptState::Open => true,
            AttemptState::GivenUp => is_final,
            AttemptState::Closed | AttemptState::Paid => false,
        };
        if !is_news {
            return Ok(());
        }
        let out_trade_no = out_trade_no.to_owned();
        self.push(Event::AttemptClosed { out_trade_no, is_final, at: self.at })
    }
}

/// Whether Alipay said that nothing comes of the attempt any more.
pub(super) fn is_final(out_trade_no: &str, ended: &[EndedAttempt]) -> bool {
    ended.iter().any(|one| one.out_trade_no == out_trade_no && one.is_final)
}
