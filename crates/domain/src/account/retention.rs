use crate::OrderStatus;

/// What stands in an order in place of its buyer's name, phone and address, once nobody needs them any more.
pub const ANONYMOUS: &str = "已匿名";

impl OrderStatus {
    /// Whether nothing is delivered, paid or waited for any more: 已完成, 已取消 or 已退款. A payment that comes late can
    /// still revive a cancelled order, within days.
    pub fn has_ended(self) -> bool {
        match self {
            Self::Completed | Self::Cancelled | Self::Refunded => true,
            Self::AwaitingPayment | Self::AwaitingShipment | Self::AwaitingReceipt => false,
        }
    }
}
