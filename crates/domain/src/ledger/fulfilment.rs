//! Cancelling, shipping and receiving an order, and returned pieces.

use std::time::Duration;

use crate::{
    EndedAttempt, NotAllowed, PaymentAttempt, Restock, Shipment, SkuId, StockMoveKind, Trigger, UserId,
    by_sku, moved_for, pieces_held, returned_by_line,
};

use super::{Event, OrderLedger, Refusal, attempts::is_final, decide::Decision};

impl OrderLedger {
    /// How many pieces of the SKU the order holds: bought and not back in stock.
    pub(super) fn held(&self, sku_id: SkuId) -> u32 {
        self.order.as_ref().map_or(0, |order| pieces_held(order, &self.movements, sku_id))
    }

    /// Whether nothing of the order is left to be shipped.
    fn is_all_returned(&self) -> bool {
        let stock = self.order.as_ref().map(crate::Order::stock).unwrap_or_default();
        !stock.is_empty() && stock.iter().all(|line| self.returnable(line.sku_id) == 0)
    }
}

impl Decision<'_> {
    /// Changes the order's status, unless that happened before. Removes its timer, unless a second payment is possible.
    pub(super) fn change_status(&mut self, trigger: Trigger, reason: &str) -> Result<(), Refusal> {
        let due_at = self.look_at_other_attempts();
        match self.transition(trigger, reason, due_at)? {
            Some(change) => self.push(Event::StatusChanged(change)),
            None => Ok(()),
        }
    }

    /// Cancels an unpaid order and puts its pieces back into stock. If it can still be paid, it is checked once more
    /// after the time to pay has ended, so that a payment is found even if its notification is lost.
    pub(super) fn cancel(
        &mut self,
        buyer: Option<UserId>,
        reason: &str,
        ended: &[EndedAttempt],
    ) -> Result<(), Refusal> {
        let order = self.ledger.order_of(buyer)?;
        // An attempt that was opened after Alipay was asked about the others is not among those that ended.
        let may_be_paid =
            |one: &PaymentAttempt| one.state.may_be_paid() && !is_final(&one.out_trade_no, ended);
        let may_still_be_paid = self.ledger.all_attempts().iter().any(may_be_paid);
        let due_at = may_still_be_paid.then(|| order.last_look(self.at));
        let pieces = self.ledger.restockable(&order.stock(), |line| line.pieces);
        let Some(change) = self.transition(Trigger::Cancelled, reason, due_at)? else { return Ok(()) };
        if !pieces.is_empty() {
            self.push(Event::StockReturned { reason: StockMoveKind::Cancelled, pieces, at: self.at })?;
        }
        self.end_all_attempts(ended)?;
        self.push(Event::StatusChanged(change))
    }

    /// Ships a paid order, unless its money or its pieces went back. Repeating the same shipment changes nothing.
    pub(super) fn ship(&mut self, shipment: &Shipment, receipt_after: Duration) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?;
        let is_sent = order.status.on(Trigger::Shipped).is_err();
        if is_sent && order.shipment.as_ref().is_some_and(|known| known.is_same_parcel(shipment)) {
            return Ok(());
        }
        let words = format!("发货 {} {}", shipment.carrier, shipment.tracking_number);
        let due_at = Some(self.at.after(receipt_after));
        let Some(change) = self.transition(Trigger::Shipped, words.trim_end(), due_at)? else {
            return Ok(());
        };
        if self.ledger.is_being_refunded() {
            return Err(Refusal::BeingRefunded);
        }
        if self.ledger.is_all_returned() {
            return Err(Refusal::NothingToShip);
        }
        self.push(Event::StatusChanged(change))?;
        self.push(Event::Shipped(shipment.clone()))
    }

    pub(super) fn confirm_receipt(&mut self, buyer: Option<UserId>) -> Result<(), Refusal> {
        self.ledger.order_of(buyer)?;
        let reason = if buyer.is_some() { "确认收货" } else { "超过期限,自动确认收货" };
        self.change_status(Trigger::ReceiptConfirmed, reason)
    }

    /// Puts pieces back into stock without a refund: never more than the order holds.
    pub(super) fn return_pieces(
        &mut self,
        pieces: &[Restock],
        request_no: &str,
        expected_returned: Option<u32>,
    ) -> Result<(), Refusal> {
        let order = self.ledger.order_of(None)?;
        let status = order.status;
        if !status.was_paid() {
            // An unpaid order keeps its pieces; those of a cancelled order are back already.
            return Err(NotAllowed { status, trigger: Trigger::FullyRefunded }.into());
        }
        let (pieces, kind) = (by_sku(pieces.iter().copied()), StockMoveKind::Returned(request_no.to_owned()));
        let before = moved_for(&kind, &self.ledger.movements);
        if !before.is_empty() {
            return if before == pieces { Ok(()) } else { Err(Refusal::RequestNumberReused) };
        }
        let returned =
            returned_by_line(order, &self.ledger.movements).into_iter().fold(0, u32::saturating_add);
        if expected_returned.is_some_and(|expected| expected != returned) {
            return Err(Refusal::ReturnedMeanwhile(returned));
        }
        let fits = |back: &Restock| {
            self.ledger.in_stock.contains_key(&back.sku_id)
                && back.pieces <= self.ledger.returnable(back.sku_id)
        };
        match pieces.iter().find(|back| !fits(back)) {
            Some(back) => Err(Refusal::ExceedsOrder(back.sku_id)),
            None if pieces.is_empty() => Ok(()),
            None => self.push(Event::StockReturned { reason: kind, pieces, at: self.at }),
        }
    }
}
