words! {
    /// The kind of rule that is broken.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum FindingKind {
        /// A row cannot be read.
        Unreadable = "unreadable",
        /// Rows, such as lines or payments, of an order that does not exist.
        Orphan = "orphan",
        /// An order without lines.
        NoLines = "no_lines",
        /// The count or the amount is not the sum of the lines, with freight.
        Sums = "sums",
        /// The amount of an old order is without freight, although old totals are set to be with freight.
        OldTotalWithoutFreight = "old_total_without_freight",
        /// The amount of an old order is with freight, although old totals are set to be without freight.
        OldTotalWithFreight = "old_total_with_freight",
        /// The discount, or the number of amendments, is not what the amendments say.
        Amendments = "amendments",
        /// The status does not follow from the timeline.
        Timeline = "timeline",
        /// An order is paid without a payment, or the other way round.
        Payment = "payment",
        /// More than one payment is recorded to have settled an order.
        SecondPayment = "second_payment",
        /// The refunds of a trade exceed its payment.
        RefundExceedsPayment = "refund_exceeds_payment",
        /// The sum of the refunds is not the sum in the payment or in the order.
        RefundSums = "refund_sums",
        /// A payment that the shop must refund has no open refund.
        RefundOwed = "refund_owed",
        /// An order or a refund waits for a job, and its `due_at` is not set.
        Forgotten = "forgotten",
        /// The stock movements do not fit the order.
        Movements = "movements",
        /// A SKU's stock is below zero.
        Stock = "stock",
        /// A SKU's sales are not the number of its pieces that the orders hold.
        Sales = "sales",
    }
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule is broken.
    pub kind: FindingKind,
    /// The subject: an order's number, the table and key of a row, or a SKU.
    pub key: String,
    /// The records that break the rule, in words.
    pub what: String,
}
