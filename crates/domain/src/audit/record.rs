use crate::{OrderStatus, PaymentRecord, Refund, SkuId, StockMove};

/// An order as it is stored. Amounts are in fen and may be below zero, as the old shop left some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// Where it stands.
    pub status: OrderStatus,
    /// How many pieces it says to have.
    pub total_count: i64,
    /// What it says to cost, in fen.
    pub total_fen: i64,
    /// Its freight, in fen.
    pub freight_fen: i64,
    /// How much less it says to cost than goods and freight, in fen.
    pub discount_fen: i64,
    /// How often it says that it was amended.
    pub amendments: u64,
    /// What it says went back, in fen.
    pub refunded_fen: i64,
    /// Whether there is a time at which it is looked at of its own accord.
    pub is_due: bool,
    /// Whether the old back end wrote it: its statuses may have changed without a timeline, and its payment may not be on
    /// record.
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
    /// Whether it says how many pieces of a SKU are sold.
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
    /// Its amendments, the oldest first: of an amount what it was and what it became, in fen; `None` of an address.
    pub amendments: Vec<Option<(i64, i64)>>,
    /// Its payments.
    pub payments: Vec<PaymentRecord>,
    /// Its refunds.
    pub refunds: Vec<Refund>,
    /// The request numbers of those refunds for which there is no time at which they are looked at.
    pub undue_refunds: Vec<String>,
    /// Where its pieces went after it was placed.
    pub movements: Vec<StockMove>,
    /// How many events of it wait, or were delivered, at every endpoint.
    pub events: u64,
    /// Its rows that cannot be read, of every table.
    pub unreadable: Vec<UnreadableRow>,
}
