use crate::{Money, ShippingAddress};

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

#[cfg(test)]
mod tests;
