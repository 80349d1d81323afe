use crate::Money;

/// Alipay's bill of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bill {
    /// The entries that were booked.
    pub entries: Vec<BillEntry>,
    /// Lines that cannot be read. Their content is not among the entries.
    pub unreadable: Vec<UnreadableLine>,
}

/// A line of a bill that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableLine {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// Why it cannot be read.
    pub problem: String,
    /// Alipay's number of the trade, if the beginning of the line is readable; else empty.
    pub trade_no: String,
    /// The order number, under the same condition.
    pub out_trade_no: String,
}

/// One line of Alipay's bill of a day: a payment or a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillEntry {
    /// Alipay's number of the trade.
    pub trade_no: String,
    /// The number of the attempt, as Alipay has it; it may be another program's.
    pub out_trade_no: String,
    /// The request number of a refund, as Alipay has it; it may be another program's. `None` for a payment.
    pub out_request_no: Option<String>,
    /// The amount paid or refunded.
    pub amount: Money,
}
