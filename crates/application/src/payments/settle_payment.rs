use std::sync::Arc;

use domain::{
    Cause, EndedAttempt, EvidenceSource, Merchant, NotForUs, OrderId, PaymentAttempt, PaymentStatus,
    RefusedMessage, Trade, TradeStatus, Unstorable,
    ledger::{Command, ConfirmedRefund, Event, Refusal},
};
use metrics::counter;
use ports::{CloseOutcome, GatewayError, NotVerified, PaymentGateway, RefusedMessages, StoreError, metric};

use crate::{OrderChangeError, Transact, TransactError};

/// The one way in which an order becomes paid, whatever the evidence: notification, return, query or bill.
pub struct SettlePayment {
    /// Verifies what Alipay signed, and is asked about refunds.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Where order and payment are changed together.
    pub transact: Arc<Transact>,
    /// Whom the money must be for.
    pub merchant: Merchant,
    /// Keeps messages that can never be dealt with.
    pub refused: Arc<dyn RefusedMessages>,
}

/// What became of the evidence. In every case it is dealt with, and need not be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The order is paid now.
    Paid,
    /// The order was cancelled; its stock was taken again and it is paid now.
    Revived,
    /// It was known already, or tells of no payment.
    NothingNew,
    /// The payment is on record now; the order is as it was. What must not be kept goes back from here on.
    RecordedOnly(PaymentStatus),
    /// It tells of a refund: of one under way, which is asked about now, or of one that is on record as done now, with its
    /// payment if that was not on record either.
    RefundNotified,
}

/// Why evidence was not dealt with; it should be sent again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// It tells of a refund, and Alipay could not be asked how much it was.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// It tells of a refund that Alipay does not confirm so far.
    #[error("Alipay does not confirm the refund so far")]
    NotKnownYet,
    /// It could not be written down.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

/// Why a notification was not taken as evidence, or not dealt with.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// Alipay did not sign it.
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    /// It is for another shop.
    #[error(transparent)]
    NotForUs(#[from] NotForUs),
    /// It should be sent again.
    #[error(transparent)]
    Settle(#[from] SettleError),
}

impl SettlePayment {
    /// Deals with the form body of a notification.
    #[tracing::instrument(level = "debug", name = "settle_payment", skip_all)]
    pub async fn by_notification(&self, form: &[u8], cause: Cause) -> Result<Settled, NotificationError> {
        let outcome = self.by_message(form, cause).await;
        counter!(metric::NOTIFICATIONS, "verdict" => verdict(&outcome)).increment(1);
        outcome
    }

    async fn by_message(&self, form: &[u8], cause: Cause) -> Result<Settled, NotificationError> {
        let notification = self.gateway.verify_notification(form)?;
        self.merchant.check(&notification.addressee)?;
        if let Err(why) = notification.trade.check_storable() {
            self.refuse(&notification.trade, why, form)
                .await
                .map_err(TransactError::from)
                .map_err(SettleError::from)?;
            return Ok(Settled::NothingNew);
        }
        Ok(self.by_trade(&notification.trade, EvidenceSource::Notification, &cause).await?)
    }

    /// Keeps a message that can never be dealt with for people to look at, so that Alipay need not send it again.
    async fn refuse(&self, trade: &Trade, why: Unstorable, form: &[u8]) -> Result<(), StoreError> {
        let message = RefusedMessage::new(trade, why, form, self.transact.clock.now());
        self.refused.keep_refused(&message).await?;
        tracing::error!(%why, "a message of Alipay's can never be stored: look at dashop_refused_message");
        Ok(())
    }

    /// Deals with a trade that is proven: by a verified message for this shop, or by a signed answer to our own
    /// query. Doing it again changes nothing.
    pub async fn by_trade(
        &self,
        trade: &Trade,
        source: EvidenceSource,
        cause: &Cause,
    ) -> Result<Settled, SettleError> {
        let command = Command::RecordTrade { trade: trade.clone(), source };
        match self.transact.run(&trade.out_trade_no, &command, cause).await {
            Ok(transacted) => Ok(settled(&transacted.events)),
            Err(TransactError::Refused(Refusal::RefundUnconfirmed { trade_no, out_request_no })) => {
                let amount = self.gateway.refund_query(&trade_no, &out_request_no).await?;
                let amount = amount.ok_or(SettleError::NotKnownYet)?;
                let refund = ConfirmedRefund { trade_no, out_request_no, amount };
                self.by_refund(&trade.out_trade_no, refund, Some((trade.clone(), source)), cause).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deals with a refund that Alipay confirmed, with what proves its payment for the case that it is not on record.
    pub(crate) async fn by_refund(
        &self,
        number: &str,
        refund: ConfirmedRefund,
        proof: Option<(Trade, EvidenceSource)>,
        cause: &Cause,
    ) -> Result<Settled, SettleError> {
        let command = Command::RecordRefund { refund, proof };
        Ok(settled(&self.transact.run(number, &command, cause).await?.events))
    }

    /// Sees to it that no payment is under way in an attempt, and says whether one can still be made: no buyer has come to
    /// the cashier, and one may still come before the deadline. What turns out paid is settled.
    async fn end_attempt(&self, out_trade_no: &str, cause: &Cause) -> Result<EndedAttempt, OrderChangeError> {
        let is_final = match self.state_of_trade(out_trade_no, cause).await? {
            None => false,
            Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => true,
            Some(TradeStatus::WaitBuyerPay) => match self.gateway.close(out_trade_no).await? {
                CloseOutcome::Closed => true,
                CloseOutcome::NoTrade => false,
                // It was paid or closed since we asked.
                CloseOutcome::NotClosable => match self.state_of_trade(out_trade_no, cause).await? {
                    None | Some(TradeStatus::WaitBuyerPay) => false,
                    Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => true,
                },
            },
        };
        Ok(EndedAttempt { out_trade_no: out_trade_no.to_owned(), is_final })
    }

    /// Does so with every one of these that may be paid. Where Alipay cannot be asked about one of them, those that it closed
    /// before are noted down.
    pub(crate) async fn end_attempts(
        &self,
        order_id: &OrderId,
        attempts: &[PaymentAttempt],
        cause: &Cause,
    ) -> Result<Vec<EndedAttempt>, OrderChangeError> {
        let mut ended = Vec::new();
        for attempt in attempts.iter().filter(|attempt| attempt.state.may_be_paid()) {
            match self.end_attempt(&attempt.out_trade_no, cause).await {
                Ok(one) => ended.push(one),
                Err(error) => {
                    self.note_ended(order_id, ended, cause).await;
                    return Err(error);
                }
            }
        }
        Ok(ended)
    }

    /// Writes down which attempts Alipay has closed, where what they were closed for did not come about: the next start of a
    /// payment opens another one. What cannot be noted down here is by the order's timer.
    pub(crate) async fn note_ended(&self, order_id: &OrderId, mut ended: Vec<EndedAttempt>, cause: &Cause) {
        ended.retain(|attempt| attempt.is_final);
        if ended.is_empty() {
            return;
        }
        let command = Command::EndAttempts { ended };
        if let Err(error) = self.transact.run(order_id.as_str(), &command, cause).await {
            tracing::warn!(%order_id, error = &error as &dyn std::error::Error,
                "a closed attempt to pay could not be noted down");
        }
    }

    /// Where the trade of an attempt stands; `None` if Alipay has none. What is paid is settled.
    async fn state_of_trade(
        &self,
        out_trade_no: &str,
        cause: &Cause,
    ) -> Result<Option<TradeStatus>, OrderChangeError> {
        let Some(trade) = self.gateway.query(out_trade_no).await? else { return Ok(None) };
        if trade.is_payment() {
            let by_alipay = Cause::alipay(cause.request_id.clone());
            self.by_trade(&trade, EvidenceSource::Query, &by_alipay).await?;
        }
        Ok(Some(trade.status))
    }
}

/// What became of a notification, as metrics name it.
fn verdict(outcome: &Result<Settled, NotificationError>) -> &'static str {
    match outcome {
        Ok(Settled::Paid) => "paid",
        Ok(Settled::Revived) => "revived",
        Ok(Settled::NothingNew) => "nothing_new",
        Ok(Settled::RecordedOnly(_)) => "recorded_only",
        Ok(Settled::RefundNotified) => "refund",
        Err(NotificationError::NotVerified(NotVerified::Signature)) => "bad_signature",
        Err(NotificationError::NotVerified(NotVerified::Unreadable { .. } | NotVerified::Malformed(_))) => {
            "unreadable"
        }
        Err(NotificationError::NotForUs(_)) => "not_for_us",
        Err(NotificationError::Settle(_)) => "failed",
    }
}

/// What the events mean to the caller who brought the evidence.
fn settled(events: &[Event]) -> Settled {
    let mut settled = Settled::NothingNew;
    for event in events {
        match event {
            Event::RefundSucceeded { .. } | Event::RefundPostponed { .. } => return Settled::RefundNotified,
            Event::StockRetaken { .. } => settled = Settled::Revived,
            Event::StatusChanged(_) if settled == Settled::NothingNew => settled = Settled::Paid,
            Event::PaymentRecorded(payment) if settled == Settled::NothingNew => {
                settled = Settled::RecordedOnly(payment.status);
            }
            Event::StatusChanged(_)
            | Event::AmountLowered { .. }
            | Event::AddressChanged { .. }
            | Event::AttemptOpened(_)
            | Event::AttemptClosed { .. }
            | Event::AttemptPaid { .. }
            | Event::PaymentRecorded(_)
            | Event::Shipped(_)
            | Event::TradeClosed { .. }
            | Event::RefundRequested { .. }
            | Event::RefundFailed { .. }
            | Event::StockReturned { .. }
            | Event::TimerSet { .. } => {}
        }
    }
    settled
}
