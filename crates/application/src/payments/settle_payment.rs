//! The only code by which an order becomes paid, whatever the evidence: notification, return, query or bill.

use domain::{
    Cause, Channel, EndedAttempt, EvidenceSource, NotForUs, OrderId, OrderStatus, PaymentAttempt,
    PaymentStatus, RefusedMessage, Trade, TradeStatus, UnstorableTrade,
    ledger::{Command, ConfirmedRefund, Event, Refusal},
};
use metrics::counter;
use ports::{CloseOutcome, NotVerified, PaymentChannel, metric};

use crate::{OrderError, OrderService, SettleError, TransactError, Transacted};

/// The result of evidence. In every case the evidence is processed and need not be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The order is paid now.
    Paid,
    /// The order was cancelled. Its stock was taken again, and the order is paid now.
    Revived,
    /// The evidence was known already, or is not about a payment.
    NothingNew,
    /// The payment is on record now, and the order is unchanged. A payment that the shop must not keep is refunded from
    /// here on.
    RecordedOnly(PaymentStatus),
    /// The evidence is about a refund: an open one, which the channel is asked about now, or one that is now recorded as
    /// done, with its payment if that was not on record either.
    RefundNotified,
}

/// Why a notification was not accepted as evidence, or not processed.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// The channel did not sign the notification, or the shop does not use that channel.
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    /// The notification is for another shop.
    #[error(transparent)]
    NotForUs(#[from] NotForUs),
    /// The notification was not processed; the channel should send it again.
    #[error(transparent)]
    Settle(#[from] SettleError),
}

impl OrderService {
    /// Processes the body of a channel's notification.
    #[tracing::instrument(level = "debug", name = "settle_payment", skip_all)]
    pub async fn settle_notification(
        &self,
        channel: Channel,
        body: &[u8],
        request_id: Option<String>,
    ) -> Result<Settled, NotificationError> {
        let outcome = self.settle_message(channel, body, Cause::channel(channel, request_id)).await;
        counter!(metric::NOTIFICATIONS, "verdict" => verdict(&outcome)).increment(1);
        outcome
    }

    async fn settle_message(
        &self,
        channel: Channel,
        body: &[u8],
        cause: Cause,
    ) -> Result<Settled, NotificationError> {
        let PaymentChannel { gateway, merchant } = self.channel(channel)?;
        let notification = gateway.verify_notification(body)?;
        merchant.check(&notification.addressee)?;
        match notification.trade.and_then(Trade::storable) {
            Ok(trade) => Ok(self.settle_trade(&trade, EvidenceSource::Notification, &cause).await?),
            Err(unstorable) => Ok(self.refuse(unstorable, body).await?),
        }
    }

    /// The settings of the channel that a message comes from.
    pub(super) fn channel(&self, channel: Channel) -> Result<&PaymentChannel, NotVerified> {
        let not_ours = || NotVerified::Malformed("the shop is not paid through this channel".into());
        self.channels.get(channel).ok_or_else(not_ours)
    }

    /// Stores a message that can never be processed, for people to look at. The channel need not send it again.
    async fn refuse(&self, trade: UnstorableTrade, body: &[u8]) -> Result<Settled, SettleError> {
        let why = trade.why;
        let message = RefusedMessage::new(trade, body, self.now());
        self.refused.keep_refused(&message).await.map_err(TransactError::from)?;
        tracing::error!(%why, "a channel's message can never be stored: look at dashop_refused_message");
        Ok(Settled::NothingNew)
    }

    /// Processes a proven trade: from a verified message for this shop, or from a signed answer to our own query. A
    /// repeated call changes nothing.
    pub async fn settle_trade(
        &self,
        trade: &Trade,
        source: EvidenceSource,
        cause: &Cause,
    ) -> Result<Settled, SettleError> {
        let command = Command::RecordTrade { trade: trade.clone(), source };
        let unsettled = match self.transact.run(&trade.out_trade_no, &command, cause).await {
            Ok(transacted) => return Ok(settled(&transacted.events)),
            Err(TransactError::Refused(Refusal::RefundUnconfirmed { channel, trade_no, out_request_no })) => {
                match self.confirmed(channel, trade_no, out_request_no).await {
                    Ok(refund) => {
                        let proof = Some((trade.clone(), source));
                        return self.settle_refund(&trade.out_trade_no, refund, proof, cause).await;
                    }
                    Err(error) => error,
                }
            }
            Err(unnumbered @ TransactError::Refused(Refusal::RefundUnnumbered)) => unnumbered.into(),
            Err(error) => return Err(error.into()),
        };
        // Its refunds may become known much later. Until then, nothing must be shipped for a fully refunded trade.
        if trade.is_wholly_refunded() {
            let command = Command::CloseTrade { trade: trade.clone() };
            self.transact.run(&trade.out_trade_no, &command, cause).await?;
        }
        Err(unsettled)
    }

    /// Asks the channel about a refund.
    async fn confirmed(
        &self,
        channel: Channel,
        trade_no: String,
        out_request_no: String,
    ) -> Result<ConfirmedRefund, SettleError> {
        let gateway = self.channels.gateway(channel)?;
        let amount = gateway.refund_query(&trade_no, &out_request_no).await?;
        let amount = amount.ok_or(SettleError::NotKnownYet)?;
        Ok(ConfirmedRefund { channel, trade_no, out_request_no, amount })
    }

    /// Records a refund that its channel confirmed. `proof` proves its payment, in case the payment is not on record.
    pub(crate) async fn settle_refund(
        &self,
        number: &str,
        refund: ConfirmedRefund,
        proof: Option<(Trade, EvidenceSource)>,
        cause: &Cause,
    ) -> Result<Settled, SettleError> {
        let command = |is_number_in_use| {
            let (refund, proof) = (refund.clone(), proof.clone());
            Command::RecordRefund { refund, proof, is_number_in_use }
        };
        let transacted = match self.transact.run(number, &command(false), cause).await {
            Err(TransactError::Refused(Refusal::RequestNumberReused)) => {
                self.transact.run(number, &command(true), cause).await?
            }
            outcome => outcome?,
        };
        Ok(settled(&transacted.events))
    }

    /// Makes sure that no payment is under way in an attempt; settles a payment if there is one. The result is not final if
    /// a payment can still be made: no buyer has come to the cashier, and one may still come before the deadline.
    pub(crate) async fn end_attempt(
        &self,
        attempt: &PaymentAttempt,
        cause: &Cause,
    ) -> Result<EndedAttempt, OrderError> {
        let is_final = match self.state_of_trade(attempt, cause).await? {
            None => false,
            Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => true,
            Some(TradeStatus::WaitBuyerPay) => {
                match self.channels.gateway(attempt.channel)?.close(&attempt.out_trade_no).await? {
                    CloseOutcome::Closed => true,
                    CloseOutcome::NoTrade => false,
                    // It was paid or closed after the query.
                    CloseOutcome::NotClosable => match self.state_of_trade(attempt, cause).await? {
                        None | Some(TradeStatus::WaitBuyerPay) => false,
                        Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => true,
                    },
                }
            }
        };
        Ok(EndedAttempt { out_trade_no: attempt.out_trade_no.clone(), is_final })
    }

    /// Ends each attempt that may be paid, and then runs the command. If that fails, records the attempts that the channel
    /// has closed so far, unless the order is no longer unpaid: then no attempt of it is given out anyway.
    pub(crate) async fn after_ending(
        &self,
        order_id: &OrderId,
        attempts: &[PaymentAttempt],
        command: impl FnOnce(Vec<EndedAttempt>) -> Command,
        cause: &Cause,
    ) -> Result<Transacted, OrderError> {
        let mut ended = Vec::new();
        for attempt in attempts.iter().filter(|attempt| attempt.state.may_be_paid()) {
            match self.end_attempt(attempt, cause).await {
                Ok(one) => ended.push(one),
                // An attempt that was queried before may have paid the order. Then the result of the others does not matter.
                Err(_) if !ended.is_empty() && self.is_decided(order_id).await => break,
                Err(error) => {
                    self.note_ended(order_id, ended, cause).await;
                    return Err(error);
                }
            }
        }
        let done = self.transact.run(order_id.as_str(), &command(ended.clone()), cause).await;
        let is_unpaid = !matches!(done, Err(TransactError::Refused(Refusal::NotAllowed(_))));
        if done.is_err() && is_unpaid {
            self.note_ended(order_id, ended, cause).await;
        }
        Ok(done?)
    }

    /// Whether the order is no longer unpaid.
    async fn is_decided(&self, order_id: &OrderId) -> bool {
        let order = self.transact.look(order_id.as_str()).await.ok().and_then(|ledger| ledger.order);
        order.is_some_and(|order| order.status != OrderStatus::AwaitingPayment)
    }

    /// Records which attempts the channel has closed although the command did not succeed, so that the next payment opens a
    /// new attempt. If that fails, the order's timer records it later.
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

    /// The status of the trade of an attempt; `None` if the channel has no trade. A payment is settled.
    pub(crate) async fn state_of_trade(
        &self,
        attempt: &PaymentAttempt,
        cause: &Cause,
    ) -> Result<Option<TradeStatus>, OrderError> {
        let gateway = self.channels.gateway(attempt.channel)?;
        let Some(trade) = gateway.query(&attempt.out_trade_no).await? else { return Ok(None) };
        if trade.is_payment() {
            let by_channel = Cause::channel(attempt.channel, cause.request_id.clone());
            self.settle_trade(&trade, EvidenceSource::Query, &by_channel).await?;
        }
        Ok(Some(trade.status))
    }
}

/// The result of a notification as a label value in metrics.
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

/// What the events mean for the caller that brought the evidence.
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
            | Event::RefundReopened { .. }
            | Event::StockReturned { .. }
            | Event::TimerSet { .. } => {}
        }
    }
    settled
}
