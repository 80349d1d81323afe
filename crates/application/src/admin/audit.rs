use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::audit::{AuditTerms, Finding, FindingKind, OldTotalsSeen};
use ports::{AuditStore, StoreError};

/// Proves that what is on record is right, while others change it.
pub struct Audit {
    /// What is on record.
    pub store: Arc<dyn AuditStore>,
    /// How the old back end's rows are read.
    pub terms: AuditTerms,
}

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many orders were looked at.
    pub orders: u64,
    /// How many SKUs were.
    pub skus: u64,
    /// How many findings of each kind there are.
    pub counts: BTreeMap<FindingKind, u64>,
    /// The findings, of each kind the first [`Audit::LISTED`].
    pub findings: Vec<Finding>,
    /// What the amounts of the old back end's orders look like.
    pub old_totals: OldTotalsSeen,
    /// Whether the sales of SKUs were compared with the orders; not where rows with pieces cannot be read.
    pub has_compared_sales: bool,
}

impl Audit {
    /// How many findings of one kind are listed; the rest are counted, so that memory is bounded.
    pub const LISTED: u64 = 1_000;
    /// How many orders are read at a time.
    const ORDERS: u32 = 2_000;
    /// How many SKUs are.
    const SKUS: u32 = 5_000;

    /// Looks at everything, and tells how many orders are done of how many after each piece of the way.
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
                // What a SKU's sales lack is said already then.
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
    /// Whether everything is right.
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
