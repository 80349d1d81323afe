use crate::{Money, ShippingAddress, TimelineEntry};

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

#[cfg(test)]
mod tests;
