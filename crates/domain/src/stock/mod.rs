//! Stock: allocation to orders, limits for unpaid orders, and movements of pieces.

mod allocation;
pub(crate) mod moves;
mod refusal;
mod restock;
mod unpaid;

pub use allocation::{Allocation, Allocator, StockDemand};
pub use moves::{StockMove, StockMoveKind, returned_by_line};
pub(crate) use moves::{moved_for, pieces_held};
pub use refusal::Refusal;
pub use restock::Restock;
pub(crate) use restock::by_sku;
pub use unpaid::{UnpaidLimits, UnpaidOrders};
