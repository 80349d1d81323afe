use std::sync::Arc;

use domain::{
    Actor, EvidenceSource, Merchant, NotForUs, OrderId, Paid, PaymentRecord, PaymentStatus, Settlement,
    StatusChange, Trade, decide_settlement,
};
use ports::{Clock, NotVerified, PaymentGateway, StockOutcome, StoreError, UnitsOfWork};

use crate::ATTEMPTS;

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
    /// The payment is on record now; the order is as it was.
    RecordedOnly(PaymentStatus),
}

/// Why evidence was not dealt with; it should be sent again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The order kept changing.
    #[error("the order kept changing meanwhile")]
    Conflict,
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

/// What one try to settle came to.
enum Try {
    Done(Settled),
    /// Somebody changed the order meanwhile.
    Again,
    /// The stock of a cancelled order is gone: its payment came too late.
    TooLate,
}

impl SettlePayment {
    /// Deals with the form body of a notification.
    pub async fn by_notification(&self, form: &[u8]) -> Result<Settled, NotificationError> {
        let notification = self.gateway.verify_notification(form)?;
        self.merchant.check(&notification.addressee)?;
        Ok(self.by_trade(&notification.trade, EvidenceSource::Notification).await?)
    }

    /// Deals with a trade that is proven: by a verified message for this shop, or by a signed answer to our own
    /// query. Doing it again changes nothing.
    pub async fn by_trade(&self, trade: &Trade, source: EvidenceSource) -> Result<Settled, SettleError> {
        let record =
            |status| PaymentRecord { trade: trade.clone(), status, source, recorded_at: self.clock.now() };
        let mut too_late = false;
        for _ in 0..ATTEMPTS {
            match self.try_once(trade, too_late, &record).await {
                Ok(Try::Done(settled)) => {
                    report(settled, trade);
                    return Ok(settled);
                }
                Ok(Try::TooLate) => too_late = true,
                Ok(Try::Again) | Err(StoreError::Busy(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(SettleError::Conflict)
    }

    async fn try_once(
        &self,
        trade: &Trade,
        too_late: bool,
        record: &(dyn Fn(PaymentStatus) -> PaymentRecord + Sync),
    ) -> Result<Try, StoreError> {
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
                if unit.stock().retake(&stock).await? == StockOutcome::Changed {
                    return Ok(Try::TooLate);
                }
                if !unit.orders().change_status(&self.change(paid, "取消后付款,库存已重新占用")).await?
                {
                    return Ok(Try::Again);
                }
                (Settled::Revived, PaymentStatus::Settled)
            }
            Settlement::Settle(paid) => {
                if !unit.orders().change_status(&self.change(paid, "支付成功")).await? {
                    return Ok(Try::Again);
                }
                (Settled::Paid, PaymentStatus::Settled)
            }
        };
        if !unit.payments().record(&record(status)).await? {
            return Ok(Try::Again);
        }
        unit.commit().await?;
        Ok(Try::Done(settled))
    }

    fn change(&self, paid: Paid, reason: &str) -> StatusChange {
        StatusChange {
            order_id: paid.order_id,
            from: paid.from,
            to: paid.to,
            actor: Actor::Alipay,
            reason: reason.to_owned(),
            at: self.clock.now(),
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
        Settled::RecordedOnly(status) => tracing::error!(
            %out_trade_no, %trade_no, %total_amount, status = status.as_str(),
            "a payment was recorded that did not pay its order"
        ),
    }
}
