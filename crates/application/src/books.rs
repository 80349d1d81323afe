//! What use cases that move money or pieces of an order have in common.

use domain::{
    Cause, Order, OrderEvent, OrderId, OrderNews, PaymentRecord, PaymentStatus, Refund, RefundBooks,
    ShopTime, StatusChange, StockMove, StockMoveKind,
};
use ports::{StoreError, UnitOfWork};

use crate::settle_payment::WrittenPayment;

/// All that is on record of an order's number, with the order locked.
pub(crate) struct Books {
    pub(crate) order: Option<Order>,
    pub(crate) payments: Vec<PaymentRecord>,
    pub(crate) refunds: Vec<Refund>,
    moves: Vec<StockMove>,
}

impl Books {
    /// Locks the order and reads what is on record.
    pub(crate) async fn open(unit: &mut dyn UnitOfWork, out_trade_no: &str) -> Result<Self, StoreError> {
        let (order, moves) = match OrderId::parse(out_trade_no) {
            Ok(id) => (unit.orders().find_for_update(&id).await?, unit.stock().moves_of(&id).await?),
            Err(_) => (None, Vec::new()),
        };
        let payments = unit.payments().of_order(out_trade_no).await?;
        let refunds = unit.refunds().of_order(out_trade_no).await?;
        Ok(Self { order, payments, refunds, moves })
    }

    /// For the rules.
    pub(crate) fn view(&self) -> RefundBooks<'_> {
        RefundBooks {
            order: self.order.as_ref(),
            payments: &self.payments,
            refunds: &self.refunds,
            moves: &self.moves,
        }
    }

    /// Whether the payment of this trade is on record.
    pub(crate) fn has_payment(&self, trade_no: &str) -> bool {
        self.payments.iter().any(|payment| payment.trade.trade_no == trade_no)
    }

    /// Takes in a payment that was written down since the books were opened, with what was written with it.
    pub(crate) fn take_in(&mut self, written: WrittenPayment) {
        let WrittenPayment { settled: _, payment, owed, becomes } = written;
        self.payments.push(payment);
        self.refunds.extend(owed);
        if let (Some(order), Some(status)) = (&mut self.order, becomes) {
            order.status = status;
        }
    }

    /// Writes down a refund that was made past this service, with what follows from it.
    ///
    /// False, and the unit of work is to be dropped, where somebody did so before.
    pub(crate) async fn book_external(
        &mut self,
        unit: &mut dyn UnitOfWork,
        refund: Refund,
        now: ShopTime,
    ) -> Result<bool, StoreError> {
        if !unit.refunds().record(&refund, None).await? {
            return Ok(false);
        }
        self.refunds.push(refund.clone());
        self.book(unit, &refund, now).await
    }

    /// Writes down a refund that was taken for failed and happened after all, with what follows from it.
    ///
    /// False, and the unit of work is to be dropped, where somebody did so before.
    pub(crate) async fn book_after_all(
        &mut self,
        unit: &mut dyn UnitOfWork,
        refund: &Refund,
        now: ShopTime,
    ) -> Result<bool, StoreError> {
        if !unit.refunds().correct(refund).await? {
            return Ok(false);
        }
        for known in self.refunds.iter_mut().filter(|known| known.out_request_no == refund.out_request_no) {
            known.clone_from(refund);
        }
        let Refund { out_request_no, amount, .. } = refund;
        tracing::warn!(out_request_no, %amount, "a refund that was taken for failed happened after all");
        self.book(unit, refund, now).await
    }

    /// Writes what follows from a refund that succeeded and is among [`Books::refunds`]: the pieces, the sums, the news,
    /// and the end of an order whose last fen went back.
    ///
    /// False, and the unit of work is to be dropped, where somebody did so before.
    pub(crate) async fn book(
        &self,
        unit: &mut dyn UnitOfWork,
        refund: &Refund,
        now: ShopTime,
    ) -> Result<bool, StoreError> {
        let gone_back = self.view().gone_back(&refund.trade_no);
        unit.payments().set_refunded(&refund.trade_no, gone_back).await?;
        let Some(order) = &self.order else { return Ok(true) };
        unit.outbox().add(&[OrderNews::refund(order, refund, now)]).await?;
        let pays_the_order = self.payments.iter().any(|payment| {
            payment.trade.trade_no == refund.trade_no && payment.status == PaymentStatus::Settled
        });
        if !pays_the_order {
            return Ok(true);
        }
        let kind = StockMoveKind::Refunded(refund.out_request_no.clone());
        if !refund.restock.is_empty()
            && !unit.stock().give_back(&order.id, &kind, &refund.restock, now).await?
        {
            return Ok(false);
        }
        unit.orders().set_refunded(&order.id, gone_back).await?;
        if !self.view().is_wholly_refunded() {
            return Ok(true);
        }
        match order.change(OrderEvent::FullyRefunded, &refund.cause, &refund.reason, now) {
            Ok(Some(change)) => write_change(unit, &change).await,
            // It has ended otherwise; the money is on record all the same.
            Ok(None) | Err(_) => Ok(true),
        }
    }
}

/// Writes a change of status and the news of it. False, and nothing changed, where the order is not as it was.
pub(crate) async fn write_change(
    unit: &mut dyn UnitOfWork,
    change: &StatusChange,
) -> Result<bool, StoreError> {
    if !unit.orders().change_status(change).await? {
        return Ok(false);
    }
    unit.outbox().add(&[OrderNews::changed(change)]).await?;
    Ok(true)
}

/// The cause of what Alipay's word does, when the given cause asked for it.
pub(crate) fn by_alipay(asked: &Cause) -> Cause {
    Cause::alipay(asked.request_id.clone())
}
