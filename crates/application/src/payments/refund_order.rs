//! 退款: refunds all or a part of a payment, once for each request number.
//!
//! A refund is recorded before it is sent to the channel, and its outcome afterwards. If the outcome is unclear, this or
//! another process asks the channel again until it is known; the outcome is never guessed. One process at a time sends a
//! refund: the process of the request, or the process whose job has the lease.

use std::{sync::Arc, time::Duration};

use domain::{
    Cause, Channel, EvidenceSource, Money, OrderId, OrderLedger, Refund, RefundAsk, RefundStatus,
    ledger::{Command, Event, RefundAnswer, Refusal},
};
use ports::{Claimed, GatewayError, RefundOutcome, RefundRequest};

use crate::{Job, JobError, OrderError, OrderService, TransactError, Transacted, jobs::each};

/// Sends due refunds, and asks the channel about refunds whose outcome is unknown.
pub struct DueRefunds(pub Arc<OrderService>);

/// Who carries out the refund of a request.
enum Claim {
    /// The caller: the refund is recorded now, and the channel has not been asked.
    New,
    /// The caller: the refund failed before and is requested again now.
    Anew,
    /// Not the caller: another request or the job carries it out, or it is done.
    None,
}

/// The channel's answer, and the total that was refunded of the trade, if the channel gave it.
struct Answer {
    answer: RefundAnswer,
    in_all: Option<Money>,
}

/// How long one process owns a refund.
const LEASE: Duration = Duration::from_secs(120);
/// How many refunds one pass of the job does at most, in sequence. They fit into the lease even if the channel takes the
/// longest allowed time for each of the three calls per refund. The next pass follows at once, except after a panic.
const PASS: u32 = 3;

impl OrderService {
    /// Makes a refund for staff and returns its state. It stays [`RefundStatus::Requested`] if the channel's answer was
    /// unclear, or a refusal that is not final. A repeated request tries a failed refund again, and asks the channel about
    /// an open one.
    pub async fn refund(
        &self,
        order_number: &str,
        ask: &RefundAsk,
        cause: &Cause,
    ) -> Result<Refund, OrderError> {
        let (refund, claim) = match self.record_refund(order_number, ask, cause).await {
            Err(TransactError::Refused(Refusal::NothingToRefund))
                if self.learn_payment(order_number, cause).await? =>
            {
                self.record_refund(order_number, ask, cause).await?
            }
            other => other?,
        };
        match claim {
            Claim::New => self.send_refund(refund, 0).await,
            Claim::Anew => match self.find_refund(&refund).await {
                Some(known) => self.record_answer(refund, known, 0).await,
                None => self.send_refund(refund, 0).await,
            },
            Claim::None => self.look_up_refund(refund).await,
        }
    }

    /// Asks the channel whether an open refund is done, and records that. Never sends the refund.
    pub(crate) async fn look_up_refund(&self, refund: Refund) -> Result<Refund, OrderError> {
        if refund.status != RefundStatus::Requested {
            return Ok(refund);
        }
        match self.find_refund(&refund).await {
            Some(known @ Answer { answer: RefundAnswer::Succeeded, .. }) => {
                self.record_answer(refund, known, 1).await
            }
            Some(_) | None => Ok(refund),
        }
    }

    /// Records the refund, or finds the existing record. Also returns who carries it out.
    async fn record_refund(
        &self,
        order_number: &str,
        ask: &RefundAsk,
        cause: &Cause,
    ) -> Result<(Refund, Claim), TransactError> {
        let command = Command::RequestRefund { ask: ask.clone(), lease: LEASE };
        let Transacted { ledger, events } = self.transact.run(order_number, &command, cause).await?;
        let claim = if events.iter().any(|event| matches!(event, Event::RefundRequested { .. })) {
            Claim::New
        } else if events.iter().any(|event| matches!(event, Event::RefundReopened { .. })) {
            Claim::Anew
        } else {
            Claim::None
        };
        Ok((on_record(&ledger, &ask.out_request_no)?, claim))
    }

    /// Queries the channel about a paid order without a record of the payment that paid it, as the old back end left
    /// them. Returns whether it was paid.
    async fn learn_payment(&self, order_number: &str, cause: &Cause) -> Result<bool, OrderError> {
        let Ok(id) = OrderId::parse(order_number) else { return Ok(false) };
        let ledger = self.transact.look(order_number).await?;
        if ledger.settled_payment().is_some() || !ledger.order.is_some_and(|order| order.status.is_paid()) {
            return Ok(false);
        }
        // The old back end knew no other channel.
        let channel = Channel::default();
        match self.channels.gateway(channel)?.query(id.as_str()).await? {
            Some(trade) if trade.is_payment() => {
                let by_channel = Cause::channel(channel, cause.request_id.clone());
                self.settle_trade(&trade, EvidenceSource::Query, &by_channel).await?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Sends the refund and records the channel's answer. `attempts`: how often the channel may have been asked before.
    async fn send_refund(&self, refund: Refund, attempts: u32) -> Result<Refund, OrderError> {
        let answer = self.ask_for_refund(&refund, attempts).await;
        self.record_answer(refund, answer, attempts).await
    }

    async fn record_answer(
        &self,
        refund: Refund,
        Answer { answer, in_all }: Answer,
        attempts: u32,
    ) -> Result<Refund, OrderError> {
        let Refund { out_request_no, out_trade_no, channel, trade_no, .. } = refund;
        let command =
            Command::RecordRefundAnswer { out_request_no: out_request_no.clone(), answer, attempts };
        let ledger = self.transact.run(&out_trade_no, &command, &Cause::channel(channel, None)).await?.ledger;
        if let Some(past) = in_all.and_then(|sum| ledger.refunded_elsewhere(channel.trade(&trade_no), sum)) {
            // The channel does not give the request numbers here.
            tracing::error!(
                out_trade_no, trade_no, %past,
                "more of a trade went back at its channel than is on record; reconciling that day records it"
            );
        }
        Ok(on_record(&ledger, &out_request_no)?)
    }

    async fn ask_for_refund(&self, refund: &Refund, attempts: u32) -> Answer {
        // After an earlier attempt, the money may already be refunded.
        if attempts > 0
            && let Some(known) = self.find_refund(refund).await
        {
            return known;
        }
        let request = RefundRequest {
            trade_no: refund.trade_no.clone(),
            out_request_no: refund.out_request_no.clone(),
            amount: refund.amount,
            reason: refund.reason.clone(),
        };
        let refunded = async { self.channels.gateway(refund.channel)?.refund(&request).await };
        match refunded.await {
            Ok(RefundOutcome::Refunded { gone_back }) => {
                Answer { answer: RefundAnswer::Succeeded, in_all: gone_back }
            }
            Ok(RefundOutcome::Unclear) => unclear(format_args!("{}处理中", refund.channel.label())),
            Err(GatewayError::Refused { code, message, is_final }) => match self.find_refund(refund).await {
                Some(known) => known,
                None => {
                    let reason = format!("{code} {message}");
                    Answer { answer: RefundAnswer::Refused { reason, is_final }, in_all: None }
                }
            },
            Err(
                error @ (GatewayError::Unreachable(_)
                | GatewayError::Nonsense(_)
                | GatewayError::Unknown { .. }),
            ) => failed(refund, &error),
        }
    }

    async fn send_due_refund(&self, Claimed { item: refund, attempts }: Claimed<Refund>) {
        let number = refund.out_request_no.clone();
        // The request by staff that recorded the refund also sends it, perhaps at this very moment.
        let attempts = if refund.kind.is_automatic() { attempts } else { attempts.max(1) };
        if let Err(error) = self.send_refund(refund, attempts).await {
            tracing::error!(
                out_request_no = number,
                error = &error as &dyn std::error::Error,
                "a refund could not be written down; it is tried again"
            );
        }
    }

    /// The channel's answer to a query about the refund; `None` if the channel has no such refund.
    async fn find_refund(&self, refund: &Refund) -> Option<Answer> {
        let Refund { channel, trade_no, out_request_no, .. } = refund;
        let known = async { self.channels.gateway(*channel)?.refund_query(trade_no, out_request_no).await };
        match known.await {
            Ok(Some(amount)) if amount == refund.amount => {
                Some(Answer { answer: RefundAnswer::Succeeded, in_all: None })
            }
            Ok(Some(amount)) => {
                let channel = channel.label();
                Some(unclear(format_args!("{channel}的退款金额为{amount},与记录的{}不同", refund.amount)))
            }
            Ok(None) => None,
            Err(error) => Some(failed(refund, &error)),
        }
    }
}

/// Several processes may run this job at the same time.
impl Job for DueRefunds {
    const NAME: &'static str = "due_refunds";

    async fn pass(&self) -> Result<usize, JobError> {
        let Self(service) = self;
        let now = service.now();
        let due = service.transact.orders.claim_due_refunds(now, now.after(LEASE), PASS).await?;
        let work = due.into_iter().map(|claimed| {
            let service = Arc::clone(service);
            (claimed.item.out_request_no.clone(), async move { service.send_due_refund(claimed).await })
        });
        each(work, 1).await
    }
}

fn on_record(ledger: &OrderLedger, out_request_no: &str) -> Result<Refund, Refusal> {
    let unknown = || Refusal::UnknownRefund(out_request_no.to_owned());
    ledger.refund(out_request_no).cloned().ok_or_else(unknown)
}

/// The answer if the outcome is unknown. Staff read the reason in the language of the pages; the cause goes to the log.
fn failed(refund: &Refund, error: &GatewayError) -> Answer {
    tracing::warn!(
        out_request_no = refund.out_request_no,
        error = error as &dyn std::error::Error,
        "what became of a refund is not known"
    );
    let channel = refund.channel.label();
    match error {
        GatewayError::Unreachable(_) => unclear(format_args!("暂时无法连接{channel}")),
        GatewayError::Nonsense(_) => unclear(format_args!("{channel}的回复无法识别")),
        GatewayError::Unknown { code } => unclear(format_args!("{channel}暂时无法确认结果({code})")),
        GatewayError::Refused { code, message, .. } => unclear(format_args!("{code} {message}")),
    }
}

fn unclear(reason: impl std::fmt::Display) -> Answer {
    Answer { answer: RefundAnswer::Unclear { reason: reason.to_string() }, in_all: None }
}
