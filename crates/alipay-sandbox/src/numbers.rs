use std::sync::atomic::{AtomicU64, Ordering};

use domain::ShopTime;

/// Numbers that Alipay gives: of trades, notifications, refunds and bills. Unique also after a restart that forgets the trades, for
/// they count on from the microsecond in which the sandbox started.
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

    /// The number of a refund that the merchant gave in Alipay's console: Alipay's own, none of the merchant's.
    pub(crate) fn refund_no(&self, now: ShopTime) -> String {
        format!("{}33{:018}", now.to_shanghai().format("%Y%m%d"), self.draw())
    }

    /// A name under which a bill can be fetched for a while.
    pub(crate) fn bill_token(&self) -> String {
        format!("{:018}", self.draw())
    }

    fn draw(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}
