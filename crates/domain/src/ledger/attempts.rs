//! Attempts to pay the order: which there are, which is open, and when another one is made.

use crate::{
    AttemptState, Channel, EndedAttempt, Money, Order, OrderStatus, PaymentAttempt, PaymentProduct, ShopTime,
    Trade, order_number,
};

use super::{Event, OrderLedger, Refusal, decide::Decision};

/// How many attempts an order may have. Each is asked about until it is known to be over.
pub const MOST_ATTEMPTS: usize = 12;

impl PaymentAttempt {
    /// The first attempt to pay an order, which is not on record until something becomes of it.
    fn first(order: &Order) -> Self {
        Self {
            out_trade_no: order.id.as_str().to_owned(),
            channel: Channel::default(),
            product: PaymentProduct::Page,
            amount: order.total_amount,
            state: match order.status {
                OrderStatus::AwaitingPayment => AttemptState::Open,
                // Whether its channel closed its trade is not on record.
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
    pub fn serves(&self, order: &Order, channel: Channel, product: PaymentProduct) -> bool {
        let is_the_same = self.channel == channel && self.product == product;
        self.state == AttemptState::Open && is_the_same && self.amount == order.total_amount
    }

    /// The attempt of these in which the order is paid there, by this product; `None` if a new one is to be opened: there is none,
    /// or the buyer wants another one and may have it. Refused where none is left to be opened.
    pub fn to_keep<'a>(
        attempts: &'a [Self],
        order: &Order,
        channel: Channel,
        product: PaymentProduct,
        anew: bool,
    ) -> Result<Option<&'a Self>, Refusal> {
        let serving = attempts.iter().find(|attempt| attempt.serves(order, channel, product));
        let is_last = attempts.len() >= MOST_ATTEMPTS;
        match serving.filter(|_| is_last || !anew) {
            None if is_last => Err(Refusal::TooManyAttempts),
            kept => Ok(kept),
        }
    }
}

impl Order {
    /// Whether the order is still to be paid, at what its buyer takes it to cost; false where it is paid already.
    pub fn is_to_be_paid(&self, expected: Option<Money>, now: ShopTime) -> Result<bool, Refusal> {
        if !self.is_payable(now)? {
            return Ok(false);
        }
        if self.total_amount.is_zero() {
            return Err(Refusal::CostsNothing);
        }
        if expected.is_some_and(|expected| expected != self.total_amount) {
            return Err(Refusal::AmountChanged { amount: self.total_amount });
        }
        Ok(true)
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
            // The order's own number is an attempt by definition, whichever program made its URL. A further one that is not on
            // record was handed out all the same: by a program whose records a restored backup lacks.
            None => (order_number(out_trade_no) == order.id.as_str()).then_some(order.total_amount),
        }
    }

    /// Whether a second payment can still come of an attempt, for an order that was paid.
    pub(super) fn may_be_paid_again(&self) -> bool {
        let was_paid = self.order.as_ref().is_some_and(|order| order.status.was_paid());
        was_paid && self.attempts.iter().any(|attempt| attempt.state.may_be_paid())
    }

    /// The number of the next attempt: none that is on record, and none under which something was paid.
    fn next_number(&self, order: &Order, attempts: usize) -> String {
        let number = |nth: usize| format!("{}_{nth}", order.id);
        let is_free = |number: &String| {
            let is_paid = self.payments.iter().any(|payment| payment.trade.out_trade_no == *number);
            !is_paid && self.attempt(number).is_none()
        };
        let first = attempts.saturating_add(1);
        (first..).map(number).find(is_free).unwrap_or_else(|| number(first))
    }

    /// The attempt of this number, if it is on record.
    pub(super) fn attempt(&self, out_trade_no: &str) -> Option<&PaymentAttempt> {
        self.attempts.iter().find(|attempt| attempt.out_trade_no == out_trade_no)
    }
}

impl Decision<'_> {
    /// The buyer is to pay there, by this product. Attempts that were asked about end before.
    pub(super) fn open_attempt(
        &mut self,
        channel: Channel,
        product: PaymentProduct,
        expected: Option<Money>,
        ended: &[EndedAttempt],
    ) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?.clone();
        if !order.is_to_be_paid(expected, self.at)? {
            return Ok(());
        }
        self.end_attempts(ended)?;
        let attempts = self.ledger.all_attempts();
        if PaymentAttempt::to_keep(&attempts, &order, channel, product, false)?.is_some() {
            // Another click was faster.
            return Ok(());
        }
        if attempts.iter().any(|attempt| attempt.state == AttemptState::Open) {
            return Err(Refusal::OtherAttemptOpen);
        }
        self.push(Event::AttemptOpened(PaymentAttempt {
            out_trade_no: self.ledger.next_number(&order, attempts.len()),
            channel,
            product,
            amount: order.total_amount,
            state: AttemptState::Open,
            opened_at: self.at,
            closed_at: None,
            paid_at: None,
        }))
    }

    /// Attempts are over, as far as their channel says so. What it says of an order that is paid or ended changes no more than
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
        if self.ledger.attempt(out_trade_no).is_some_and(|attempt| attempt.state != AttemptState::Paid) {
            self.push(Event::AttemptPaid { out_trade_no: out_trade_no.to_owned(), at: self.at })?;
        }
        if pays_the_order { self.end_all_attempts(&[]) } else { Ok(()) }
    }

    /// Puts an attempt on record of whose number the channel tells and that is not: the record of it is lost, or another
    /// program has it. By which product it is paid is not known.
    pub(super) fn adopt_attempt(&mut self, trade: &Trade) -> Result<(), Refusal> {
        let Some(order) = &self.ledger.order else { return Ok(()) };
        let PaymentAttempt { out_trade_no: number, state, .. } = PaymentAttempt::first(order);
        let out_trade_no = &trade.out_trade_no;
        let is_adopted = *out_trade_no != number && order_number(out_trade_no) == number;
        if !is_adopted || self.ledger.attempt(out_trade_no).is_some() {
            return Ok(());
        }
        if self.ledger.attempts.is_empty() {
            self.record_first(&number)?;
            match state {
                AttemptState::Open => {}
                AttemptState::GivenUp => self.close_attempt(&number, false)?,
                AttemptState::Closed => self.close_attempt(&number, true)?,
                AttemptState::Paid => self.push(Event::AttemptPaid { out_trade_no: number, at: self.at })?,
            }
        }
        self.push(Event::AttemptOpened(PaymentAttempt {
            out_trade_no: out_trade_no.clone(),
            channel: trade.channel,
            product: PaymentProduct::Page,
            amount: trade.total_amount,
            state: AttemptState::Open,
            opened_at: self.at,
            closed_at: None,
            paid_at: None,
        }))
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

/// Whether the channel said that nothing comes of the attempt any more.
pub(super) fn is_final(out_trade_no: &str, ended: &[EndedAttempt]) -> bool {
    ended.iter().any(|one| one.out_trade_no == out_trade_no && one.is_final)
}
