use std::sync::Arc;

use domain::{
    Cause, EvidenceSource, Merchant, Money, NotForUs, OrderId, Paid, PaymentRecord, PaymentStatus, Refund,
    RefundStatus, Settlement, StatusChange, Superseded, ToldRefund, Trade, decide_settlement,
};
use ports::{
    Clock, GatewayError, NotVerified, PaymentGateway, StockOutcome, StoreError, UnitOfWork, UnitsOfWork,
};

use crate::{
    ATTEMPTS,
    books::{Books, write_change},
};

/// The one way in which an order becomes paid, whatever the evidence: notification, return or query.
pub struct SettlePayment {
    /// Verifies what Alipay signed.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Where order and payment are changed together.
    pub units: Arc<dyn UnitsOfWork>,
    /// Whom the money must be for.
    pub merchant: Merchant,
    /// When it was recorded.
    pub clock: Arc<dyn Clock>,
}

/// What became of the evidence; in every case it is dealt with, and need not be sent again.
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
    /// It told of a refund of ours, which is asked about now, or of one past this service or taken for failed, which is
    /// on record as done now.
    RefundTold,
}

/// Why evidence was not dealt with; it should be sent again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The order kept changing.
    #[error("the order kept changing meanwhile")]
    Conflict,
    /// It told of a refund, and Alipay could not be asked how much it was.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// It told of a refund that Alipay does not confirm so far.
    #[error("Alipay does not confirm the refund so far")]
    NotKnownYet,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// What proves a payment.
struct Evidence<'a> {
    trade: &'a Trade,
    source: EvidenceSource,
    cause: Cause,
}

/// What one try to settle came to.
pub(crate) enum Try {
    Done(Settled),
    /// Somebody changed the order meanwhile.
    Again,
    /// The stock of a cancelled order is gone: its payment came too late.
    TooLate,
}

impl SettlePayment {
    /// Deals with the form body of a notification.
    pub async fn by_notification(&self, form: &[u8], cause: Cause) -> Result<Settled, NotificationError> {
        let notification = self.gateway.verify_notification(form)?;
        self.merchant.check(&notification.addressee)?;
        Ok(self.by_trade(&notification.trade, EvidenceSource::Notification, cause).await?)
    }

    /// Deals with a trade that is proven: by a verified message for this shop, or by a signed answer to our own
    /// query. Doing it again changes nothing.
    pub async fn by_trade(
        &self,
        trade: &Trade,
        source: EvidenceSource,
        cause: Cause,
    ) -> Result<Settled, SettleError> {
        let evidence = Evidence { trade, source, cause };
        let mut too_late = false;
        for _ in 0..ATTEMPTS {
            let tried = match &trade.refund_request_no {
                Some(_) => self.refund_told(trade).await,
                None => self.try_once(&evidence, too_late).await.map_err(SettleError::from),
            };
            match tried {
                Ok(Try::Done(settled)) => {
                    report(settled, trade);
                    return Ok(settled);
                }
                Ok(Try::TooLate) => too_late = true,
                Ok(Try::Again) | Err(SettleError::Store(StoreError::Busy(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(SettleError::Conflict)
    }

    async fn try_once(&self, evidence: &Evidence<'_>, too_late: bool) -> Result<Try, StoreError> {
        let trade = evidence.trade;
        let mut unit = self.units.begin().await?;
        let order = match OrderId::parse(&trade.out_trade_no) {
            Ok(id) => unit.orders().find_for_update(&id).await?,
            Err(_) => None,
        };
        let recorded = unit.payments().of_order(&trade.out_trade_no).await?;
        let (settled, status) = match decide_settlement(order.as_ref(), &recorded, trade) {
            Settlement::NotAPayment | Settlement::AlreadyRecorded => {
                return Ok(Try::Done(Settled::NothingNew));
            }
            Settlement::RecordOnly(status) => (Settled::RecordedOnly(status), status),
            Settlement::SettleLate(..) if too_late => {
                (Settled::RecordedOnly(PaymentStatus::Late), PaymentStatus::Late)
            }
            Settlement::SettleLate(paid, stock) => {
                let now = self.clock.now();
                if unit.stock().retake(&paid.order_id, &stock, now).await? == StockOutcome::Changed {
                    return Ok(Try::TooLate);
                }
                let change = self.change(paid, "取消后付款,库存已重新占用", evidence);
                if !write_change(&mut *unit, &change).await? {
                    return Ok(Try::Again);
                }
                (Settled::Revived, PaymentStatus::Settled)
            }
            Settlement::Settle(paid) => {
                if !write_change(&mut *unit, &self.change(paid, "支付成功", evidence)).await? {
                    return Ok(Try::Again);
                }
                (Settled::Paid, PaymentStatus::Settled)
            }
        };
        self.record(unit, evidence, settled, status).await
    }

    /// Writes the payment down, and with it the refund of what must not be kept.
    async fn record(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        evidence: &Evidence<'_>,
        settled: Settled,
        status: PaymentStatus,
    ) -> Result<Try, StoreError> {
        let now = self.clock.now();
        let (trade, source) = (evidence.trade.clone(), evidence.source);
        let payment = PaymentRecord { trade, status, source, recorded_at: now };
        if !unit.payments().record(&payment).await? {
            return Ok(Try::Again);
        }
        if let Some(owed) = Refund::owed(&payment)
            && !unit.refunds().record(&owed, Some(now)).await?
        {
            return Ok(Try::Again);
        }
        unit.commit().await?;
        Ok(Try::Done(settled))
    }

    /// Deals with a message that tells of a refund. It is never read as a payment.
    async fn refund_told(&self, trade: &Trade) -> Result<Try, SettleError> {
        let mut unit = self.units.begin().await?;
        let books = Books::open(&mut *unit, &trade.out_trade_no).await?;
        match books.view().told(trade) {
            None => Ok(Try::Done(Settled::NothingNew)),
            Some(ToldRefund::Ours(number)) => {
                unit.refunds().set_due(&number, self.clock.now(), None).await?;
                unit.commit().await?;
                Ok(Try::Done(Settled::RefundTold))
            }
            Some(ToldRefund::NotBooked(trade_no, number)) => {
                // Nothing is locked while Alipay is asked.
                drop(unit);
                match self.gateway.refund_query(&trade_no, &number).await? {
                    Some(amount) => self.book_told(&trade.out_trade_no, &trade_no, &number, amount).await,
                    None => Err(SettleError::NotKnownYet),
                }
            }
        }
    }

    /// Writes down a refund that Alipay confirmed and the books do not have: it was made past this service, or is taken
    /// for failed.
    pub(crate) async fn book_told(
        &self,
        out_trade_no: &str,
        trade_no: &str,
        out_request_no: &str,
        amount: Money,
    ) -> Result<Try, SettleError> {
        let mut unit = self.units.begin().await?;
        let now = self.clock.now();
        let mut books = Books::open(&mut *unit, out_trade_no).await?;
        let is_booked = if let Some(refund) = books.view().external(trade_no, out_request_no, amount, now) {
            books.book_external(&mut *unit, refund, now).await?
        } else if let Some(refund) = books.view().happened_after_all(trade_no, out_request_no, amount, now) {
            books.book_after_all(&mut *unit, &refund, now).await?
        } else {
            return Ok(Try::Done(Settled::NothingNew));
        };
        if !is_booked {
            return Ok(Try::Again);
        }
        if let Some(Superseded { out_request_no: number, rest }) = books.view().superseded(trade_no, now) {
            let why = Some("一部分款项已在支付宝退款".to_owned());
            unit.refunds().finish(&number, RefundStatus::Failed, why, now).await?;
            if let Some(rest) = rest {
                unit.refunds().record(&rest, Some(now)).await?;
            }
        }
        unit.commit().await?;
        Ok(Try::Done(Settled::RefundTold))
    }

    /// Tries again as long as others are faster or hold the rows, within bounds.
    pub(crate) async fn persistently<F>(&self, work: impl Fn() -> F) -> Result<Settled, SettleError>
    where
        F: Future<Output = Result<Try, SettleError>>,
    {
        for _ in 0..ATTEMPTS {
            match work().await {
                Ok(Try::Done(settled)) => return Ok(settled),
                Ok(Try::Again | Try::TooLate) | Err(SettleError::Store(StoreError::Busy(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(SettleError::Conflict)
    }

    fn change(&self, paid: Paid, reason: &str, evidence: &Evidence<'_>) -> StatusChange {
        StatusChange {
            order_id: paid.order_id,
            from: paid.from,
            to: paid.to,
            cause: evidence.cause.clone(),
            reason: reason.to_owned(),
            at: self.clock.now(),
            due_at: None,
        }
    }
}

/// Says in the log what became of the money; what the shop's people must look at is an error there.
fn report(settled: Settled, trade: &Trade) {
    let Trade { out_trade_no, trade_no, total_amount, .. } = trade;
    match settled {
        Settled::NothingNew => tracing::debug!(%out_trade_no, %trade_no, "nothing new about this trade"),
        Settled::Paid => tracing::info!(%out_trade_no, %trade_no, %total_amount, "order paid"),
        Settled::Revived => {
            tracing::warn!(%out_trade_no, %trade_no, %total_amount, "cancelled order paid late and revived");
        }
        Settled::RecordedOnly(PaymentStatus::Settled) => {
            tracing::info!(%out_trade_no, %trade_no, %total_amount, "payment of a paid order recorded");
        }
        Settled::RefundTold => tracing::info!(%out_trade_no, %trade_no, "Alipay told of a refund"),
        Settled::RecordedOnly(status) => tracing::error!(
            %out_trade_no, %trade_no, %total_amount, status = status.as_str(),
            "a payment was recorded that did not pay its order"
        ),
    }
}
