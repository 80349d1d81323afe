use crate::{Money, SkuId};

/// Why an order of the group gets no stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A SKU does not exist or is off the shelf.
    #[error("SKU {0} is gone or off the shelf")]
    Unavailable(SkuId),
    /// Too few pieces of a SKU are left for this order.
    #[error("too few pieces of SKU {0} are left")]
    StockShort(SkuId),
    /// The order costs another amount than the client expected; this is the amount now.
    #[error("the order costs {0} now")]
    AmountChanged(Money),
    /// The order costs more than the largest amount, or has too many pieces.
    #[error("the order costs more than an order can")]
    TooExpensive,
    /// The order costs 0.00, which cannot be paid at Alipay.
    #[error("the order costs nothing")]
    CostsNothing,
    /// The buyer has reached the limit of unpaid orders.
    #[error("the buyer has {limit} unpaid orders, which is the most")]
    TooManyUnpaidOrders {
        /// The most unpaid orders of a buyer.
        limit: u32,
    },
    /// With this order, the buyer's unpaid pieces of a SKU would exceed their limit.
    #[error("the buyer may hold {limit} unpaid pieces of SKU {sku_id}")]
    TooManyUnpaidPieces {
        /// The SKU.
        sku_id: SkuId,
        /// The most unpaid pieces, as the settings and the stock allow.
        limit: u32,
    },
}
