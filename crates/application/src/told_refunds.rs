//! Refunds that Alipay tells of, in its messages and in its bills.

use domain::{Money, RefundStatus, Superseded, ToldRefund, Trade, decide_refunded_settlement};
use ports::{StoreError, UnitOfWork};

use crate::{
    ATTEMPTS, SettleError, SettlePayment, Settled,
    books::Books,
    settle_payment::{Evidence, Try, Writing, report},
};

/// A refund that Alipay confirmed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GoneBack<'a> {
    pub(crate) out_trade_no: &'a str,
    pub(crate) trade_no: &'a str,
    pub(crate) out_request_no: &'a str,
    /// How much went back under this number.
    pub(crate) amount: Money,
}

impl SettlePayment {
    /// Deals with a message that tells of a refund. It is never read as a payment that the shop has.
    pub(crate) async fn refund_told(
        &self,
        evidence: &Evidence<'_>,
        too_late: bool,
    ) -> Result<Try, SettleError> {
        let out_trade_no = &evidence.trade.out_trade_no;
        let mut unit = self.units.begin().await?;
        let books = Books::open(&mut *unit, out_trade_no).await?;
        match books.view().told(evidence.trade) {
            None => {
                if close(&mut *unit, &books, evidence.trade).await? {
                    unit.commit().await?;
                }
                Ok(Try::Done(Settled::NothingNew))
            }
            Some(ToldRefund::Ours(number)) => {
                close(&mut *unit, &books, evidence.trade).await?;
                unit.refunds().set_due(&number, self.clock.now(), None).await?;
                unit.commit().await?;
                Ok(Try::Done(Settled::RefundTold))
            }
            Some(ToldRefund::Unnumbered) => Err(SettleError::Unnumbered),
            Some(ToldRefund::NotBooked(trade_no, number)) => {
                // Nothing is locked while Alipay is asked.
                drop(unit);
                let amount = self.gateway.refund_query(&trade_no, &number).await?;
                let amount = amount.ok_or(SettleError::NotKnownYet)?;
                let gone = GoneBack { out_trade_no, trade_no: &trade_no, out_request_no: &number, amount };
                self.book_told(gone, Some(evidence), too_late).await
            }
        }
    }

    /// Writes down a refund that Alipay confirmed and the books may not have, which was made past this service or is
    /// taken for failed.
    ///
    /// Where its payment is not on record, that is written down with it in one transaction by what proves it, so that
    /// nobody ever sees the order paid by money that went back. Without such proof nothing is written.
    pub(crate) async fn refund_past_us(
        &self,
        gone: GoneBack<'_>,
        paid: Option<&Evidence<'_>>,
    ) -> Result<Settled, SettleError> {
        let mut too_late = false;
        for _ in 0..ATTEMPTS {
            match self.book_told(gone, paid, too_late).await {
                Ok(Try::Done(settled)) => return Ok(settled),
                Ok(Try::TooLate) => too_late = true,
                Ok(Try::Again) | Err(SettleError::Store(StoreError::Busy(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(SettleError::Conflict)
    }

    async fn book_told(
        &self,
        gone: GoneBack<'_>,
        paid: Option<&Evidence<'_>>,
        too_late: bool,
    ) -> Result<Try, SettleError> {
        let GoneBack { out_trade_no, trade_no, out_request_no, amount } = gone;
        let mut unit = self.units.begin().await?;
        let now = self.clock.now();
        let mut books = Books::open(&mut *unit, out_trade_no).await?;
        let mut learned = None;
        if let Some(evidence) = paid.filter(|_| !books.has_payment(trade_no)) {
            let settlement =
                decide_refunded_settlement(books.order.as_ref(), &books.payments, evidence.trade);
            match self.write_payment(&mut *unit, settlement, evidence, too_late).await? {
                Writing::Written(written) => {
                    learned = Some((written.settled, evidence.trade));
                    books.take_in(*written);
                }
                Writing::Ended(tried) => return Ok(tried),
            }
        }
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
        if let Some(evidence) = paid {
            close(&mut *unit, &books, evidence.trade).await?;
        }
        unit.commit().await?;
        if let Some((settled, trade)) = learned {
            report(settled, trade);
        }
        Ok(Try::Done(Settled::RefundTold))
    }
}

/// Closes the trade in the books where Alipay tells that nothing is left of it and they lack refunds of it; those are
/// told of on their own, perhaps later. False where nothing was to be written.
async fn close(unit: &mut dyn UnitOfWork, books: &Books, trade: &Trade) -> Result<bool, StoreError> {
    let closes = books.view().closes(trade);
    if closes {
        unit.payments().close(&trade.trade_no).await?;
    }
    Ok(closes)
}
