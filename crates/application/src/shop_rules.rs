use std::time::Duration;

use domain::{Pricing, QuantityLimit, UnpaidLimits};

/// What the shop's owner sets about selling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopRules {
    /// What an order costs beside its goods.
    pub pricing: Pricing,
    /// The most pieces of one SKU in one order.
    pub quantity_limit: QuantityLimit,
    /// How long an order may stay unpaid.
    pub payment_deadline: Duration,
    /// How much a buyer may leave unpaid.
    pub unpaid_limits: UnpaidLimits,
    /// Within what time the same order of the same buyer is taken for a second click on the same button; nothing where
    /// every click is an order.
    pub double_click: Duration,
    /// After how long a sent order is taken for received.
    pub receipt_after: Duration,
}
