use async_trait::async_trait;
use domain::{Channel, DailyStatement, Difference, PaymentRecord, Refund, ShopDate, ShopTime};
use ports::{DailyStatements, StoreError, contract::KeptDifference};

use super::{Defect, Memory};

#[async_trait]
impl DailyStatements for Memory {
    async fn statement_of(
        &self,
        channel: Channel,
        day: ShopDate,
        trade_nos: &[String],
        request_nos: &[String],
    ) -> Result<DailyStatement, StoreError> {
        let tables = self.tables();
        let is_of_day = |at: Option<ShopTime>| {
            let is_next = |at| self.has(Defect::DaysOverlap) && at == day.next().begin();
            at.is_some_and(|at| at.date() == day || is_next(at))
        };
        let named = |numbers: &[String], number: &str| {
            numbers.iter().any(|named| match self.defect {
                Some(Defect::IgnoresCase) => named.eq_ignore_ascii_case(number),
                Some(_) | None => named == number,
            })
        };
        let is_meant = |payment: &&PaymentRecord| {
            let is_named = named(trade_nos, &payment.trade.trade_no);
            payment.trade.channel == channel && (is_of_day(payment.trade.paid_at) || is_named)
        };
        let is_asked = |refund: &&Refund| {
            let is_named = named(request_nos, &refund.out_request_no);
            refund.channel == channel && (is_of_day(refund.finished_at) || is_named)
        };
        let refunds = tables.refunds.iter().map(|(refund, _)| refund);
        let mut statement = DailyStatement {
            payments: tables.payments.iter().filter(is_meant).cloned().collect(),
            refunds: refunds.filter(is_asked).cloned().collect(),
        };
        if self.has(Defect::RecordsTwice) {
            statement.payments.extend_from_within(..);
        }
        Ok(statement)
    }

    async fn keep(
        &self,
        _channel: Channel,
        day: ShopDate,
        found: &[(Difference, Option<String>)],
        at: ShopTime,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if !self.has(Defect::KeepsEveryComparison) {
            tables.differences.retain(|(of, _)| *of != day);
        }
        let kept = found.iter().map(|(difference, done)| {
            let done = done.as_ref().map(|done| done.chars().take(200).collect());
            (day, KeptDifference { difference: difference.clone(), done, found_at: at })
        });
        tables.differences.extend(kept);
        Ok(())
    }
}
