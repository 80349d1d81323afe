use crate::{Cause, ShopTime, StatusChange, Transition, Trigger};

use super::{Command, Event, OrderLedger, Refusal};

/// A decision in progress: the events so far, and the ledger after them. So [`OrderLedger::apply`] accepts every event
/// that is decided.
pub(super) struct Decision<'a> {
    pub(super) ledger: OrderLedger,
    pub(super) cause: &'a Cause,
    pub(super) at: ShopTime,
    events: Vec<Event>,
}

impl OrderLedger {
    /// The events that follow from a command, to be written together, in this order. No events mean that the command is
    /// done already. If the command is refused, nothing is to be written.
    pub fn decide(&self, command: &Command, cause: &Cause, at: ShopTime) -> Result<Vec<Event>, Refusal> {
        let mut decision = Decision { ledger: self.clone(), cause, at, events: Vec::new() };
        match command {
            Command::RecordTrade { trade, source } => decision.record_trade(trade, *source)?,
            Command::RecordRefund { refund, proof, is_number_in_use } => {
                decision.record_refund(refund, proof.as_ref(), *is_number_in_use)?;
            }
            Command::RequestRefund { ask, lease } => decision.request_refund(ask, *lease)?,
            Command::RecordRefundAnswer { out_request_no, answer, attempts } => {
                decision.record_refund_answer(out_request_no, answer, *attempts)?;
            }
            Command::Cancel { buyer, reason, ended } => decision.cancel(*buyer, reason, ended)?,
            Command::OpenAttempt { channel, product, expected, ended } => {
                decision.open_attempt(*channel, *product, *expected, ended)?;
            }
            Command::EndAttempts { ended } => decision.end_attempts(ended)?,
            Command::LowerAmount { expected, amount, reason, ended } => {
                decision.lower_amount(*expected, *amount, reason, ended)?;
            }
            Command::ChangeAddress { buyer, expected, address, address_id, reason } => {
                decision.change_address(*buyer, expected.as_ref(), address, *address_id, reason)?;
            }
            Command::Ship { shipment, receipt_after } => decision.ship(shipment, *receipt_after)?,
            Command::ConfirmReceipt { buyer } => decision.confirm_receipt(*buyer)?,
            Command::ReturnPieces { pieces, request_no, expected_returned } => {
                decision.return_pieces(pieces, request_no, *expected_returned)?;
            }
            Command::WatchPayment => decision.watch_payment()?,
            Command::CloseTrade { trade } => decision.close_unconfirmed(trade)?,
            Command::SetTimer { found, attempts, failed } => {
                decision.set_timer(*found, *attempts, *failed)?
            }
        }
        Ok(decision.events)
    }
}

impl Decision<'_> {
    /// Adds an event to the decision and applies it to the ledger.
    pub(super) fn push(&mut self, event: Event) -> Result<(), Refusal> {
        self.ledger.apply(&event)?;
        self.events.push(event);
        Ok(())
    }

    /// The status change that the trigger causes; `None` if it happened before.
    pub(super) fn transition(
        &self,
        trigger: Trigger,
        reason: &str,
        due_at: Option<ShopTime>,
    ) -> Result<Option<StatusChange>, Refusal> {
        let order = self.ledger.order_of(None)?;
        match order.status.on(trigger)? {
            Transition::AlreadyDone => Ok(None),
            Transition::To(to) => Ok(Some(StatusChange {
                order_id: order.id.clone(),
                from: order.status,
                to,
                cause: self.cause.clone(),
                reason: reason.to_owned(),
                at: self.at,
                due_at,
            })),
        }
    }
}
