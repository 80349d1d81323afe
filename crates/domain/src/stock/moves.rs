use std::collections::BTreeMap;

use crate::{Order, OrderGoods, Restock, ShopTime, SkuId, by_sku};

/// A movement of an order's pieces after it was placed: one row of the stock ledger. It is unique for order, SKU and
/// kind, so that no pieces go back twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockMove {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many.
    pub pieces: u32,
    /// The reason, which gives the direction.
    pub kind: StockMoveKind,
    /// When.
    pub at: ShopTime,
}

/// Why pieces moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockMoveKind {
    /// Back into stock: the order was cancelled.
    Cancelled,
    /// Out of stock again: the cancelled order turned out to be paid.
    Revived,
    /// Back into stock with the refund of this request number.
    Refunded(String),
    /// Back into stock without a refund, by the request of this number.
    Returned(String),
}

impl StockMoveKind {
    /// The word that is stored: `cancel`, `revive`, `refund:<request number>`, `return:<request number>`.
    pub fn to_word(&self) -> String {
        match self {
            Self::Cancelled => "cancel".to_owned(),
            Self::Revived => "revive".to_owned(),
            Self::Refunded(out_request_no) => format!("refund:{out_request_no}"),
            Self::Returned(request_no) => format!("return:{request_no}"),
        }
    }

    /// The kind with this stored word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        match (word, word.split_once(':')) {
            ("cancel", None) => Some(Self::Cancelled),
            ("revive", None) => Some(Self::Revived),
            (_, Some(("refund", number))) => Some(Self::Refunded(number.to_owned())),
            (_, Some(("return", number))) => Some(Self::Returned(number.to_owned())),
            _other => None,
        }
    }

    /// Whether it puts pieces back into stock.
    pub fn is_return(&self) -> bool {
        match self {
            Self::Cancelled | Self::Refunded(_) | Self::Returned(_) => true,
            Self::Revived => false,
        }
    }
}

/// The pieces that moved for this reason, each SKU once, in ascending order.
pub(crate) fn moved_for(kind: &StockMoveKind, moves: &[StockMove]) -> Vec<Restock> {
    let of_kind = moves.iter().filter(|moved| moved.kind == *kind);
    by_sku(of_kind.map(|moved| Restock { sku_id: moved.sku_id, pieces: moved.pieces }))
}

/// How many pieces of the SKU the order holds after these movements.
pub(crate) fn pieces_held(order: &Order, moves: &[StockMove], sku_id: SkuId) -> u32 {
    let bought = order.stock().into_iter().find(|line| line.sku_id == sku_id).map_or(0, |line| line.pieces);
    let (back, out) = back_and_out(moves, sku_id);
    bought.saturating_add(out).saturating_sub(back)
}

/// How many pieces of each of the order's lines went back into stock and stayed there. If two lines have the same SKU,
/// as the old back end could write them, the first line is filled first.
pub fn returned_by_line(order: &Order, moves: &[StockMove]) -> Vec<u32> {
    let mut counted: BTreeMap<SkuId, u32> = BTreeMap::new();
    let returned = |line: &OrderGoods| {
        let (back, out) = back_and_out(moves, line.sku_id);
        let counted = counted.entry(line.sku_id).or_default();
        let of_line = back.saturating_sub(out).saturating_sub(*counted).min(line.quantity.pieces());
        *counted = counted.saturating_add(of_line);
        of_line
    };
    order.goods.iter().map(returned).collect()
}

/// How many pieces of the SKU went back into stock, and how many came out of it again.
fn back_and_out(moves: &[StockMove], sku_id: SkuId) -> (u32, u32) {
    let of_sku = moves.iter().filter(|moved| moved.sku_id == sku_id);
    of_sku.fold((0_u32, 0_u32), |(back, out), moved| {
        if moved.kind.is_return() {
            (back.saturating_add(moved.pieces), out)
        } else {
            (back, out.saturating_add(moved.pieces))
        }
    })
}

#[cfg(test)]
pub(crate) mod tests;
