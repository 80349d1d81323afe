use crate::Money;

/// Alipay's bill of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bill {
    /// What was booked.
    pub entries: Vec<BillEntry>,
    /// Lines that cannot be read. What they tell is not among the entries.
    pub unreadable: Vec<UnreadableLine>,
}

/// A line of a bill that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableLine {
    /// Which, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
    /// Alipay's number of the trade, where the line begins as lines do; else empty.
    pub trade_no: String,
    /// Our order number, likewise.
    pub out_trade_no: String,
}

/// One line of Alipay's bill of a day: money that came in, or that went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillEntry {
    /// Alipay's number of the trade.
    pub trade_no: String,
    /// Our order number, as Alipay has it; it may be none of ours.
    pub out_trade_no: String,
    /// Under which request number money went back, as Alipay has it; it may be none of ours. `None` if a buyer paid.
    pub out_request_no: Option<String>,
    /// How much: what the buyer paid, or what went back to the buyer.
    pub amount: Money,
}
