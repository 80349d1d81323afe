//! 经营数据: the key figures of a day, for staff.

use domain::{OrderStatus, ShopDate};
use ports::{DayFigures, StoreError, UnmatchedPayment};

use crate::StaffOrders;

/// The figures of a day and the days before it, and what needs work now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The day.
    pub day: DayFigures,
    /// That day and the six before it, the oldest first.
    pub week: Vec<DayFigures>,
    /// How many orders wait to be shipped now.
    pub to_ship: u64,
    /// How many orders wait to be paid now.
    pub awaiting_payment: u64,
    /// Payments that staff have to look at, the latest first. What counts is in
    /// [`ports::AdminOrders::unmatched_payments`].
    pub unmatched: Vec<UnmatchedPayment>,
}

impl StaffOrders {
    /// How many days before the day are shown.
    const DAYS_BEFORE: u32 = 6;
    /// How many such payments are shown at most. Usually there are none.
    const UNMATCHED: u32 = 50;

    /// The figures of the given day; of today if `date` is `None`.
    pub async fn figures(&self, date: Option<ShopDate>) -> Result<Figures, StoreError> {
        let date = date.unwrap_or_else(|| self.clock.now().date());
        let first = date.days_before(Self::DAYS_BEFORE);
        let week = self.admin.figures(first, date).await?;
        Ok(Figures {
            day: week.last().copied().unwrap_or_else(|| DayFigures::of_nothing(date)),
            week,
            to_ship: self.admin.count(OrderStatus::AwaitingShipment).await?,
            awaiting_payment: self.admin.count(OrderStatus::AwaitingPayment).await?,
            unmatched: self.admin.unmatched_payments(first, date, Self::UNMATCHED).await?,
        })
    }
}
