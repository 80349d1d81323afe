use crate::{Amendment, Cause, OrderStatus, ShopTime};

/// One entry of an order's timeline: how it came to be where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The status before; none at the order's creation.
    pub from: Option<OrderStatus>,
    /// The status after.
    pub to: OrderStatus,
    /// Who caused it.
    pub cause: Cause,
    /// Why.
    pub reason: String,
    /// What else than the status was changed; the statuses before and after are the same then.
    pub amendment: Option<Amendment>,
    /// When.
    pub at: ShopTime,
}

impl TimelineEntry {
    /// The changes of an order's status with its amendments among them, both the first first.
    ///
    /// An order has each status once, so an amendment stands in front of the change that ended its status, whatever the
    /// clocks of two processes said.
    pub fn in_order(changes: Vec<Self>, amendments: Vec<Self>) -> Vec<Self> {
        let mut entries = changes;
        for amendment in amendments {
            let ends_status = |entry: &Self| entry.amendment.is_none() && entry.from == Some(amendment.to);
            let place = entries.iter().position(ends_status).unwrap_or(entries.len());
            entries.insert(place, amendment);
        }
        entries
    }
}

#[cfg(test)]
mod tests;
