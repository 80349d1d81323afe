//! Who gets the pieces, and what went back.

mod allocation;
pub(crate) mod moves;
mod unpaid;

pub use allocation::{Allocation, Allocator, Refusal, StockDemand};
pub use moves::{Restock, StockMove, StockMoveKind, returned_by_line};
pub(crate) use moves::{by_sku, moved_for, pieces_held};
pub use unpaid::{UnpaidLimits, UnpaidOrders};
