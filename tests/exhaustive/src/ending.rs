//! From every state, the order can still reach an end.
//!
//! Without further faults, each step follows from the state: what Alipay knows is recorded, open refunds end, an unpaid
//! order is cancelled at its deadline, staff ship or refund a paid order, and a shipped order is received. These are
//! steps of the model like any other, so it suffices that each state before the end has a next one.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use domain::{OrderStatus, PaymentStatus, RefundStatus};

use crate::{Answer, Ask, Cmd, Number, Shop, Step, TradeState, World};

/// More steps than any order needs to reach its end.
const MOST_STEPS: usize = 60;

impl Shop {
    /// Whether the order reaches an end without further faults.
    pub(crate) fn reaches_an_end(&self, world: &World) -> bool {
        let mut passed = Vec::new();
        let mut world = world.clone();
        while passed.len() < MOST_STEPS {
            let mut hasher = DefaultHasher::new();
            world.hash(&mut hasher);
            let state = hasher.finish();
            passed.push(state);
            if self.ending.contains(&state) || world.is_at_an_end() {
                passed.into_iter().for_each(|state| {
                    self.ending.insert(state);
                });
                return true;
            }
            match world.next_step(self).and_then(|step| world.after(self, step)) {
                Some(next) => world = next,
                None => return false,
            }
        }
        false
    }
}

impl World {
    /// Whether the order is at an end, nothing is owed, and everything that Alipay knows is recorded.
    fn is_at_an_end(&self) -> bool {
        let is_over = match self.status() {
            Some(OrderStatus::Completed | OrderStatus::Cancelled | OrderStatus::Refunded) => true,
            Some(
                OrderStatus::AwaitingPayment | OrderStatus::AwaitingShipment | OrderStatus::AwaitingReceipt,
            )
            | None => false,
        };
        let refunds = &self.order.ledger.refunds;
        let is_open = refunds.iter().any(|refund| refund.status == RefundStatus::Requested);
        let is_known = self.numbered_trades().all(|(index, trade)| {
            let Some(paid) = self.payment(index) else { return trade.state != TradeState::Paid };
            let goes_back = [PaymentStatus::Late, PaymentStatus::Duplicate].contains(&paid.status);
            let sent_back = trade.amount - trade.left();
            paid.trade.refunded == crate::alipay::yuan(sent_back) && (!goes_back || trade.left() == 0)
        });
        is_over && !is_open && is_known && !self.order.has_timer && self.looking.is_none()
    }

    /// The next step without further faults.
    fn next_step(&self, shop: &Shop) -> Option<Step> {
        let ahead = self.known_to_alipay().or_else(|| self.open_refund());
        if ahead.is_some() || self.looking.is_some() {
            return ahead.or(Some(Step::EndLook { failed: false }));
        }
        let cancel = |may_still_be_paid| Some(Step::Do(Cmd::Cancel { may_still_be_paid }));
        match self.status()? {
            OrderStatus::AwaitingPayment | OrderStatus::Cancelled if !self.is_expired => Some(Step::Expire),
            OrderStatus::AwaitingPayment if self.attempts() > 1 => Some(match self.cancels_all {
                Some(asked) => Step::Do(Cmd::CancelAll(asked)),
                None => Step::AskAboutAll,
            }),
            OrderStatus::AwaitingPayment if self.cancels_closed => cancel(false),
            OrderStatus::AwaitingPayment if self.cancels_without_trade => cancel(true),
            OrderStatus::AwaitingPayment => {
                Some(Step::AskBeforeCancel(self.numbered_trades().last().map(|(trade, _)| trade)))
            }
            OrderStatus::AwaitingShipment => {
                let is_refused = shop.core.outcome(&self.order, Cmd::Ship, self.stock).is_refused;
                let refund = Cmd::RequestRefund(u8::MAX, Ask::Whole);
                Some(Step::Do(if is_refused { refund } else { Cmd::Ship }))
            }
            OrderStatus::AwaitingReceipt => Some(Step::Do(Cmd::ConfirmReceipt { by_buyer: false })),
            OrderStatus::Cancelled => Some(Step::BeginLook),
            OrderStatus::Completed | OrderStatus::Refunded if !self.order.has_timer => None,
            OrderStatus::Completed | OrderStatus::Refunded if !self.is_expired => Some(Step::Expire),
            OrderStatus::Completed | OrderStatus::Refunded => Some(Step::BeginLook),
        }
    }

    /// Records a payment or a refund that Alipay has and the ledger does not. After a refund, only the refund's message
    /// can still report the payment.
    fn known_to_alipay(&self) -> Option<Step> {
        for (index, trade) in self.numbered_trades().filter(|(_, trade)| trade.state == TradeState::Paid) {
            for (place, (number, amount)) in trade.refunds.iter().enumerate() {
                let (number, amount) = (*number, *amount);
                let known = self.order.ledger.refund(&number.to_string()).map(|known| known.status);
                match known {
                    Some(RefundStatus::Succeeded) => {}
                    Some(RefundStatus::Requested) => {
                        return Some(Step::Do(Cmd::RecordAnswer(number, Answer::Succeeded)));
                    }
                    Some(RefundStatus::Failed) | None => {
                        let proof = Some(trade.refund_message(index, place));
                        return Some(Step::Do(Cmd::RecordRefund { trade: index, number, amount, proof }));
                    }
                }
            }
            if self.payment(index).is_none() {
                return Some(Step::Do(Cmd::RecordTrade(trade.payment(index))));
            }
        }
        None
    }

    /// An open refund is carried out; a request of staff is refused if too little is left for it.
    fn open_refund(&self) -> Option<Step> {
        let (number, refund) =
            self.own_refunds().find(|(_, refund)| refund.status == RefundStatus::Requested)?;
        match (self.can_carry_out(number, refund), number) {
            (Some(_), _) => Some(Step::CarryOut(number)),
            (None, Number::Staff(_)) => Some(Step::Do(Cmd::RecordAnswer(number, Answer::Refused))),
            (None, Number::Automatic(..) | Number::Console(_)) => None,
        }
    }
}
