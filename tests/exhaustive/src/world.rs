//! The state of the shop, Alipay and the people at one moment.

use domain::{OrderStatus, PaymentRecord, RefundKind};

use crate::{
    Asked, Cmd, Known, Message, Number, RivalStep, Shop, Step, Trade, TradeState,
    alipay::{LOWERED, PART, TOTAL, trade_no, yuan},
    command::{BOUGHT, Found},
    record::{Record, Stock},
    rules::Broken,
};

/// How many pieces of the first SKU the second order takes.
pub(crate) const RIVAL_TAKES: u8 = 1;
/// The trade of the second order.
const RIVAL_TRADE: u8 = 9;

/// A complete state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// The order's records.
    pub order: Known,
    /// The second order's records, once it is placed.
    pub rival: Option<Known>,
    /// The pieces of each SKU in stock; the order has taken all there were.
    pub(crate) stock: Stock,
    /// The trades of the order's attempts at Alipay.
    pub trades: Vec<Trade>,
    /// Whether the payment deadline has passed. No trade is opened or paid after it.
    pub is_expired: bool,
    /// A cancellation has learned from Alipay that its trade is closed, and will continue at some time.
    pub cancels_closed: bool,
    /// A cancellation has learned from Alipay that there is no trade, and will continue at some time.
    pub cancels_without_trade: bool,
    /// A cancellation has learned from Alipay which attempts may still be paid, and will continue at some time.
    pub(crate) cancels_all: Option<Asked>,
    /// The opening of another attempt has learned from Alipay which others may still be paid, and will continue at some
    /// time.
    pub(crate) opens_attempt: Option<Asked>,
    /// A change of the amount has learned the same, and will continue at some time.
    pub(crate) lowers: Option<Asked>,
    /// The job has found the order in this status, and has not finished.
    pub looking: Option<Found>,
    /// The rules that were broken on the way.
    pub(crate) broken: Broken,
}

impl World {
    /// The order was just placed, and took the whole stock.
    pub(crate) fn begin(shop: &Shop) -> Self {
        Self {
            order: shop.core.keep(Record::placed("1", &BOUGHT)),
            rival: None,
            stock: [Some(0), Some(0)],
            trades: Vec::new(),
            is_expired: false,
            cancels_closed: false,
            cancels_without_trade: false,
            cancels_all: None,
            opens_attempt: None,
            lowers: None,
            looking: None,
            broken: Broken::default(),
        }
    }

    /// The order's status.
    pub fn status(&self) -> Option<OrderStatus> {
        self.order.status()
    }

    /// The payment of this trade, if it is recorded.
    pub(crate) fn payment(&self, trade: u8) -> Option<&PaymentRecord> {
        let trade_no = trade_no(trade);
        self.order.ledger.payments.iter().find(|paid| paid.trade.trade_no == trade_no)
    }

    /// Every trade with its number.
    pub(crate) fn numbered_trades(&self) -> impl Iterator<Item = (u8, &Trade)> {
        (0..).zip(&self.trades)
    }

    /// Our recorded refunds, with their numbers.
    pub(crate) fn own_refunds(&self) -> impl Iterator<Item = (Number, &domain::Refund)> {
        let own = self.order.ledger.refunds.iter().filter(|refund| refund.kind != RefundKind::External);
        own.filter_map(|refund| Some((Number::parse(&refund.out_request_no)?, refund)))
    }

    /// The number of refunds made in Alipay's console.
    pub(crate) fn console_refunds(&self) -> usize {
        let refunds = self.trades.iter().flat_map(|trade| &trade.refunds);
        refunds.filter(|done| matches!(done.0, Number::Console(_))).count()
    }

    /// The trade of the recorded refund, if Alipay can carry the refund out now.
    pub(crate) fn can_carry_out(&self, number: Number, refund: &domain::Refund) -> Option<u8> {
        let (index, trade) = self.numbered_trades().find(|(index, _)| trade_no(*index) == refund.trade_no)?;
        let amount = yuan(trade.left());
        (trade.refund(number).is_none() && refund.amount <= amount).then_some(index)
    }

    /// The status in which the job finds the order, if its timer can go off. For a cancelled order, that is after the
    /// deadline.
    pub(crate) fn is_due(&self) -> Option<Found> {
        match self.status().filter(|_| self.order.has_timer)? {
            OrderStatus::AwaitingPayment => Some(Found::AwaitingPayment),
            OrderStatus::Cancelled if self.is_expired => Some(Found::Cancelled),
            OrderStatus::AwaitingShipment => Some(Found::AwaitingShipment),
            OrderStatus::Completed => Some(Found::Completed),
            OrderStatus::Refunded => Some(Found::Refunded),
            OrderStatus::Cancelled | OrderStatus::AwaitingReceipt => None,
        }
    }

    /// The world after a step; `None` if it changes nothing, or cannot happen.
    pub(crate) fn after(&self, shop: &Shop, step: Step) -> Option<Self> {
        if let Step::Do(cmd) = step
            && !shop.core.outcome(&self.order, cmd, self.stock).changes(&self.order)
        {
            return None;
        }
        let mut world = self.clone();
        match step {
            Step::Do(cmd) => world.carry_out(shop, cmd),
            Step::Open { is_wrong, attempt } => {
                let amount = if is_wrong { LOWERED } else { self.amount_of(attempt)? };
                world.trades.push(Trade { attempt, ..Trade::open(amount) });
            }
            Step::Pay(trade) => world.trades.get_mut(usize::from(trade))?.state = TradeState::Paid,
            Step::RefundAtConsole { trade, is_whole } => {
                let number = Number::Console(u8::try_from(self.console_refunds()).ok()?);
                let trade = world.trades.get_mut(usize::from(trade))?;
                let amount = if is_whole { trade.left() } else { PART };
                trade.refunds.push((number, amount));
            }
            Step::CarryOut(number) => {
                let (_, refund) = self.own_refunds().find(|known| known.0 == number)?;
                let index = self.can_carry_out(number, refund)?;
                let trade = world.trades.get_mut(usize::from(index))?;
                let amount = (1..=trade.left()).find(|some| yuan(*some) == refund.amount)?;
                trade.refunds.push((number, amount));
            }
            Step::Expire => {
                world.is_expired = true;
                let open = world.trades.iter_mut().filter(|trade| trade.state == TradeState::Waiting);
                open.for_each(|trade| trade.state = TradeState::Closed);
            }
            Step::AskBeforeCancel(trade) => world.ask_before_cancel(shop, trade)?,
            Step::AskAboutAll => world.cancels_all = Some(world.end_attempts(shop)?),
            Step::AskBeforeAttempt => world.opens_attempt = Some(world.end_attempts(shop)?),
            Step::AskBeforeLowering => world.lowers = Some(world.end_attempts(shop)?),
            Step::BeginLook => world.looking = Some(self.is_due()?),
            Step::EndLook { failed } => world.end_look(shop, failed)?,
            Step::DeleteSku => world.stock[1] = None,
            Step::Rival(step) => world.rival(shop, step)?,
        }
        (world != *self).then_some(world)
    }

    fn carry_out(&mut self, shop: &Shop, cmd: Cmd) {
        let outcome = shop.core.outcome(&self.order, cmd, self.stock);
        (self.order, self.stock) = (outcome.order, outcome.stock);
        self.broken.add_all(outcome.broken);
    }

    /// As in the use case: nothing is locked while Alipay is asked, so the order is cancelled some time later.
    fn ask_before_cancel(&mut self, shop: &Shop, trade: Option<u8>) -> Option<()> {
        let Some(index) = trade else {
            self.cancels_without_trade = true;
            return Some(());
        };
        self.end_trade(shop, index)?;
        // It is paid; a payment of another amount pays nothing.
        if self.status() == Some(OrderStatus::AwaitingPayment) {
            self.cancels_closed = true;
        }
        Some(())
    }

    /// Alipay is asked about a trade. An unpaid one is closed; a payment is recorded.
    fn end_trade(&mut self, shop: &Shop, index: u8) -> Option<()> {
        let trade = self.trades.get_mut(usize::from(index))?;
        match trade.state {
            TradeState::Waiting => trade.state = TradeState::Closed,
            TradeState::Closed => {}
            TradeState::Paid if trade.left() == 0 => {}
            TradeState::Paid => {
                let message = trade.payment(index);
                self.carry_out(shop, Cmd::RecordTrade(message));
            }
        }
        Some(())
    }

    /// Alipay is asked about every attempt that may be paid.
    fn end_attempts(&mut self, shop: &Shop) -> Option<Asked> {
        let mut asked = Asked::default();
        let attempts = self.order.ledger.all_attempts();
        for ((nth, attempt), said) in (0..).zip(attempts).zip(&mut asked) {
            if attempt.state.may_be_paid() {
                *said = Some(self.end_attempt(shop, nth)?);
            }
        }
        Some(asked)
    }

    /// Alipay is asked about an attempt, and answers about its last trade. Returns whether the attempt can no longer be
    /// paid.
    fn end_attempt(&mut self, shop: &Shop, attempt: u8) -> Option<bool> {
        let last = self.numbered_trades().filter(|(_, trade)| trade.attempt == attempt).last();
        let Some((index, _)) = last else { return Some(false) };
        self.end_trade(shop, index)?;
        Some(true)
    }

    /// The number of the buyer's attempts.
    pub(crate) fn attempts(&self) -> u8 {
        u8::try_from(self.order.ledger.attempts.len()).unwrap_or(u8::MAX).max(1)
    }

    /// The amount of a trade of this attempt.
    fn amount_of(&self, attempt: u8) -> Option<u8> {
        let attempts = self.order.ledger.all_attempts();
        let amount = attempts.get(usize::from(attempt))?.amount;
        [TOTAL, LOWERED].into_iter().find(|known| yuan(*known) == amount)
    }

    /// Whether staff lowered the amount.
    pub(crate) fn is_lowered(&self) -> bool {
        self.order.ledger.order.as_ref().is_some_and(|order| order.total_amount == yuan(LOWERED))
    }

    /// The last check of a cancelled order is after the deadline, so it finds every payment. The check of a paid order
    /// finds payments of its other attempt, which ends at the deadline.
    fn end_look(&mut self, shop: &Shop, failed: bool) -> Option<()> {
        let found = self.looking.take()?;
        if found != Found::AwaitingPayment && !failed {
            let may_be_paid = self.order.ledger.all_attempts().into_iter().map(|one| one.state.may_be_paid());
            for (may_be_paid, attempt) in may_be_paid.collect::<Vec<_>>().into_iter().zip(0..) {
                if let Some(message) = self.unnoticed_payment(attempt).filter(|_| may_be_paid) {
                    self.carry_out(shop, Cmd::RecordTrade(message));
                }
            }
        }
        if ![Found::AwaitingPayment, Found::Cancelled].contains(&found) && self.is_expired && !failed {
            self.carry_out(shop, Cmd::EndAttempts);
        }
        self.carry_out(shop, Cmd::SetTimer { found, failed });
        Some(())
    }

    /// A payment that is not recorded and that a query about its attempt reports.
    pub(crate) fn unnoticed_payment(&self, attempt: u8) -> Option<Message> {
        let is_unnoticed = |(index, trade): &(u8, &Trade)| {
            trade.attempt == attempt && trade.left() > 0 && self.payment(*index).is_none()
        };
        self.numbered_trades().find(is_unnoticed).map(|(index, trade)| trade.payment(index))
    }

    fn rival(&mut self, shop: &Shop, step: RivalStep) -> Option<()> {
        let [(first, _), _] = BOUGHT;
        let cmd = match step {
            RivalStep::Place => {
                self.stock[0] = self.stock[0]?.checked_sub(RIVAL_TAKES);
                self.rival = Some(shop.core.keep(Record::placed("2", &[(first, RIVAL_TAKES)])));
                return Some(());
            }
            RivalStep::Cancel => Cmd::Cancel { may_still_be_paid: false },
            RivalStep::Pay => Cmd::RecordTrade(Trade::open(TOTAL).payment(RIVAL_TRADE)),
        };
        let outcome = shop.core.outcome(self.rival.as_ref()?, cmd, self.stock);
        (self.rival, self.stock) = (Some(outcome.order), outcome.stock);
        self.broken.add_all(outcome.broken);
        Some(())
    }
}
