use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::audit::{AuditTerms, Finding, FindingKind, OldTotalsSeen};
use ports::{AuditStore, StoreError};

/// Checks that all records are consistent, while the service keeps running.
pub struct Audit {
    /// Reads the records.
    pub store: Arc<dyn AuditStore>,
    /// How to interpret the rows of the old back end.
    pub terms: AuditTerms,
}

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many orders were checked.
    pub orders: u64,
    /// How many SKUs were checked.
    pub skus: u64,
    /// The number of findings by kind.
    pub counts: BTreeMap<FindingKind, u64>,
    /// The first [`Audit::LISTED`] findings of each kind.
    pub findings: Vec<Finding>,
    /// Whether the amounts of the old back end's orders include freight, as far as the data shows.
    pub old_totals: OldTotalsSeen,
    /// Whether the sales of SKUs were compared with the orders. False if a row with pieces cannot be read.
    pub has_compared_sales: bool,
}

impl Audit {
    /// How many findings of each kind are listed. Further ones are only counted, so that memory is bounded.
    pub const LISTED: u64 = 1_000;
    /// How many orders are read at a time.
    const ORDERS: u32 = 2_000;
    /// How many SKUs are read at a time.
    const SKUS: u32 = 5_000;

    /// Checks everything. Calls `progress` after each batch with the number of orders checked and the total.
    pub async fn execute(
        &self,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<AuditReport, StoreError> {
        let mut snapshot = self.store.open().await?;
        let mut report = AuditReport { has_compared_sales: true, ..AuditReport::default() };
        let total = snapshot.orders().await?;
        let (mut held, mut doubtful) = (BTreeMap::new(), BTreeSet::new());
        while let Some(records) = snapshot.next(Self::ORDERS).await? {
            for record in &records {
                report.orders += u64::from(record.order.is_some());
                report.has_compared_sales &= !record.unreadable.iter().any(|row| row.has_pieces);
                record.add_held(&mut held);
                let found = record.check(self.terms, &mut report.old_totals);
                // This finding already covers the difference in the sales of its SKUs.
                if found.iter().any(|found| found.kind == FindingKind::Movements) {
                    doubtful.extend(record.skus());
                }
                report.take(found);
            }
            progress(report.orders, total);
        }
        loop {
            let skus = snapshot.next_skus(Self::SKUS).await?;
            if skus.is_empty() {
                return Ok(report);
            }
            for sku in skus {
                report.skus += 1;
                let of_sku = held.get(&sku.id).copied().unwrap_or(0);
                let is_known = report.has_compared_sales && !doubtful.contains(&sku.id);
                let found = sku.check(is_known.then_some(of_sku), self.terms);
                report.take(found);
            }
        }
    }
}

impl AuditReport {
    /// Whether there are no findings.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many findings there are.
    pub fn differences(&self) -> u64 {
        self.counts.values().sum()
    }

    fn take(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found {
            let count = self.counts.entry(finding.kind).or_default();
            *count += 1;
            if *count <= Audit::LISTED {
                self.findings.push(finding);
            }
        }
    }
}
