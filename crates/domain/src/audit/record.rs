use crate::{OrderStatus, PaymentRecord, Refund, SkuId, StockMove};

/// An order as it is stored. Amounts are in fen and may be below zero, because the old shop stored some such amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// Its status.
    pub status: OrderStatus,
    /// The number of pieces in the order's row, not in its lines.
    pub total_count: i64,
    /// The amount, freight included, in fen.
    pub total_fen: i64,
    /// The freight, in fen.
    pub freight_fen: i64,
    /// The discount on goods and freight, in fen.
    pub discount_fen: i64,
    /// The number of amendments in the order's row.
    pub amendments: u64,
    /// The sum of its refunds, in fen.
    pub refunded_fen: i64,
    /// Whether its `due_at` is set: the time when its timer goes off.
    pub has_due_at: bool,
    /// Whether this service shipped it. Another program that ships orders writes neither a timeline nor a timer.
    pub is_shipped_here: bool,
    /// Whether the old back end wrote it, which writes neither a timeline nor payments.
    pub is_old: bool,
}

/// A line of an order as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLine {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many pieces.
    pub count: i64,
    /// The price of one piece, in fen.
    pub price_fen: i64,
}

/// A SKU as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSku {
    /// The SKU.
    pub id: SkuId,
    /// Pieces in stock.
    pub stock: i64,
    /// Pieces sold and not returned.
    pub sales: i64,
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Its table.
    pub table: &'static str,
    /// The value of its key.
    pub key: String,
    /// Why it cannot be read.
    pub why: String,
    /// Whether the row has sold pieces of a SKU, so that the SKU's sales cannot be compared.
    pub has_pieces: bool,
}

/// All stored rows of one order number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditRecord {
    /// The number.
    pub number: String,
    /// The order; `None` if there is no such order, or its row cannot be read.
    pub order: Option<StoredOrder>,
    /// Its lines.
    pub lines: Vec<StoredLine>,
    /// Every change of its status, the oldest first.
    pub timeline: Vec<(OrderStatus, OrderStatus)>,
    /// Its amendments, the oldest first: the amount before and after, in fen; `None` for a change of address.
    pub amendments: Vec<Option<(i64, i64)>>,
    /// Its payments.
    pub payments: Vec<PaymentRecord>,
    /// Its refunds.
    pub refunds: Vec<Refund>,
    /// The request numbers of those refunds whose `due_at` is not set: no job asks the channel about them.
    pub refunds_without_due_at: Vec<String>,
    /// Its stock movements after it was placed.
    pub movements: Vec<StockMove>,
    /// How many of its events are on record for all endpoints together, delivered or not.
    pub events: u64,
    /// Its unreadable rows of all tables.
    pub unreadable: Vec<UnreadableRow>,
}
