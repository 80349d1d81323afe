use crate::{Amendment, Cause, OrderStatus, ShopTime};

/// One entry of an order's timeline: a change of its status, or an amendment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The status before; `None` at the order's creation.
    pub from: Option<OrderStatus>,
    /// The status after.
    pub to: OrderStatus,
    /// Who caused it.
    pub cause: Cause,
    /// Why.
    pub reason: String,
    /// The amendment, if it was one; then the statuses before and after are the same.
    pub amendment: Option<Amendment>,
    /// When.
    pub at: ShopTime,
}

impl TimelineEntry {
    /// The entries of a timeline in order. `changes` (of the status) and `amendments` are each given oldest first.
    ///
    /// An order has each status once, so an amendment is placed before the change that ended its status, even if the
    /// clocks of two processes differ.
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
