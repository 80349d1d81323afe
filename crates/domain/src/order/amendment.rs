use crate::{Money, ShippingAddress};

/// A change of an order after it was placed, other than of its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// Staff lowered its amount: 改价.
    Amount {
        /// The old amount.
        before: Money,
        /// The new amount.
        after: Money,
    },
    /// Its address was changed.
    Address {
        /// The old address.
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
