//! The one way in which an order becomes paid, whatever the evidence: notification, return, query or bill.

use domain::{
    Cause, Channel, EndedAttempt, EvidenceSource, NotForUs, OrderId, OrderStatus, PaymentAttempt,
    PaymentStatus, RefusedMessage, Trade, TradeStatus, UnstorableTrade,
    ledger::{Command, ConfirmedRefund, Event, Refusal},
};
use metrics::counter;
use ports::{CloseOutcome, NotVerified, PaymentChannel, metric};

use crate::{OrderChangeError, OrderService, SettleError, TransactError, Transacted};

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

/// Why a notification was not taken as evidence, or not dealt with.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// The channel did not sign it, or the shop is not paid through that channel.
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    /// It is for another shop.
    #[error(transparent)]
    NotForUs(#[from] NotForUs),
    /// It should be sent again.
    #[error(transparent)]
    Settle(#[from] SettleError),
}

impl OrderService {
    /// Deals with the body of a channel's notification.
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

    /// The channel from which a message comes.
    pub(super) fn channel(&self, channel: Channel) -> Result<&PaymentChannel, NotVerified> {
        let not_ours = || NotVerified::Malformed("the shop is not paid through this channel".into());
        self.channels.get(channel).ok_or_else(not_ours)
    }

    /// Keeps a message that can never be dealt with for people to look at, so that the channel need not send it again.
    async fn refuse(&self, trade: UnstorableTrade, body: &[u8]) -> Result<Settled, SettleError> {
        let why = trade.why;
        let message = RefusedMessage::new(trade, body, self.now());
        self.refused.keep_refused(&message).await.map_err(TransactError::from)?;
        tracing::error!(%why, "a channel's message can never be stored: look at dashop_refused_message");
        Ok(Settled::NothingNew)
    }

    /// Deals with a trade that is proven: by a verified message for this shop, or by a signed answer to our own
    /// query. Doing it again changes nothing.
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
        // Which refunds they were may be known much later: nothing is shipped meanwhile of a trade of which nothing is left.
        if trade.is_wholly_refunded() {
            let command = Command::CloseTrade { trade: trade.clone() };
            self.transact.run(&trade.out_trade_no, &command, cause).await?;
        }
        Err(unsettled)
    }

    /// A refund as its channel has it.
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

    /// Deals with a refund that its channel confirmed, with what proves its payment for the case that it is not on record.
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

    /// Sees to it that no payment is under way in an attempt, and says whether one can still be made: no buyer has come to
    /// the cashier, and one may still come before the deadline. What turns out paid is settled.
    pub(crate) async fn end_attempt(
        &self,
        attempt: &PaymentAttempt,
        cause: &Cause,
    ) -> Result<EndedAttempt, OrderChangeError> {
        let is_final = match self.state_of_trade(attempt, cause).await? {
            None => false,
            Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => true,
            Some(TradeStatus::WaitBuyerPay) => {
                match self.channels.gateway(attempt.channel)?.close(&attempt.out_trade_no).await? {
                    CloseOutcome::Closed => true,
                    CloseOutcome::NoTrade => false,
                    // It was paid or closed since we asked.
                    CloseOutcome::NotClosable => match self.state_of_trade(attempt, cause).await? {
                        None | Some(TradeStatus::WaitBuyerPay) => false,
                        Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => true,
                    },
                }
            }
        };
        Ok(EndedAttempt { out_trade_no: attempt.out_trade_no.clone(), is_final })
    }

    /// Ends every one of these that may be paid, and then does what they were ended for. Where that is not done, those that their
    /// channel has closed so far are noted down; not of an order that is no longer unpaid, of which none is handed out.
    pub(crate) async fn after_ending(
        &self,
        order_id: &OrderId,
        attempts: &[PaymentAttempt],
        command: impl FnOnce(Vec<EndedAttempt>) -> Command,
        cause: &Cause,
    ) -> Result<Transacted, OrderChangeError> {
        let mut ended = Vec::new();
        for attempt in attempts.iter().filter(|attempt| attempt.state.may_be_paid()) {
            match self.end_attempt(attempt, cause).await {
                Ok(one) => ended.push(one),
                // One that was asked about before may be paid: that decides, whatever the others come to.
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

    /// Writes down which attempts their channel has closed, where what they were closed for did not come about: the next start of a
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

    /// Where the trade of an attempt stands; `None` if its channel has none. What is paid is settled.
    pub(crate) async fn state_of_trade(
        &self,
        attempt: &PaymentAttempt,
        cause: &Cause,
    ) -> Result<Option<TradeStatus>, OrderChangeError> {
        let gateway = self.channels.gateway(attempt.channel)?;
        let Some(trade) = gateway.query(&attempt.out_trade_no).await? else { return Ok(None) };
        if trade.is_payment() {
            let by_channel = Cause::channel(attempt.channel, cause.request_id.clone());
            self.settle_trade(&trade, EvidenceSource::Query, &by_channel).await?;
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
            | Event::RefundReopened { .. }
            | Event::StockReturned { .. }
            | Event::TimerSet { .. } => {}
        }
    }
    settled
}
