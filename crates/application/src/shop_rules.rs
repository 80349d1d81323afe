use std::time::Duration;

use domain::{Pricing, QuantityLimit, UnpaidLimits};

/// The sales rules that the shop's owner configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopRules {
    /// Prices beside the goods: freight.
    pub pricing: Pricing,
    /// The most pieces of one SKU in one order.
    pub quantity_limit: QuantityLimit,
    /// How long an order may stay unpaid.
    pub payment_deadline: Duration,
    /// The limits for a buyer's unpaid orders.
    pub unpaid_limits: UnpaidLimits,
    /// How long the same order of the same buyer counts as a second click on the same button; zero if every click
    /// places an order.
    pub double_click: Duration,
    /// How long after shipment an order counts as received.
    pub receipt_after: Duration,
}
