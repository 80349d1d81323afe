use std::{sync::Arc, time::Duration};

use domain::{
    Cause, EvidenceSource, Money, OrderId, Refund, RefundAsk, RefundRefusal, RefundStatus, ShopTime, back_off,
};
use ports::{
    Claimed, Clock, GatewayError, PaymentGateway, RefundOutcome, RefundRequest, StoreError, UnitOfWork,
    UnitsOfWork,
};

use crate::{
    ATTEMPTS, SettleError, SettlePayment,
    books::{Books, by_alipay},
};

/// 退款: money goes back to the buyer, all or a part of it, once for each request number.
///
/// A refund is written down before Alipay is asked, and its outcome after. What Alipay left unclear is asked about
/// again, here or in another process, until it is known; it is never guessed.
pub struct RefundOrder {
    /// Where refund, order, payment and stock are changed together.
    pub units: Arc<dyn UnitsOfWork>,
    /// Sends the money.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Writes down a payment that Alipay knows and we do not.
    pub settle: Arc<SettlePayment>,
    /// When.
    pub clock: Arc<dyn Clock>,
}

/// Why there is no refund.
#[derive(Debug, thiserror::Error)]
pub enum RefundOrderError {
    /// There is no such order, and no payment of that number.
    #[error("no such order")]
    UnknownOrder,
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] RefundRefusal),
    /// The request number was used before, for something else.
    #[error("the request number was used before, with another content")]
    RequestNoReused,
    /// The order has no payment on record, and Alipay could not be asked for it.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Alipay's word about the payment could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The order kept changing.
    #[error("the order kept changing meanwhile")]
    Conflict,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What Alipay's word means for a refund.
enum Verdict {
    /// With what went back of the trade in all, where Alipay said so.
    Succeeded(Option<Money>),
    Failed(String),
    /// Not known yet.
    Open(String),
}

impl RefundOrder {
    /// How long one process has a refund to itself.
    const LEASE: Duration = Duration::from_secs(120);
    /// How long after an unclear answer Alipay is asked again; doubled each time.
    const FIRST_WAIT: Duration = Duration::from_secs(10);
    const LONGEST_WAIT: Duration = Duration::from_secs(3600);
    /// How often Alipay is asked at most: for about two weeks.
    const MOST_ATTEMPTS: u32 = 340;
    /// How many refunds one pass of the job does at most: one after the other, and within the lease even where Alipay
    /// keeps each of the three calls of each waiting for as long as it may. The next pass follows at once.
    const PASS: u32 = 3;

    /// Refunds what the shop's people ask for, and says where it stands: still [`RefundStatus::Requested`] where Alipay's
    /// answer was unclear.
    pub async fn request(
        &self,
        order_number: &str,
        ask: &RefundAsk,
        cause: &Cause,
    ) -> Result<Refund, RefundOrderError> {
        let refund = match self.record(order_number, ask, cause).await {
            Err(RefundOrderError::Refused(RefundRefusal::NothingToRefund))
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
        let mut unit = self.units.begin().await?;
        let due = unit.refunds().claim_due(now, now.after(Self::LEASE), Self::PASS).await?;
        unit.commit().await?;
        let taken = due.len();
        for Claimed { item: refund, attempts } in due {
            let number = refund.out_request_no.clone();
            // What the shop's people want was asked for by whoever wrote it down, perhaps at this very moment.
            let attempts = if refund.kind.is_owed() { attempts } else { attempts.max(1) };
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

    async fn record(
        &self,
        order_number: &str,
        ask: &RefundAsk,
        cause: &Cause,
    ) -> Result<Refund, RefundOrderError> {
        for _ in 0..ATTEMPTS {
            match self.try_record(order_number, ask, cause).await {
                Ok(Some(refund)) => return Ok(refund),
                Ok(None) | Err(RefundOrderError::Store(StoreError::Busy(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RefundOrderError::Conflict)
    }

    /// Writes the refund down, or finds the one that was written down before. None where somebody was faster.
    async fn try_record(
        &self,
        order_number: &str,
        ask: &RefundAsk,
        cause: &Cause,
    ) -> Result<Option<Refund>, RefundOrderError> {
        let mut unit = self.units.begin().await?;
        let books = Books::open(&mut *unit, order_number).await?;
        if books.order.is_none() && books.payments.is_empty() {
            return Err(RefundOrderError::UnknownOrder);
        }
        if let Some(known) = unit.refunds().find(&ask.out_request_no).await? {
            let is_same = known.out_trade_no == order_number && ask.is_answered_by(&known);
            return if is_same { Ok(Some(known)) } else { Err(RefundOrderError::RequestNoReused) };
        }
        let now = self.clock.now();
        let refund = books.view().decide(ask, cause.clone(), now)?;
        if !unit.refunds().record(&refund, Some(now.after(Self::LEASE))).await? {
            return Ok(None);
        }
        unit.commit().await?;
        Ok(Some(refund))
    }

    /// Asks Alipay for the payment of an order that is paid without one on record, as the old back end left them.
    async fn learn_payment(&self, order_number: &str, cause: &Cause) -> Result<bool, RefundOrderError> {
        let Ok(id) = OrderId::parse(order_number) else { return Ok(false) };
        let mut unit = self.units.begin().await?;
        let books = Books::open(&mut *unit, order_number).await?;
        drop(unit);
        if !books.payments.is_empty() || !books.order.is_some_and(|order| order.status.is_paid()) {
            return Ok(false);
        }
        match self.gateway.query(&id).await? {
            Some(trade) if trade.is_payment() => {
                self.settle.by_trade(&trade, EvidenceSource::Query, by_alipay(cause)).await?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Asks Alipay and writes down what it says. `attempts`: how often it may have been asked before.
    pub(crate) async fn carry_out(&self, refund: Refund, attempts: u32) -> Result<Refund, RefundOrderError> {
        let verdict = self.ask_alipay(&refund, attempts).await;
        for _ in 0..ATTEMPTS {
            match self.write(&refund, &verdict, attempts).await {
                Ok(Some(refund)) => return Ok(refund),
                Ok(None) | Err(StoreError::Busy(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RefundOrderError::Conflict)
    }

    async fn ask_alipay(&self, refund: &Refund, attempts: u32) -> Verdict {
        // Where somebody asked before us, the money may have gone already.
        if attempts > 0 {
            match self.look(refund).await {
                Verdict::Failed(_) => {}
                known @ (Verdict::Succeeded(_) | Verdict::Open(_)) => return known,
            }
        }
        let request = RefundRequest {
            trade_no: refund.trade_no.clone(),
            out_request_no: refund.out_request_no.clone(),
            amount: refund.amount,
            reason: refund.reason.clone(),
        };
        match self.gateway.refund(&request).await {
            Ok(RefundOutcome::Refunded { gone_back }) => Verdict::Succeeded(gone_back),
            Ok(RefundOutcome::Unclear) => Verdict::Open("支付宝处理中".to_owned()),
            Err(GatewayError::Refused { code, message }) => {
                let refusal = format!("{code} {message}");
                match self.look(refund).await {
                    Verdict::Failed(_) if is_final(refund, &code, attempts) => Verdict::Failed(refusal),
                    Verdict::Failed(_) => Verdict::Open(refusal),
                    known @ (Verdict::Succeeded(_) | Verdict::Open(_)) => known,
                }
            }
            Err(
                error @ (GatewayError::Unreachable(_)
                | GatewayError::Nonsense(_)
                | GatewayError::Unknown { .. }),
            ) => Verdict::Open(error.to_string()),
        }
    }

    /// What Alipay knows of the refund; failed where it knows none.
    async fn look(&self, refund: &Refund) -> Verdict {
        match self.gateway.refund_query(&refund.trade_no, &refund.out_request_no).await {
            Ok(Some(amount)) if amount == refund.amount => Verdict::Succeeded(None),
            Ok(Some(amount)) => {
                Verdict::Open(format!("支付宝的退款金额为{amount},与记录的{}不同", refund.amount))
            }
            Ok(None) => Verdict::Failed(String::new()),
            Err(error) => Verdict::Open(error.to_string()),
        }
    }

    /// None, and nothing changed, where somebody changed the order meanwhile.
    async fn write(
        &self,
        refund: &Refund,
        verdict: &Verdict,
        attempts: u32,
    ) -> Result<Option<Refund>, StoreError> {
        let mut unit = self.units.begin().await?;
        let now = self.clock.now();
        let mut books = Books::open(&mut *unit, &refund.out_trade_no).await?;
        let number = &refund.out_request_no;
        let known = books.refunds.iter_mut().find(|known| known.out_request_no == *number);
        let Some(known) = known else {
            return Err(StoreError::Corrupt(format!("refund {number} is gone")));
        };
        match known.status {
            RefundStatus::Requested => {}
            // Two asked at once, and the one that was refused was faster.
            RefundStatus::Failed if matches!(verdict, Verdict::Succeeded(_)) => {
                return self.correct(unit, books, refund, now).await;
            }
            RefundStatus::Succeeded | RefundStatus::Failed => return Ok(Some(known.clone())),
        }
        match verdict {
            Verdict::Succeeded(in_all) => {
                (known.status, known.finished_at) = (RefundStatus::Succeeded, Some(now));
                let done = known.clone();
                if !unit.refunds().finish(number, done.status, None, now).await?
                    || !books.book(&mut *unit, &done, now).await?
                {
                    return Ok(None);
                }
                unit.commit().await?;
                tracing::info!(out_request_no = number, amount = %done.amount, "money went back");
                if let Some(past) = in_all.and_then(|sum| books.view().gone_past(&done.trade_no, sum)) {
                    // Under which numbers, Alipay does not say here.
                    let Refund { out_trade_no, trade_no, .. } = &done;
                    tracing::error!(
                        out_trade_no, trade_no, %past,
                        "more of a trade went back at Alipay than is on record; reconciling that day books it"
                    );
                }
                Ok(Some(done))
            }
            Verdict::Failed(why) => {
                (known.status, known.finished_at) = (RefundStatus::Failed, Some(now));
                known.failure = Some(why.clone());
                let done = known.clone();
                if !unit.refunds().finish(number, done.status, done.failure.clone(), now).await? {
                    return Ok(None);
                }
                unit.commit().await?;
                tracing::error!(out_request_no = number, why, "Alipay refused a refund");
                Ok(Some(done))
            }
            Verdict::Open(why) => {
                let due_at = now.after(back_off(Self::FIRST_WAIT, attempts, Self::LONGEST_WAIT));
                known.failure = Some(why.clone());
                let open = known.clone();
                unit.refunds().set_due(number, due_at, Some(why.clone())).await?;
                unit.commit().await?;
                tracing::warn!(out_request_no = number, attempts, why, "a refund is not known to be done");
                Ok(Some(open))
            }
        }
    }

    /// Writes down that a refund which is on record as failed succeeded. None, and nothing changed, where somebody did
    /// so meanwhile.
    async fn correct(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        mut books: Books,
        refund: &Refund,
        now: ShopTime,
    ) -> Result<Option<Refund>, StoreError> {
        let Refund { trade_no, out_request_no, amount, .. } = refund;
        let Some(done) = books.view().happened_after_all(trade_no, out_request_no, *amount, now) else {
            return Ok(None);
        };
        if !books.book_after_all(&mut *unit, &done, now).await? {
            return Ok(None);
        }
        unit.commit().await?;
        Ok(Some(done))
    }
}

/// Whether a refusal ends the refund: Alipay's business refusals do (`ACQ.…`), but what the buyer is owed is tried on,
/// for nobody would ask again.
fn is_final(refund: &Refund, code: &str, attempts: u32) -> bool {
    attempts >= RefundOrder::MOST_ATTEMPTS || (!refund.kind.is_owed() && code.starts_with("ACQ."))
}
