//! Attempts to pay the order: how they are opened, ended and recorded.

use crate::{
    AttemptState, Channel, EndedAttempt, Money, Order, OrderStatus, PaymentAttempt, PaymentProduct, ShopTime,
    Trade, order_number,
};

use super::{Event, OrderLedger, Refusal, decide::Decision};

/// The most attempts that an order may have. The service asks the channel about each until it is known to be over.
pub const MOST_ATTEMPTS: usize = 12;

impl PaymentAttempt {
    /// The first attempt to pay an order, while no attempt is on record: its state follows from the order's status.
    fn first(order: &Order) -> Self {
        Self {
            out_trade_no: order.id.as_str().to_owned(),
            channel: Channel::default(),
            product: PaymentProduct::Page,
            amount: order.total_amount,
            state: match order.status {
                OrderStatus::AwaitingPayment => AttemptState::Open,
                // It is not on record whether the channel closed the trade.
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

    /// All attempts to pay an order: the recorded ones, or the first one if none is recorded.
    pub fn of(order: &Order, recorded: Vec<Self>) -> Vec<Self> {
        if recorded.is_empty() { vec![Self::first(order)] } else { recorded }
    }

    /// Whether the buyer can use this attempt instead of a new one: it is open, at this channel, by this product, with
    /// the order's present amount.
    pub fn serves(&self, order: &Order, channel: Channel, product: PaymentProduct) -> bool {
        let is_the_same = self.channel == channel && self.product == product;
        self.state == AttemptState::Open && is_the_same && self.amount == order.total_amount
    }

    /// The attempt in which the buyer pays at this channel, by this product. `None` if a new one is to be opened: none
    /// of these fits, or `anew` asks for another one and the limit allows it. Refused if none fits and the limit is
    /// reached.
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
    /// Whether the order is still to be paid; `false` if it is paid already. Refused if it can no longer be paid, costs
    /// nothing, or has another amount than `expected`.
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
    /// All attempts to pay the order, the first one first; empty if no order has the number.
    pub fn all_attempts(&self) -> Vec<PaymentAttempt> {
        let of = |order| PaymentAttempt::of(order, self.attempts.clone());
        self.order.as_ref().map(of).unwrap_or_default()
    }

    /// The amount of an attempt; `None` if the order has no such attempt.
    pub(super) fn amount_of_attempt(&self, out_trade_no: &str) -> Option<Money> {
        let order = self.order.as_ref()?;
        match self.attempt(out_trade_no) {
            Some(attempt) => Some(attempt.amount),
            // The order's own number is always an attempt, and any program may have made its URL. A further number
            // without a record was handed out too; a restored backup lacks the record.
            None => (order_number(out_trade_no) == order.id.as_str()).then_some(order.total_amount),
        }
    }

    /// Whether the order was paid and can be paid a second time in another attempt.
    pub(super) fn may_be_paid_again(&self) -> bool {
        let was_paid = self.order.as_ref().is_some_and(|order| order.status.was_paid());
        was_paid && self.attempts.iter().any(|attempt| attempt.state.may_be_paid())
    }

    /// The number of the next attempt: no recorded attempt and no payment has it.
    fn next_number(&self, order: &Order, attempts: usize) -> String {
        let number = |nth: usize| format!("{}_{nth}", order.id);
        let is_free = |number: &String| {
            let is_paid = self.payments.iter().any(|payment| payment.trade.out_trade_no == *number);
            !is_paid && self.attempt(number).is_none()
        };
        let first = attempts.saturating_add(1);
        (first..).map(number).find(is_free).unwrap_or_else(|| number(first))
    }

    /// The recorded attempt with this number.
    pub(super) fn attempt(&self, out_trade_no: &str) -> Option<&PaymentAttempt> {
        self.attempts.iter().find(|attempt| attempt.out_trade_no == out_trade_no)
    }
}

impl Decision<'_> {
    /// Opens an attempt at this channel, by this product. The attempts in `ended` end first.
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
            // A concurrent request opened the attempt.
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

    /// Ends attempts, for good if their channel says so. If the order is paid or has ended, only the records of its
    /// attempts change.
    pub(super) fn end_attempts(&mut self, ended: &[EndedAttempt]) -> Result<(), Refusal> {
        for EndedAttempt { out_trade_no, is_final } in ended {
            self.record_first(out_trade_no)?;
            self.close_attempt(out_trade_no, *is_final)?;
        }
        Ok(())
    }

    /// Ends every recorded attempt, because the order is cancelled or paid.
    pub(super) fn end_all_attempts(&mut self, ended: &[EndedAttempt]) -> Result<(), Refusal> {
        for PaymentAttempt { out_trade_no, .. } in self.ledger.attempts.clone() {
            let is_final = is_final(&out_trade_no, ended);
            self.close_attempt(&out_trade_no, is_final)?;
        }
        Ok(())
    }

    /// Marks an attempt as paid. If it pays the order, all other attempts end.
    pub(super) fn pay_attempt(&mut self, out_trade_no: &str, pays_the_order: bool) -> Result<(), Refusal> {
        if self.ledger.attempt(out_trade_no).is_some_and(|attempt| attempt.state != AttemptState::Paid) {
            self.push(Event::AttemptPaid { out_trade_no: out_trade_no.to_owned(), at: self.at })?;
        }
        if pays_the_order { self.end_all_attempts(&[]) } else { Ok(()) }
    }

    /// Records an attempt that the channel reports and that has no record: the record is lost, or another program has
    /// it. The product of the attempt is not known.
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

    /// Records the first attempt, if it has this number and no attempt is on record.
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

/// Whether the channel said that the attempt can no longer be paid.
pub(super) fn is_final(out_trade_no: &str, ended: &[EndedAttempt]) -> bool {
    ended.iter().any(|one| one.out_trade_no == out_trade_no && one.is_final)
}
