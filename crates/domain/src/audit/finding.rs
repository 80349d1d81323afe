words! {
    /// What kind of rule something breaks.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum FindingKind {
        /// A row cannot be read.
        Unreadable = "unreadable",
        /// Lines, payments and so on of an order that does not exist.
        Orphan = "orphan",
        /// An order without lines.
        NoLines = "no_lines",
        /// Count or amount is not the sum of the lines, with freight.
        Sums = "sums",
        /// An old order's amount is its goods alone, where old totals are with freight.
        OldTotalWithoutFreight = "old_total_without_freight",
        /// An old order's amount is with freight, where old totals are the goods alone.
        OldTotalWithFreight = "old_total_with_freight",
        /// What an order costs less, or how often it was amended, is not what its amendments say.
        Amendments = "amendments",
        /// The status does not follow from the timeline.
        Timeline = "timeline",
        /// An order is paid without a payment, or the other way round.
        Payment = "payment",
        /// More than one payment is said to have paid an order.
        SecondPayment = "second_payment",
        /// More of a trade went back than was paid.
        RefundExceedsPayment = "refund_exceeds_payment",
        /// The sum of refunds is not what payment or order say.
        RefundSums = "refund_sums",
        /// A payment that must not be kept has no refund under way.
        RefundOwed = "refund_owed",
        /// What waits for something is never looked at.
        Forgotten = "forgotten",
        /// Pieces that moved do not fit the order.
        Movements = "movements",
        /// A SKU's stock is below zero.
        Stock = "stock",
        /// A SKU's sales are not what the orders hold of it.
        Sales = "sales",
    }
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
