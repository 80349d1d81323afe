use async_trait::async_trait;
use domain::{Refund, RefundStatus, ShopTime};
use ports::{Claimed, RefundRepo, StoreError};

use super::{Defect, Due, writing::Unit};

#[async_trait]
impl RefundRepo for Unit {
    async fn of_order(&mut self, out_trade_no: &str) -> Result<Vec<Refund>, StoreError> {
        let refunds = self.tables.refunds.iter().map(|(refund, _)| refund);
        Ok(refunds.filter(|refund| refund.out_trade_no == out_trade_no).cloned().collect())
    }

    async fn find(&mut self, out_request_no: &str) -> Result<Option<Refund>, StoreError> {
        let mut refunds = self.tables.refunds.iter().map(|(refund, _)| refund);
        Ok(refunds.find(|refund| refund.out_request_no == out_request_no).cloned())
    }

    async fn record(&mut self, refund: &Refund, due_at: Option<ShopTime>) -> Result<bool, StoreError> {
        if self.find(&refund.out_request_no).await?.is_some() && !self.has(Defect::RecordsTwice) {
            return Ok(false);
        }
        let due = due_at.map(|at| Due { at, attempts: 0 });
        self.tables.refunds.push((refund.clone(), due));
        self.wrote().await;
        Ok(true)
    }

    async fn finish(
        &mut self,
        out_request_no: &str,
        status: RefundStatus,
        failure: Option<String>,
        at: ShopTime,
    ) -> Result<bool, StoreError> {
        let finishes_twice = self.has(Defect::FinishesTwice);
        let Some((refund, due)) = self.open(out_request_no, finishes_twice) else { return Ok(false) };
        refund.status = status;
        refund.failure = failure.map(|why| why.chars().take(200).collect());
        refund.finished_at = Some(at);
        *due = None;
        self.wrote().await;
        Ok(true)
    }

    async fn correct(&mut self, refund: &Refund) -> Result<bool, StoreError> {
        let corrects_all = self.has(Defect::FinishesTwice);
        let mut refunds = self.tables.refunds.iter_mut().map(|(known, _)| known);
        let Some(known) = refunds.find(|known| {
            known.out_request_no == refund.out_request_no
                && (known.status == RefundStatus::Failed || corrects_all)
        }) else {
            return Ok(false);
        };
        *known = refund.clone();
        self.wrote().await;
        Ok(true)
    }

    async fn claim_due(
        &mut self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError> {
        let forgets = self.has(Defect::ForgetsLeases);
        let mut due: Vec<_> = self
            .tables
            .refunds
            .iter_mut()
            .filter_map(|(refund, due)| due.as_mut().filter(|due| due.at <= now).map(|due| (refund, due)))
            .collect();
        due.sort_by_key(|(_, due)| due.at);
        let mut claimed = Vec::new();
        for (refund, due) in due.into_iter().take(usize::try_from(limit).unwrap()) {
            claimed.push(Claimed { item: refund.clone(), attempts: due.attempts });
            if !forgets {
                *due = Due { at: lease_until, attempts: due.attempts + 1 };
            }
        }
        self.wrote().await;
        Ok(claimed)
    }

    async fn set_due(
        &mut self,
        out_request_no: &str,
        due_at: ShopTime,
        failure: Option<String>,
    ) -> Result<(), StoreError> {
        if let Some((refund, due)) = self.open(out_request_no, false) {
            refund.failure = failure;
            *due = Some(Due { at: due_at, attempts: due.map_or(0, |due| due.attempts) });
        }
        self.wrote().await;
        Ok(())
    }
}

impl Unit {
    /// The refund of this number that has not ended.
    fn open(&mut self, out_request_no: &str, or_ended: bool) -> Option<(&mut Refund, &mut Option<Due>)> {
        let mut refunds = self.tables.refunds.iter_mut().map(|(refund, due)| (refund, due));
        refunds.find(|(refund, _)| {
            refund.out_request_no == out_request_no && (refund.status == RefundStatus::Requested || or_ended)
        })
    }
}
