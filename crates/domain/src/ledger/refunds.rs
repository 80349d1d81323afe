//! Refunds: requests, answers of the channel, and the pieces that go back into stock.

use std::time::Duration;

use crate::{
    Cause, EvidenceSource, Money, Order, OrderStatus, PaymentRecord, PaymentStatus, Refund, RefundAsk,
    RefundKind, RefundStatus, Restock, SkuId, StockMoveKind, Trade, TradeKey, TradeStatus, Trigger,
    automatic_number, back_off, external_number,
};

use super::{ConfirmedRefund, Event, Inapplicable, OrderLedger, RefundAnswer, Refusal, decide::Decision};

/// The wait before the channel is asked again after an unclear answer; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// The longest such wait. A request without an answer counts as dropped by the channel after it: Alipay asks for ten
/// seconds before the outcome of a refund is queried.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// After how many attempts, about two weeks, a refusal ends a refund that staff requested even if the refusal is not
/// final. Automatic refunds are tried until they succeed, because nobody would request them again.
const MOST_ATTEMPTS: u32 = 340;

impl OrderLedger {
    /// Whether the trade settled the order.
    fn pays_the_order(&self, trade: TradeKey<'_>) -> bool {
        self.order.is_some()
            && self.payment(trade).is_some_and(|payment| payment.status == PaymentStatus::Settled)
    }

    /// The lines with the number of pieces that `pieces` gives, without those of zero pieces and those of deleted SKUs,
    /// which have no stock to go back to.
    pub(super) fn restockable(&self, lines: &[Restock], pieces: impl Fn(&Restock) -> u32) -> Vec<Restock> {
        let known = lines.iter().filter(|line| self.in_stock.contains_key(&line.sku_id));
        let back = known.map(|line| Restock { sku_id: line.sku_id, pieces: pieces(line) });
        back.filter(|back| back.pieces > 0).collect()
    }

    /// The order, if it is paid and not shipped.
    fn unshipped(&self) -> Option<&Order> {
        self.order.as_ref().filter(|order| order.status == OrderStatus::AwaitingShipment)
    }

    /// The pieces of a paid, unshipped order that go back into stock with the refund after which nothing is left to
    /// ship; `pieces` gives the number for each SKU.
    fn unshipped_pieces(&self, pieces: impl Fn(SkuId) -> u32) -> Vec<Restock> {
        let lines = self.unshipped().map(Order::stock).unwrap_or_default();
        self.restockable(&lines, |line| pieces(line.sku_id))
    }

    /// The pieces that go back into stock with the refund; `refunded` is the refunded sum of its trade, this refund
    /// included. Never more than the order holds, because other refunds may have put pieces back meanwhile. None if the
    /// refund was recorded as failed and the order was shipped after its request.
    fn pieces_to_return(&self, refund: &Refund, refunded: Money) -> Vec<Restock> {
        let was_failed = refund.status == RefundStatus::Failed;
        if was_failed && self.is_shipped_since(refund) {
            return Vec::new();
        }
        let is_unshipped = self.unshipped().is_some();
        let left = self
            .payment(refund.trade())
            .and_then(|payment| payment.trade.total_amount.checked_sub(refunded))
            .unwrap_or(Money::ZERO);
        // Nobody could choose the pieces, because it was not known that this refund leaves nothing to ship.
        let is_unforeseen = was_failed || refund.kind == RefundKind::External;
        if is_unshipped && is_unforeseen && self.can_all_be_refunded(refund.trade(), left) {
            return self.unshipped_pieces(|id| {
                let open = self.open_refunds_within(refund.trade(), left);
                self.held(id).saturating_sub(pieces_of(open, id))
            });
        }
        if is_unshipped && left.is_zero() {
            // No other refund can succeed any more, so the pieces of all open refunds go back with this one.
            return self.unshipped_pieces(|id| self.held(id).saturating_sub(self.returnable(id)));
        }
        let most = |sku_id| if was_failed { self.returnable(sku_id) } else { self.held(sku_id) };
        self.restockable(&refund.restock, |back| back.pieces.min(most(back.sku_id)))
    }

    /// Whether the order was shipped after the refund was requested.
    fn is_shipped_since(&self, refund: &Refund) -> bool {
        let shipment = self.order.as_ref().and_then(|order| order.shipment.as_ref());
        shipment.is_some_and(|shipment| shipment.shipped_at >= refund.requested_at)
    }

    /// Whether the refund covered the whole rest of its trade when it was requested.
    fn was_of_all(&self, refund: &Refund) -> bool {
        let before = self.refunds.iter().filter(|other| {
            other.trade() == refund.trade()
                && other.out_request_no != refund.out_request_no
                && other.status != RefundStatus::Failed
                && other.requested_at < refund.requested_at
        });
        let in_all = Money::checked_sum(before.map(|other| other.amount).chain([refund.amount]));
        let paid = self.payment(refund.trade()).map(|payment| payment.trade.total_amount);
        in_all.is_some() && in_all == paid
    }

    /// The pieces for a failed refund that is requested again without naming pieces: those of the failed refund, as far
    /// as the order still holds them; none if the order was shipped since.
    fn pieces_again(&self, failed: &Refund) -> Vec<Restock> {
        if self.is_shipped_since(failed) {
            return Vec::new();
        }
        self.restockable(&failed.restock, |back| back.pieces.min(self.returnable(back.sku_id)))
    }

    /// The trade's open refunds that can still succeed if `left` of it is left: no channel refunds more than that.
    fn open_refunds_within<'a>(
        &'a self,
        trade: TradeKey<'a>,
        left: Money,
    ) -> impl Iterator<Item = &'a Refund> {
        self.refunds.iter().filter(move |refund| {
            refund.trade() == trade && refund.status == RefundStatus::Requested && refund.amount <= left
        })
    }

    /// Whether nothing is to be shipped for the `left` amount of the trade: open refunds may send all of it back, or
    /// the trade is closed, so that it went back although not every refund is on record.
    fn can_all_be_refunded(&self, trade: TradeKey<'_>, left: Money) -> bool {
        let is_closed =
            self.payment(trade).is_some_and(|payment| payment.trade.status == TradeStatus::Closed);
        let open = self.open_refunds_within(trade, left).map(|refund| refund.amount);
        is_closed || Money::checked_sum(open).is_none_or(|open| open >= left)
    }
}

/// How many pieces of the SKU these refunds put back into stock.
pub(super) fn pieces_of<'a>(refunds: impl Iterator<Item = &'a Refund>, sku_id: SkuId) -> u32 {
    let back = refunds.flat_map(|refund| &refund.restock).filter(|back| back.sku_id == sku_id);
    back.fold(0, |sum, back| sum.saturating_add(back.pieces))
}

/// Whether a refusal proves that no money goes back. After an attempt with an unknown outcome it does not: the channel
/// may still carry out that attempt, and a second refund under another number would pay twice. So a refusal counts if
/// there was only one attempt, or if the attempt before is old enough: as old as the longest wait, or as the lease if a
/// process died during that attempt.
fn is_conclusive(refund: &Refund, attempts: u32) -> bool {
    match attempts.checked_sub(1) {
        None => refund.failure.is_none(),
        Some(before) => back_off(FIRST_WAIT, before, LONGEST_WAIT) == LONGEST_WAIT,
    }
}

impl Decision<'_> {
    /// Requests a refund for staff: at most what was paid, at most the pieces that the order holds, once per request
    /// number. A failed refund may be requested again under its number. That is safe after any outcome of earlier
    /// attempts, because a channel refunds once per number.
    pub(super) fn request_refund(&mut self, ask: &RefundAsk, lease: Duration) -> Result<(), Refusal> {
        let ledger = &self.ledger;
        if ledger.order.is_none() && ledger.payments.is_empty() {
            return Err(Refusal::UnknownOrder);
        }
        let failed = match ledger.refund(&ask.out_request_no) {
            Some(known) if !ask.is_answered_by(known) => return Err(Refusal::RequestNumberReused),
            Some(known) if known.status != RefundStatus::Failed => return Ok(()),
            known => known,
        };
        let payment = match (failed, &ask.trade_no) {
            (Some(failed), _) => ledger.payment(failed.trade()),
            (None, Some(trade_no)) => ledger.payment_numbered(trade_no),
            (None, None) => ledger.settled_payment(),
        };
        let trade = &payment.ok_or(Refusal::NothingToRefund)?.trade;
        let pays_the_order = ledger.pays_the_order(trade.key());
        if let Some(order) = ledger.order.as_ref().filter(|_| pays_the_order) {
            order.status.on(Trigger::FullyRefunded)?;
        }
        let left = ledger.may_be_requested(trade.key(), failed.is_some());
        let refundable = ledger.refundable(trade.key());
        if ask.expected_left.is_some_and(|expected| expected != refundable) {
            return Err(Refusal::RefundedMeanwhile(refundable));
        }
        let amount = failed.map(|failed| failed.amount).or(ask.amount).unwrap_or(left);
        if amount.is_zero() {
            return Err(Refusal::NothingToRefund);
        }
        if amount > left {
            return Err(Refusal::ExceedsPayment { left });
        }
        let restock = match (ask.pieces(), failed) {
            (Some(pieces), _) => {
                let is_too_many =
                    |back: &&Restock| !pays_the_order || back.pieces > ledger.returnable(back.sku_id);
                if let Some(back) = pieces.iter().find(is_too_many) {
                    return Err(Refusal::ExceedsOrder(back.sku_id));
                }
                pieces
            }
            // A failed refund of the whole rest keeps its pieces. A partial one that now leaves nothing does not: its
            // pieces were not chosen for that case.
            (None, Some(failed)) if ledger.was_of_all(failed) => ledger.pieces_again(failed),
            (None, _) if pays_the_order && amount == left => {
                ledger.unshipped_pieces(|id| ledger.returnable(id))
            }
            (None, failed) => failed.map(|failed| ledger.pieces_again(failed)).unwrap_or_default(),
        };
        let refund = Refund {
            reason: ask.reason.clone(),
            restock,
            cause: self.cause.clone(),
            ..Refund::new(trade, ask.out_request_no.clone(), amount, RefundKind::Shop, self.at)
        };
        let due_at = self.at.after(lease);
        self.push(match failed {
            Some(_) => Event::RefundReopened { refund, due_at },
            None => Event::RefundRequested { refund, due_at },
        })
    }

    /// Records the channel's answer to a refund request.
    pub(super) fn record_refund_answer(
        &mut self,
        out_request_no: &str,
        answer: &RefundAnswer,
        attempts: u32,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::UnknownRefund(out_request_no.to_owned());
        let known = self.ledger.refund(out_request_no).ok_or_else(unknown)?.clone();
        match (known.status, answer) {
            // Failed: two processes asked at once, and the refusal was recorded first. The money went back all the
            // same.
            (RefundStatus::Requested | RefundStatus::Failed, RefundAnswer::Succeeded) => {
                let amount = known.amount;
                self.succeed(known, amount)
            }
            (RefundStatus::Requested, RefundAnswer::Refused { reason, is_final }) => {
                let is_over = *is_final || attempts >= MOST_ATTEMPTS;
                if !known.kind.is_automatic() && is_over && is_conclusive(&known, attempts) {
                    self.fail(known.out_request_no, reason)
                } else {
                    self.postpone(known, reason, attempts)
                }
            }
            (RefundStatus::Requested, RefundAnswer::Unclear { reason }) => {
                self.postpone(known, reason, attempts)
            }
            (RefundStatus::Succeeded, _)
            | (RefundStatus::Failed, RefundAnswer::Refused { .. } | RefundAnswer::Unclear { .. }) => Ok(()),
        }
    }

    /// Records a refund that its channel confirmed and that is not on record as done: it was made outside this service,
    /// or is recorded as failed. If its payment is not on record either, the payment that `proof` shows is recorded
    /// with it, so that the order never appears to be paid with refunded money.
    pub(super) fn record_refund(
        &mut self,
        confirmed: &ConfirmedRefund,
        proof: Option<&(Trade, EvidenceSource)>,
        is_number_in_use: bool,
    ) -> Result<(), Refusal> {
        let ConfirmedRefund { channel, trade_no, out_request_no, amount } = confirmed;
        let trade = channel.trade(trade_no);
        let failed = match self.ledger.refund_of(trade, out_request_no) {
            Some(known) if known.status == RefundStatus::Failed => Some(known.clone()),
            Some(_) => return Ok(()),
            None => None,
        };
        if self.ledger.payment(trade).is_none() {
            let Some((trade, source)) = proof.filter(|(trade, _)| trade.was_paid()) else { return Ok(()) };
            self.record_payment(trade, *source)?;
        }
        let is_in_use = is_number_in_use || self.ledger.refund(out_request_no).is_some();
        let own = if is_in_use { external_number(trade, out_request_no) } else { out_request_no.clone() };
        let payment = self.ledger.payment(trade).ok_or(Inapplicable::UnknownPayment)?;
        let refund = failed.unwrap_or_else(|| Refund {
            reason: format!("在{}退款", channel.label()),
            cause: Cause::channel(*channel, None),
            ..Refund::new(&payment.trade, own, *amount, RefundKind::External, self.at)
        });
        self.succeed(refund, *amount)?;
        self.replace_automatic(trade)?;
        match proof {
            Some((trade, _)) => self.close_trade(trade),
            None => Ok(()),
        }
    }

    /// Records that a refund succeeded, and its effects: the sums, the pieces, and the end of the order if its whole
    /// payment went back.
    fn succeed(&mut self, refund: Refund, amount: Money) -> Result<(), Refusal> {
        let before = self.ledger.refund(&refund.out_request_no).map(|known| known.status);
        let pays_the_order = self.ledger.pays_the_order(refund.trade());
        let total = self.ledger.refunded(refund.trade()).checked_add(amount).unwrap_or(Money::MAX);
        let restock = if pays_the_order { self.ledger.pieces_to_return(&refund, total) } else { Vec::new() };
        let refund = Refund {
            amount,
            status: RefundStatus::Succeeded,
            restock: restock.clone(),
            finished_at: Some(self.at),
            failure: None,
            ..refund
        };
        let number = refund.out_request_no.clone();
        let (reason, cause) = (refund.reason.clone(), refund.cause.clone());
        let order_refunded = pays_the_order.then_some(total);
        self.push(Event::RefundSucceeded { refund, before, trade_refunded: total, order_refunded })?;
        if !pays_the_order {
            return Ok(());
        }
        if !restock.is_empty() {
            let kind = StockMoveKind::Refunded(number);
            self.push(Event::StockReturned { reason: kind, pieces: restock, at: self.at })?;
        }
        if !self.ledger.is_wholly_refunded() {
            return Ok(());
        }
        let due_at = self.look_at_other_attempts();
        match self.transition(Trigger::FullyRefunded, &reason, due_at) {
            Ok(Some(change)) => self.push(Event::StatusChanged(crate::StatusChange { cause, ..change })),
            // The order has ended in another way; the refund is on record all the same.
            Ok(None) | Err(_) => Ok(()),
        }
    }

    fn fail(&mut self, out_request_no: String, why: &str) -> Result<(), Refusal> {
        self.push(Event::RefundFailed { out_request_no, failure: why.to_owned(), at: self.at })
    }

    fn postpone(&mut self, refund: Refund, why: &str, attempts: u32) -> Result<(), Refusal> {
        self.push(Event::RefundPostponed {
            out_request_no: refund.out_request_no,
            due_at: self.at.after(back_off(FIRST_WAIT, attempts, LONGEST_WAIT)),
            failure: Some(why.to_owned()),
        })
    }

    /// Replaces an automatic refund that can no longer succeed, because part of the money went back by another refund,
    /// with a refund of the rest. The replaced one cannot have succeeded: no channel refunds more than the trade's
    /// amount.
    fn replace_automatic(&mut self, trade: TradeKey<'_>) -> Result<(), Refusal> {
        let ledger = &self.ledger;
        let left = |payment: &PaymentRecord| payment.trade.total_amount.checked_sub(ledger.refunded(trade));
        let Some(left) = ledger.payment(trade).and_then(left) else { return Ok(()) };
        let is_automatic = |known: &&Refund| known.trade() == trade && known.kind.is_automatic();
        let automatic: Vec<&Refund> = ledger.refunds.iter().filter(is_automatic).collect();
        let is_beyond = |known: &&&Refund| known.status == RefundStatus::Requested && known.amount > left;
        let Some(open) = automatic.iter().find(is_beyond).map(|open| (*open).clone()) else { return Ok(()) };
        let next = automatic_number(trade, automatic.len());
        self.fail(open.out_request_no.clone(), &format!("一部分款项已在{}退款", trade.channel.label()))?;
        let amount = self.ledger.refundable(trade);
        if amount.is_zero() {
            return Ok(());
        }
        let refund = Refund { out_request_no: next, amount, requested_at: self.at, failure: None, ..open };
        self.push(Event::RefundRequested { refund, due_at: self.at })
    }
}
