use std::sync::atomic::{AtomicU64, Ordering};

use domain::ShopTime;

/// Alipay's numbers of trades, notifications, refunds and bills. They count from the microsecond in which the sandbox
/// started, so they stay unique even after a restart that forgets the trades.
pub(crate) struct Numbers {
    next: AtomicU64,
}

impl Numbers {
    pub(crate) fn starting_at(now: ShopTime) -> Self {
        let start = now.to_shanghai().and_utc().timestamp_micros();
        Self { next: AtomicU64::new(u64::try_from(start).unwrap_or_default()) }
    }

    /// A `trade_no`: 28 digits that begin with the day.
    pub(crate) fn trade_no(&self, now: ShopTime) -> String {
        format!("{}22{:018}", now.to_shanghai().format("%Y%m%d"), self.draw())
    }

    /// A `notify_id`: 34 digits that begin with the day.
    pub(crate) fn notify_id(&self, now: ShopTime) -> String {
        format!("{}00222{:021}", now.to_shanghai().format("%Y%m%d"), self.draw())
    }

    /// Alipay's number for a refund in Alipay's console, which has no number of the merchant.
    pub(crate) fn refund_no(&self, now: ShopTime) -> String {
        format!("{}33{:018}", now.to_shanghai().format("%Y%m%d"), self.draw())
    }

    /// A token for the temporary link to a bill.
    pub(crate) fn bill_token(&self) -> String {
        format!("{:018}", self.draw())
    }

    fn draw(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}
