use crate::{Money, SkuId};

/// Why an order of the group gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A SKU is gone or off the shelf.
    #[error("SKU {0} is gone or off the shelf")]
    Unavailable(SkuId),
    /// Too few pieces of a SKU are left for this order.
    #[error("too few pieces of SKU {0} are left")]
    StockShort(SkuId),
    /// The order costs something else than the client expected.
    #[error("the order costs {0} now")]
    AmountChanged(Money),
    /// The order costs more than an order can.
    #[error("the order costs more than an order can")]
    TooExpensive,
    /// The order costs nothing, which cannot be paid at Alipay.
    #[error("the order costs nothing")]
    CostsNothing,
    /// The buyer has as many unpaid orders as one may have.
    #[error("the buyer has {limit} unpaid orders, which is the most")]
    TooManyUnpaidOrders {
        /// The most unpaid orders of a buyer.
        limit: u32,
    },
    /// With this order the buyer would hold more unpaid pieces of a SKU than one may.
    #[error("the buyer may hold {limit} unpaid pieces of SKU {sku_id}")]
    TooManyUnpaidPieces {
        /// Of which SKU.
        sku_id: SkuId,
        /// The most unpaid pieces, as the settings and the stock allow.
        limit: u32,
    },
}
