//! Everything that can happen next.

use domain::{OrderStatus, RefundKind};

use crate::{Answer, Ask, Cmd, Number, Pieces, Shop, TradeState, World, alipay::PART, world::RIVAL_TAKES};

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A command to the ledger.
    Do(Cmd),
    /// The buyer opens a trade.
    Open {
        /// Whether its amount differs from the attempt's.
        is_wrong: bool,
        /// The attempt; the first one is 0.
        attempt: u8,
    },
    /// The buyer pays a trade.
    Pay(u8),
    /// A refund in Alipay's console.
    RefundAtConsole {
        /// The refunded trade.
        trade: u8,
        /// Whether all that is left is refunded, or a part.
        is_whole: bool,
    },
    /// A refund request reaches Alipay, which carries it out.
    CarryOut(Number),
    /// The payment deadline passes; Alipay closes unpaid trades.
    Expire,
    /// A cancellation asks Alipay first, which reports this trade or none. An unpaid trade is closed; a payment is
    /// recorded.
    AskBeforeCancel(Option<u8>),
    /// A cancellation asks Alipay about all attempts, in the same way.
    AskAboutAll,
    /// The buyer wants another attempt; Alipay is asked about the others, in the same way.
    AskBeforeAttempt,
    /// Staff want to lower the amount; Alipay is asked about all attempts, in the same way.
    AskBeforeLowering,
    /// The job finds the order due.
    BeginLook,
    /// The job has asked Alipay and completes its work on the order.
    EndLook {
        /// Whether Alipay could not be asked.
        failed: bool,
    },
    /// Staff delete the second SKU.
    DeleteSku,
    /// A step of the second order.
    Rival(RivalStep),
}

/// The steps of the second order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RivalStep {
    /// It is placed.
    Place,
    /// It is cancelled.
    Cancel,
    /// Its payment is recorded.
    Pay,
}

impl World {
    /// Every possible next step.
    pub(crate) fn steps(&self, shop: &Shop, steps: &mut Vec<Step>) {
        if self.broken.is_any() || self.order.broken().is_any() {
            return;
        }
        self.buyer_steps(shop, steps);
        self.message_steps(steps);
        self.refund_steps(shop, steps);
        self.staff_steps(shop, steps);
        self.timer_steps(steps);
        if usize::from(self.attempts()) < shop.bounds.attempts {
            steps.push(Step::AskBeforeAttempt);
            if let Some(asked) = self.opens_attempt {
                steps.push(Step::Do(Cmd::OpenAttempt(asked)));
            }
        }
        if shop.bounds.lowers && !self.is_lowered() {
            if self.status() == Some(OrderStatus::AwaitingPayment) {
                steps.push(Step::AskBeforeLowering);
            }
            if let Some(asked) = self.lowers {
                steps.push(Step::Do(Cmd::LowerAmount(asked)));
            }
        }
        if shop.bounds.rival {
            match &self.rival {
                None if self.stock[0] >= Some(RIVAL_TAKES) => steps.push(Step::Rival(RivalStep::Place)),
                None => {}
                Some(rival) => {
                    steps.push(Step::Rival(RivalStep::Pay));
                    if rival.status() == Some(OrderStatus::AwaitingPayment) {
                        steps.push(Step::Rival(RivalStep::Cancel));
                    }
                }
            }
        }
    }

    fn buyer_steps(&self, shop: &Shop, steps: &mut Vec<Step>) {
        if !self.is_expired && self.trades.len() < shop.bounds.trades {
            for attempt in 0..self.attempts() {
                steps.push(Step::Open { is_wrong: false, attempt });
                if shop.bounds.wrong_amount {
                    steps.push(Step::Open { is_wrong: true, attempt });
                }
            }
        }
        for (index, trade) in self.numbered_trades() {
            if trade.state == TradeState::Waiting {
                steps.push(Step::Pay(index));
            }
        }
        steps.push(Step::Do(Cmd::ConfirmReceipt { by_buyer: true }));
    }

    /// Any earlier message of Alipay arrives now.
    fn message_steps(&self, steps: &mut Vec<Step>) {
        for (index, trade) in self.numbered_trades() {
            let messages = trade.messages(index);
            steps.extend(messages.iter().map(|message| Step::Do(Cmd::RecordTrade(*message))));
            if let Some(last) = trade.refunds.len().checked_sub(1) {
                // Alipay cannot be asked which refund it was, or the message does not name it.
                steps.push(Step::Do(Cmd::CloseTrade(trade.refund_message(index, last))));
            }
            for (place, (number, amount)) in trade.refunds.iter().enumerate() {
                let notified = trade.refund_message(index, place);
                // Without proof, as from the bill; with the notification, or with the answer to a query.
                for proof in [None, Some(notified), Some(trade.payment(index)), Some(trade.query(index))] {
                    let (number, amount) = (*number, *amount);
                    steps.push(Step::Do(Cmd::RecordRefund { trade: index, number, amount, proof }));
                }
            }
        }
    }

    /// Requests to Alipay and its unrecorded answers, at any later time.
    fn refund_steps(&self, shop: &Shop, steps: &mut Vec<Step>) {
        for (number, refund) in self.own_refunds() {
            if self.can_carry_out(number, refund).is_some() {
                steps.push(Step::CarryOut(number));
            }
            if self.trades.iter().any(|trade| trade.refund(number).is_some()) {
                steps.push(Step::Do(Cmd::RecordAnswer(number, Answer::Succeeded)));
            }
            // Another process may have got this answer before the refund was carried out.
            for no in [Answer::Refused, Answer::NotNow, Answer::NotNowForLong, Answer::Unclear] {
                steps.push(Step::Do(Cmd::RecordAnswer(number, no)));
            }
        }
        let made = self.console_refunds();
        for (trade, at_alipay) in self.numbered_trades() {
            if made < shop.bounds.console_refunds && at_alipay.left() > 0 {
                steps.push(Step::RefundAtConsole { trade, is_whole: true });
                if at_alipay.left() > PART {
                    steps.push(Step::RefundAtConsole { trade, is_whole: false });
                }
            }
        }
    }

    fn staff_steps(&self, shop: &Shop, steps: &mut Vec<Step>) {
        steps.push(Step::Do(Cmd::Ship));
        // A new request has the next number; an old one may be repeated.
        let refunds = &self.order.ledger.refunds;
        let requests = refunds.iter().filter(|refund| refund.kind == RefundKind::Shop).count();
        for number in (0..=requests).take(shop.bounds.staff_refunds) {
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            let mut ask = |ask| steps.push(Step::Do(Cmd::RequestRefund(number, ask)));
            [Ask::Whole, Ask::Part, Ask::WholeWithoutPieces].into_iter().for_each(&mut ask);
            [Pieces::One, Pieces::All].into_iter().for_each(|pieces| ask(Ask::PartWith(pieces)));
            self.numbered_trades().for_each(|(trade, _)| ask(Ask::OfTrade(trade)));
        }
        for number in 0..shop.bounds.returns {
            for pieces in [Pieces::One, Pieces::All] {
                steps.push(Step::Do(Cmd::ReturnPieces(number, pieces)));
            }
        }
        if shop.bounds.deleted_sku && self.stock[1].is_some() {
            steps.push(Step::DeleteSku);
        }
    }

    fn timer_steps(&self, steps: &mut Vec<Step>) {
        if !self.is_expired {
            steps.push(Step::Expire);
        }
        if self.status() == Some(OrderStatus::AwaitingPayment) {
            let of_first = || self.numbered_trades().filter(|(_, trade)| trade.attempt == 0);
            let trades = of_first().map(|(trade, _)| Some(trade));
            let none = of_first().next().is_none().then_some(None);
            steps.extend(trades.chain(none).map(Step::AskBeforeCancel));
            if self.attempts() > 1 {
                steps.push(Step::AskAboutAll);
            }
        }
        if let Some(asked) = self.cancels_all {
            steps.push(Step::Do(Cmd::CancelAll(asked)));
        }
        for (is_asked, may_still_be_paid) in
            [(self.cancels_closed, false), (self.cancels_without_trade, true)]
        {
            if is_asked {
                steps.push(Step::Do(Cmd::Cancel { may_still_be_paid }));
            }
        }
        match self.looking {
            None if self.is_due().is_some() => steps.push(Step::BeginLook),
            None => {}
            Some(_) => steps.extend([false, true].map(|failed| Step::EndLook { failed })),
        }
        steps.push(Step::Do(Cmd::ConfirmReceipt { by_buyer: false }));
    }
}
