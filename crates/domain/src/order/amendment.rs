use crate::{Money, OrderStatus, ShippingAddress, TimelineEntry};

/// What was changed of an order after it was placed, beside its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// Staff lowered what it costs: 改价.
    Amount {
        /// What it cost.
        before: Money,
        /// What it costs since.
        after: Money,
    },
    /// It goes elsewhere.
    Address {
        /// Where it went.
        before: ShippingAddress,
    },
}

impl Amendment {
    /// The word that is stored, and that metrics use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Amount { .. } => "amount",
            Self::Address { .. } => "address",
        }
    }
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

/// Who may change an order how often: each change is a row for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amender {
    /// Its buyer.
    Buyer,
    /// Staff.
    Staff,
}

impl Amender {
    /// How many amendments an order may have so that one more can be made.
    pub(crate) fn most(self) -> u32 {
        match self {
            Self::Buyer => 10,
            Self::Staff => 100,
        }
    }

    /// Whether an order in this status can still go elsewhere: for its buyer until it is paid, for staff until it is
    /// shipped.
    pub(crate) fn may_redirect(self, status: OrderStatus) -> bool {
        match status {
            OrderStatus::AwaitingPayment => true,
            OrderStatus::AwaitingShipment => self == Self::Staff,
            OrderStatus::AwaitingReceipt
            | OrderStatus::Completed
            | OrderStatus::Cancelled
            | OrderStatus::Refunded => false,
        }
    }
}

#[cfg(test)]
mod tests;
