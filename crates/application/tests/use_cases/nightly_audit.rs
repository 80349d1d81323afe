//! The nightly audit: it runs once a day, after its set time, and reports its result.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use application::{Audit, Job, NightlyAudit};
use async_trait::async_trait;
use domain::{
    OrderStatus, ShopTime, SkuId,
    audit::{AuditRecord, AuditTerms, StoredOrder, StoredSku},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use ports::{AuditSnapshot, AuditStore, Clock, StoreError};

/// One order that is paid without a timeline, and one SKU.
#[derive(Default)]
struct Records {
    opened: AtomicU64,
}

struct Snapshot {
    records: Vec<AuditRecord>,
    skus: Vec<StoredSku>,
}

#[async_trait]
impl AuditStore for Records {
    async fn open(&self) -> Result<Box<dyn AuditSnapshot>, StoreError> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let order = StoredOrder {
            status: OrderStatus::AwaitingShipment,
            total_count: 1,
            total_fen: 100,
            freight_fen: 0,
            discount_fen: 0,
            amendments: 0,
            refunded_fen: 0,
            has_due_at: false,
            is_shipped_here: false,
            is_old: false,
        };
        let line = domain::audit::StoredLine { sku_id: SkuId(4), count: 1, price_fen: 100 };
        let number = "2019112820400804".to_owned();
        let record = AuditRecord { number, order: Some(order), lines: vec![line], ..AuditRecord::default() };
        Ok(Box::new(Snapshot {
            records: vec![record],
            skus: vec![StoredSku { id: SkuId(4), stock: 0, sales: 1 }],
        }))
    }
}

#[async_trait]
impl AuditSnapshot for Snapshot {
    async fn orders(&mut self) -> Result<u64, StoreError> {
        Ok(1)
    }

    async fn next(&mut self, _orders: u32) -> Result<Option<Vec<AuditRecord>>, StoreError> {
        Ok(Some(std::mem::take(&mut self.records)).filter(|records| !records.is_empty()))
    }

    async fn next_skus(&mut self, _limit: u32) -> Result<Vec<StoredSku>, StoreError> {
        Ok(std::mem::take(&mut self.skus))
    }
}

struct Hand(Mutex<ShopTime>);

impl Hand {
    fn set(&self, time: &str) {
        *self.0.lock().unwrap() = ShopTime::parse(time).unwrap();
    }
}

impl Clock for Hand {
    fn now(&self) -> ShopTime {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn it_is_done_once_a_night_and_its_result_is_shown() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let clock = Arc::new(Hand(Mutex::new(ShopTime::parse("2026-11-25 03:29:59").unwrap())));
    let records = Arc::new(Records::default());
    let audit = Audit { store: Arc::clone(&records) as _, terms: AuditTerms::default() };
    let at = Duration::from_secs(3 * 3600 + 30 * 60);
    let job = NightlyAudit::new(audit, Arc::clone(&clock) as _, at);
    for (now, runs) in [
        ("2026-11-25 03:29:59", 0),
        ("2026-11-25 03:30:00", 1),
        ("2026-11-25 23:59:59", 1),
        ("2026-11-26 03:29:59", 1),
        ("2026-11-26 05:00:00", 2),
        ("2026-11-26 05:00:30", 2),
    ] {
        clock.set(now);
        job.pass().await.unwrap();
        assert_eq!(records.opened.load(Ordering::SeqCst), runs, "{now}");
        assert_eq!(recorder.handle().render().contains("dashop_audit"), runs > 0, "{now}");
    }
    let shown = recorder.handle().render();
    let ended = ShopTime::parse("2026-11-26 05:00:00").unwrap().unix_seconds();
    let finished = format!("finished_timestamp_seconds {ended}");
    for gauge in ["orders 1", "differences 1", "duration_seconds 0", &finished] {
        assert!(shown.contains(&format!("\ndashop_audit_{gauge}\n")), "{gauge}: {shown}");
    }

    let half_past_eleven = Duration::from_secs(23 * 3600 + 30 * 60);
    for (start, at, runs) in [
        ("2026-11-26 05:29:59", at, 3),
        ("2026-11-26 05:30:00", at, 3),
        ("2026-11-27 01:29:59", half_past_eleven, 4),
        ("2026-11-27 01:30:00", half_past_eleven, 4),
    ] {
        clock.set(start);
        let audit = Audit { store: Arc::clone(&records) as _, terms: AuditTerms::default() };
        NightlyAudit::new(audit, Arc::clone(&clock) as _, at).pass().await.unwrap();
        assert_eq!(
            records.opened.load(Ordering::SeqCst),
            runs,
            "{start}: restarted at its time, it is made up for; by day, it waits for the night"
        );
    }
}
