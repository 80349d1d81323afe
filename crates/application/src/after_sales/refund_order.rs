use std::{sync::Arc, time::Duration};

use domain::{
    Cause, EvidenceSource, Money, OrderId, Refund, RefundAsk, RefundStatus,
    ledger::{Command, RefundAnswer, Refusal},
};
use ports::{Claimed, Clock, GatewayError, PaymentGateway, RefundOutcome, RefundRequest, StoreError};

use crate::{OrderChangeError, SettlePayment, Transact, TransactError};

/// 退款: money goes back to the buyer, all or a part of it, once for each request number.
///
/// A refund is written down before Alipay is asked, and its outcome after. What Alipay left unclear is asked about
/// again, here or in another process, until it is known; it is never guessed.
pub struct RefundOrder {
    /// Where refund, order, payment and stock are changed together.
    pub transact: Arc<Transact>,
    /// Sends the money.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Writes down a payment that Alipay knows and we do not.
    pub settle: Arc<SettlePayment>,
    /// What is due.
    pub clock: Arc<dyn Clock>,
}

/// Alipay's answer, and what went back of the trade in all, if it said so.
struct Answer {
    answer: RefundAnswer,
    in_all: Option<Money>,
}

impl RefundOrder {
    /// How long one process has a refund to itself.
    const LEASE: Duration = Duration::from_secs(120);
    /// How many refunds one pass of the job does at most: one after the other, and within the lease even if Alipay
    /// keeps each of the three calls of each waiting for as long as it may. The next pass follows at once.
    const PASS: u32 = 3;

    /// Refunds what staff ask for, and says where it stands: still [`RefundStatus::Requested`] if Alipay's answer was
    /// unclear.
    pub async fn request(
        &self,
        order_number: &str,
        ask: &RefundAsk,
        cause: &Cause,
    ) -> Result<Refund, OrderChangeError> {
        let refund = match self.record(order_number, ask, cause).await {
            Err(TransactError::Refused(Refusal::NothingToRefund))
                if self.learn_payment(order_number, cause).await? =>
            {
                self.record(order_number, ask, cause).await?
            }
            other => other?,
        };
        match refund.status {
            RefundStatus::Requested => {
                let attempts = u32::from(refund.failure.is_some());
                self.carry_out(refund, attempts).await
            }
            RefundStatus::Succeeded | RefundStatus::Failed => Ok(refund),
        }
    }

    /// One pass over the refunds that are due; says how many it looked at. Several processes may do this at once.
    pub async fn pass(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due = self.transact.orders.claim_due_refunds(now, now.after(Self::LEASE), Self::PASS).await?;
        let taken = due.len();
        for Claimed { item: refund, attempts } in due {
            let number = refund.out_request_no.clone();
            // The request that recorded what staff want asks for it, perhaps at this very moment.
            let attempts = if refund.kind.is_automatic() { attempts } else { attempts.max(1) };
            if let Err(error) = self.carry_out(refund, attempts).await {
                tracing::error!(
                    out_request_no = number,
                    error = &error as &dyn std::error::Error,
                    "a refund could not be written down; it is tried again"
                );
            }
        }
        Ok(taken)
    }

    /// Writes the refund down, or finds the one that was written down before.
    async fn record(
        &self,
        order_number: &str,
        ask: &RefundAsk,
        cause: &Cause,
    ) -> Result<Refund, TransactError> {
        let command = Command::RequestRefund { ask: ask.clone(), lease: Self::LEASE };
        let ledger = self.transact.run(order_number, &command, cause).await?.ledger;
        let unknown = || Refusal::UnknownRefund(ask.out_request_no.clone());
        Ok(ledger.refund(&ask.out_request_no).cloned().ok_or_else(unknown)?)
    }

    /// Asks Alipay for the payment of an order that is paid without one on record, as the old back end left them.
    async fn learn_payment(&self, order_number: &str, cause: &Cause) -> Result<bool, OrderChangeError> {
        let Ok(id) = OrderId::parse(order_number) else { return Ok(false) };
        let ledger = self.transact.look(order_number).await?;
        if !ledger.payments.is_empty() || !ledger.order.is_some_and(|order| order.status.is_paid()) {
            return Ok(false);
        }
        match self.gateway.query(id.as_str()).await? {
            Some(trade) if trade.is_payment() => {
                let by_alipay = Cause::alipay(cause.request_id.clone());
                self.settle.by_trade(&trade, EvidenceSource::Query, &by_alipay).await?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Asks Alipay and writes down what it says. `attempts`: how often it may have been asked before.
    pub(crate) async fn carry_out(&self, refund: Refund, attempts: u32) -> Result<Refund, OrderChangeError> {
        let Answer { answer, in_all } = self.ask_alipay(&refund, attempts).await;
        let Refund { out_request_no, out_trade_no, trade_no, .. } = refund;
        let command =
            Command::RecordRefundAnswer { out_request_no: out_request_no.clone(), answer, attempts };
        let ledger = self.transact.run(&out_trade_no, &command, &Cause::alipay(None)).await?.ledger;
        if let Some(past) = in_all.and_then(|sum| ledger.refunded_elsewhere(&trade_no, sum)) {
            // Under which numbers, Alipay does not say here.
            tracing::error!(
                out_trade_no, trade_no, %past,
                "more of a trade went back at Alipay than is on record; reconciling that day records it"
            );
        }
        let unknown = || TransactError::from(Refusal::UnknownRefund(out_request_no.clone()));
        Ok(ledger.refund(&out_request_no).cloned().ok_or_else(unknown)?)
    }

    async fn ask_alipay(&self, refund: &Refund, attempts: u32) -> Answer {
        // Where somebody asked before us, the money may have gone already.
        if attempts > 0
            && let Some(known) = self.find(refund).await
        {
            return known;
        }
        let request = RefundRequest {
            trade_no: refund.trade_no.clone(),
            out_request_no: refund.out_request_no.clone(),
            amount: refund.amount,
            reason: refund.reason.clone(),
        };
        match self.gateway.refund(&request).await {
            Ok(RefundOutcome::Refunded { gone_back }) => {
                Answer { answer: RefundAnswer::Succeeded, in_all: gone_back }
            }
            Ok(RefundOutcome::Unclear) => unclear("支付宝处理中"),
            Err(GatewayError::Refused { code, message }) => match self.find(refund).await {
                Some(known) => known,
                None => {
                    // Alipay's business refusals are final: see its table of `sub_code`.
                    let is_final = code.starts_with("ACQ.");
                    let reason = format!("{code} {message}");
                    Answer { answer: RefundAnswer::Refused { reason, is_final }, in_all: None }
                }
            },
            Err(
                error @ (GatewayError::Unreachable(_)
                | GatewayError::Nonsense(_)
                | GatewayError::Unknown { .. }),
            ) => unclear(error),
        }
    }

    /// What Alipay knows of the refund; `None` if it knows none.
    async fn find(&self, refund: &Refund) -> Option<Answer> {
        match self.gateway.refund_query(&refund.trade_no, &refund.out_request_no).await {
            Ok(Some(amount)) if amount == refund.amount => {
                Some(Answer { answer: RefundAnswer::Succeeded, in_all: None })
            }
            Ok(Some(amount)) => {
                Some(unclear(format_args!("支付宝的退款金额为{amount},与记录的{}不同", refund.amount)))
            }
            Ok(None) => None,
            Err(error) => Some(unclear(error)),
        }
    }
}

fn unclear(reason: impl std::fmt::Display) -> Answer {
    Answer { answer: RefundAnswer::Unclear { reason: reason.to_string() }, in_all: None }
}
