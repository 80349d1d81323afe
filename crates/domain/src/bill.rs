use crate::{Money, ShopTime};

/// One line of Alipay's bill of a day: money that came in, or that went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillEntry {
    /// Alipay's number of the trade.
    pub trade_no: String,
    /// Our order number, as Alipay has it; it may be none of ours.
    pub out_trade_no: String,
    /// What happened.
    pub kind: BillEntryKind,
    /// How much: what the buyer paid, or what went back to the buyer.
    pub amount: Money,
    /// When it was booked.
    pub booked_at: ShopTime,
}

/// What a line of the bill tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillEntryKind {
    /// A buyer paid.
    Payment,
    /// Money went back under this request number.
    Refund {
        /// `out_request_no`, as Alipay has it; it may be none of ours.
        out_request_no: String,
    },
}
