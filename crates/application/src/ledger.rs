//! The only caller of [`OrderLedger::decide`] that writes: it locks the number, decides, writes the events and commits.
//! After a conflict with a concurrent change it tries again, a bounded number of times.

use std::sync::Arc;

use domain::{
    Cause, OrderLedger, PaymentStatus, RefundStatus,
    ledger::{Command, Event, Refusal},
};
use metrics::counter;
use ports::{AppendError, Clock, OrderRepo, Randomness, StoreError, metric};

use crate::retries::{ATTEMPTS, Again, Attempts};

/// Changes the ledger of an order number.
pub struct Transact {
    /// Reads and writes the ledgers.
    pub orders: Arc<dyn OrderRepo>,
    /// Gives the time of the events.
    pub clock: Arc<dyn Clock>,
    /// Adds jitter between processes that wait for the same rows.
    pub randomness: Arc<dyn Randomness>,
}

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transacted {
    /// The ledger after the command.
    pub ledger: OrderLedger,
    /// The events that were written; empty if the command changed nothing.
    pub events: Vec<Event>,
}

/// Why a command did not take effect. Nothing was written, except possibly with [`StoreError::OutcomeUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum TransactError {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A concurrent change won at every attempt.
    #[error("the order kept changing meanwhile")]
    Conflict,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Transact {
    /// Runs a command on the ledger of the number.
    pub async fn run(
        &self,
        number: &str,
        command: &Command,
        cause: &Cause,
    ) -> Result<Transacted, TransactError> {
        let mut attempts = Attempts::at_most(ATTEMPTS, &*self.randomness);
        loop {
            let why = match self.try_once(number, command, cause).await {
                Err(TransactError::Conflict) => Again::Conflict,
                Err(TransactError::Store(StoreError::Busy(_))) => Again::Busy,
                outcome => return outcome,
            };
            attempts.again(why, TransactError::Conflict).await?;
        }
    }

    async fn try_once(
        &self,
        number: &str,
        command: &Command,
        cause: &Cause,
    ) -> Result<Transacted, TransactError> {
        let mut locked = self.orders.lock(number).await?;
        let events = locked.ledger().decide(command, cause, self.clock.now())?;
        let mut ledger = locked.ledger().clone();
        if events.is_empty() {
            return Ok(Transacted { ledger, events });
        }
        for event in &events {
            ledger.apply(event).map_err(Refusal::from)?;
        }
        if let Some(trace) = crate::noticed::trace() {
            locked.set_trace(trace);
        }
        match locked.append(&events).await {
            Ok(()) => {}
            Err(AppendError::GuardLost) => return Err(TransactError::Conflict),
            Err(AppendError::RequestNumberInUse) => return Err(Refusal::RequestNumberReused.into()),
            Err(AppendError::Store(error)) => return Err(error.into()),
        }
        for event in &events {
            report(&ledger, event);
        }
        Ok(Transacted { ledger, events })
    }

    /// Reads the ledger of the number without a change.
    pub(crate) async fn look(&self, number: &str) -> Result<OrderLedger, StoreError> {
        Ok(self.orders.lock(number).await?.ledger().clone())
    }
}

/// Sets counters of rare events to 0, so that the first event shows as an increase and not as a new series. Call it
/// directly after the metrics recorder is installed.
pub fn count_from_zero() {
    let counters: [(&'static str, &'static str, &[&'static str]); 6] = [
        (metric::PAYMENTS, "status", &PaymentStatus::ALL.map(PaymentStatus::as_str)),
        (metric::REFUNDS, "status", &["requested", "succeeded", "failed", "postponed"]),
        (metric::RETRIES, "cause", &Again::ALL.map(Again::word)),
        (metric::NOTIFICATIONS, "verdict", &["paid", "bad_signature", "unreadable", "not_for_us", "failed"]),
        (metric::QUEUE_REFUSED, "reason", &["full", "waited"]),
        (metric::SIGN_INS, "outcome", &["signed_in", "wrong", "locked_out"]),
    ];
    for (name, label, words) in counters {
        for word in words {
            counter!(name, label => *word).increment(0);
        }
    }
    for (kind, actor) in [("amount", "shop"), ("address", "shop"), ("address", "buyer")] {
        counter!(metric::AMENDMENTS, "kind" => kind, "actor" => actor).increment(0);
    }
    counter!(metric::ORDERS_PLACED).increment(0);
}

/// Counts and logs an event. Events that staff must look at are logged as errors. Texts that people typed are not
/// logged: reasons, addresses and carriers may contain personal data. They are stored with the order.
fn report(ledger: &OrderLedger, event: &Event) {
    let number = ledger.number.as_str();
    match event {
        Event::StatusChanged(change) => {
            let (from, to) = (change.from.label(), change.to.label());
            let actor = change.cause.actor.as_str();
            counter!(metric::STATUS_CHANGES, "to" => change.to.as_str(), "actor" => actor).increment(1);
            tracing::info!(order = number, from, to, actor, "order status changed");
        }
        Event::AmountLowered { before, after, cause, .. } => {
            let actor = cause.actor.as_str();
            counter!(metric::AMENDMENTS, "kind" => "amount", "actor" => actor).increment(1);
            tracing::info!(order = number, %before, %after, actor, "order amount lowered");
        }
        Event::AddressChanged { cause, .. } => {
            let actor = cause.actor.as_str();
            counter!(metric::AMENDMENTS, "kind" => "address", "actor" => actor).increment(1);
            tracing::info!(order = number, actor, "order address changed");
        }
        Event::AttemptOpened(attempt) => {
            let (attempt, product) = (attempt.out_trade_no.as_str(), attempt.product.as_str());
            tracing::info!(order = number, attempt, product, "attempt to pay opened");
        }
        Event::AttemptClosed { out_trade_no, is_final, .. } => {
            tracing::info!(order = number, attempt = out_trade_no, is_final, "attempt to pay closed");
        }
        Event::AttemptPaid { out_trade_no, .. } => {
            tracing::info!(order = number, attempt = out_trade_no, "attempt to pay paid");
        }
        Event::PaymentRecorded(payment) => {
            let (trade_no, amount) = (payment.trade.trade_no.as_str(), payment.trade.total_amount);
            let status = payment.status.as_str();
            counter!(metric::PAYMENTS, "status" => status).increment(1);
            if payment.status == PaymentStatus::Settled {
                tracing::info!(order = number, trade_no, %amount, status, "payment recorded");
            } else {
                tracing::error!(order = number, trade_no, %amount, status, "a payment does not pay its order");
            }
        }
        Event::TradeClosed { channel, trade_no } => {
            let channel = channel.as_str();
            tracing::warn!(
                order = number,
                channel,
                trade_no,
                "nothing is left of a trade whose refunds are not all on record"
            );
        }
        Event::RefundRequested { refund, .. } => {
            let (request, amount) = (refund.out_request_no.as_str(), refund.amount);
            counter!(metric::REFUNDS, "status" => "requested").increment(1);
            tracing::info!(order = number, request, %amount, "refund requested");
        }
        Event::RefundReopened { refund, .. } => {
            let (request, amount) = (refund.out_request_no.as_str(), refund.amount);
            counter!(metric::REFUNDS, "status" => "requested").increment(1);
            tracing::info!(order = number, request, %amount, "a refund that failed is requested again");
        }
        Event::RefundSucceeded { refund, before, .. } => {
            let (request, amount) = (refund.out_request_no.as_str(), refund.amount);
            counter!(metric::REFUNDS, "status" => "succeeded").increment(1);
            match before {
                Some(RefundStatus::Requested | RefundStatus::Succeeded) => {
                    tracing::info!(order = number, request, %amount, "refund succeeded");
                }
                Some(RefundStatus::Failed) => {
                    tracing::warn!(order = number, request, %amount, "a refund recorded as failed succeeded after all");
                }
                None => {
                    tracing::warn!(order = number, request, %amount, "a refund was made past this service")
                }
            }
        }
        Event::RefundFailed { out_request_no, failure, .. } => {
            counter!(metric::REFUNDS, "status" => "failed").increment(1);
            tracing::error!(order = number, request = out_request_no, failure, "refund failed");
        }
        Event::RefundPostponed { out_request_no, failure, .. } => {
            counter!(metric::REFUNDS, "status" => "postponed").increment(1);
            tracing::warn!(order = number, request = out_request_no, failure, "refund not known to be done");
        }
        Event::Shipped(_) => tracing::info!(order = number, "order shipped"),
        Event::StockReturned { reason, pieces, .. } => {
            tracing::info!(order = number, reason = reason.to_word(), ?pieces, "pieces went back into stock");
        }
        Event::StockRetaken { pieces, .. } => {
            tracing::warn!(
                order = number,
                ?pieces,
                "a cancelled order was paid late and took its stock again"
            );
        }
        Event::TimerSet { .. } => {}
    }
}
