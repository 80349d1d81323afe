/// What kind of rule something breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A row cannot be read.
    Unreadable,
    /// Lines, payments and so on of an order that does not exist.
    Orphan,
    /// An order without lines.
    NoLines,
    /// Count or amount is not the sum of the lines, with freight.
    Sums,
    /// An old order's amount is its goods alone, where old totals are with freight.
    OldTotalWithoutFreight,
    /// An old order's amount is with freight, where old totals are the goods alone.
    OldTotalWithFreight,
    /// What an order costs less, or how often it was amended, is not what its amendments say.
    Amendments,
    /// The status does not follow from the timeline.
    Timeline,
    /// An order is paid without a payment, or the other way round.
    Payment,
    /// More than one payment is said to have paid an order.
    SecondPayment,
    /// More of a trade went back than was paid.
    RefundExceedsPayment,
    /// The sum of refunds is not what payment or order say.
    RefundSums,
    /// A payment that must not be kept has no refund under way.
    RefundOwed,
    /// What waits for something is never looked at.
    Forgotten,
    /// Pieces that moved do not fit the order.
    Movements,
    /// A SKU's stock is below zero.
    Stock,
    /// A SKU's sales are not what the orders hold of it.
    Sales,
}

/// Something that cannot be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule is broken.
    pub kind: FindingKind,
    /// Of what: the order's number, the table and key of a row, or the SKU.
    pub key: String,
    /// What is on record, in words.
    pub what: String,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Unreadable,
        Self::Orphan,
        Self::NoLines,
        Self::Sums,
        Self::OldTotalWithoutFreight,
        Self::OldTotalWithFreight,
        Self::Amendments,
        Self::Timeline,
        Self::Payment,
        Self::SecondPayment,
        Self::RefundExceedsPayment,
        Self::RefundSums,
        Self::RefundOwed,
        Self::Forgotten,
        Self::Movements,
        Self::Stock,
        Self::Sales,
    ];

    /// The word that is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Orphan => "orphan",
            Self::NoLines => "no_lines",
            Self::Sums => "sums",
            Self::OldTotalWithoutFreight => "old_total_without_freight",
            Self::OldTotalWithFreight => "old_total_with_freight",
            Self::Amendments => "amendments",
            Self::Timeline => "timeline",
            Self::Payment => "payment",
            Self::SecondPayment => "second_payment",
            Self::RefundExceedsPayment => "refund_exceeds_payment",
            Self::RefundSums => "refund_sums",
            Self::RefundOwed => "refund_owed",
            Self::Forgotten => "forgotten",
            Self::Movements => "movements",
            Self::Stock => "stock",
            Self::Sales => "sales",
        }
    }
}
