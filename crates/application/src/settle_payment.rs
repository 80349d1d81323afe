use std::sync::Arc;

use domain::{
    Cause, EvidenceSource, Merchant, Money, NotForUs, OrderId, OrderStatus, Paid, PaymentRecord,
    PaymentStatus, Refund, Settlement, StatusChange, Trade, decide_settlement,
};
use ports::{
    Clock, GatewayError, NotVerified, PaymentGateway, StockOutcome, StoreError, UnitOfWork, UnitsOfWork,
};

use crate::{ATTEMPTS, books::write_change};

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
    /// on record as done now, with its payment where that was not on record either.
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
    /// It told of a refund that is not on record, without its number.
    #[error("a refund is told of that is not on record, without its number; the bill of its day has it")]
    Unnumbered,
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
pub(crate) struct Evidence<'a> {
    pub(crate) trade: &'a Trade,
    pub(crate) source: EvidenceSource,
    pub(crate) cause: Cause,
}

/// What one try to settle came to.
pub(crate) enum Try {
    Done(Settled),
    /// Somebody changed the order meanwhile.
    Again,
    /// The stock of a cancelled order is gone: its payment came too late.
    TooLate,
}

/// What writing a payment down came to.
pub(crate) enum Writing {
    /// It is written, and is to be committed.
    Written(Box<WrittenPayment>),
    /// Nothing is to be committed.
    Ended(Try),
}

/// A payment that is written down and not committed yet, and what was written with it.
pub(crate) struct WrittenPayment {
    pub(crate) settled: Settled,
    pub(crate) payment: PaymentRecord,
    /// What goes back of it at once.
    pub(crate) owed: Option<Refund>,
    /// The status that the order got, where it got another.
    pub(crate) becomes: Option<OrderStatus>,
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
            let tried = if trade.tells_of_refund() {
                self.refund_told(&evidence, too_late).await
            } else {
                self.try_once(&evidence, too_late).await.map_err(SettleError::from)
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
        let settlement = decide_settlement(order.as_ref(), &recorded, trade);
        match self.write_payment(&mut *unit, settlement, evidence, too_late).await? {
            Writing::Written(written) => {
                unit.commit().await?;
                Ok(Try::Done(written.settled))
            }
            Writing::Ended(tried) => Ok(tried),
        }
    }

    /// Writes down what was decided about a payment: the change of the order, the payment, and the refund of what must
    /// not be kept. `too_late`: the stock of the cancelled order was found gone before.
    pub(crate) async fn write_payment(
        &self,
        unit: &mut dyn UnitOfWork,
        settlement: Settlement,
        evidence: &Evidence<'_>,
        too_late: bool,
    ) -> Result<Writing, StoreError> {
        let (settled, status, change) = match settlement {
            Settlement::NotAPayment | Settlement::AlreadyRecorded => {
                return Ok(Writing::Ended(Try::Done(Settled::NothingNew)));
            }
            Settlement::RecordOnly(status) => (Settled::RecordedOnly(status), status, None),
            Settlement::SettleLate(..) if too_late => {
                (Settled::RecordedOnly(PaymentStatus::Late), PaymentStatus::Late, None)
            }
            Settlement::SettleLate(paid, stock) => {
                let now = self.clock.now();
                if unit.stock().retake(&paid.order_id, &stock, now).await? == StockOutcome::Changed {
                    return Ok(Writing::Ended(Try::TooLate));
                }
                let change = self.change(paid, "取消后付款,库存已重新占用", evidence);
                (Settled::Revived, PaymentStatus::Settled, Some(change))
            }
            Settlement::Settle(paid) => {
                let is_kept = evidence.trade.refunded.is_zero();
                let reason = if is_kept { "支付成功" } else { "支付成功,由其退款得知" };
                (Settled::Paid, PaymentStatus::Settled, Some(self.change(paid, reason, evidence)))
            }
        };
        if let Some(change) = &change
            && !write_change(unit, change).await?
        {
            return Ok(Writing::Ended(Try::Again));
        }
        let becomes = change.map(|change| change.to);
        Ok(match self.record(unit, evidence, status).await? {
            Some((payment, owed)) => {
                Writing::Written(Box::new(WrittenPayment { settled, payment, owed, becomes }))
            }
            None => Writing::Ended(Try::Again),
        })
    }

    /// Writes the payment down, and with it the refund of what must not be kept. None where somebody did so before.
    async fn record(
        &self,
        unit: &mut dyn UnitOfWork,
        evidence: &Evidence<'_>,
        status: PaymentStatus,
    ) -> Result<Option<(PaymentRecord, Option<Refund>)>, StoreError> {
        let now = self.clock.now();
        // What went back of it is written down refund by refund.
        let trade = Trade { refunded: Money::ZERO, refund_request_no: None, ..evidence.trade.clone() };
        let payment = PaymentRecord { trade, status, source: evidence.source, recorded_at: now };
        if !unit.payments().record(&payment).await? {
            return Ok(None);
        }
        let owed = Refund::owed(&payment);
        if let Some(owed) = &owed
            && !unit.refunds().record(owed, Some(now)).await?
        {
            return Ok(None);
        }
        Ok(Some((payment, owed)))
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
pub(crate) fn report(settled: Settled, trade: &Trade) {
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
