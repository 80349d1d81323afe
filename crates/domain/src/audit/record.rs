use crate::{OrderStatus, PaymentRecord, Refund, SkuId, StockMove};

/// An order as it is stored. Amounts are in fen and may be below zero, as the old shop left some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// Its status.
    pub status: OrderStatus,
    /// How many pieces, by its own row and not by its lines.
    pub total_count: i64,
    /// What it costs, freight included, in fen.
    pub total_fen: i64,
    /// The freight, in fen.
    pub freight_fen: i64,
    /// The discount on goods and freight, in fen.
    pub discount_fen: i64,
    /// How many amendments it counts.
    pub amendments: u64,
    /// The sum of its refunds, in fen.
    pub refunded_fen: i64,
    /// Whether its `due_at` is set: the time of the order timers' next pass over it.
    pub has_due_at: bool,
    /// Whether this service shipped it. Another program that does keeps neither a timeline nor a timer.
    pub is_shipped_here: bool,
    /// Whether the old back end wrote it, which keeps neither a timeline nor payments.
    pub is_old: bool,
}

/// A line of an order as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLine {
    /// Of which SKU.
    pub sku_id: SkuId,
    /// How many pieces.
    pub count: i64,
    /// The price of one, in fen.
    pub price_fen: i64,
}

/// A SKU as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSku {
    /// Which.
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
    /// Whether pieces sold of a SKU are in it, so that the SKU's sales cannot be compared.
    pub has_pieces: bool,
}

/// What is on record under one order number.
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
    /// How many of its events are on record, delivered or not, of all endpoints together.
    pub events: u64,
    /// Its rows that cannot be read, of every table.
    pub unreadable: Vec<UnreadableRow>,
}
