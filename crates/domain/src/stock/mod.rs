//! Who gets the pieces, and what went back.

mod allocation;
pub(crate) mod moves;
mod unpaid;

pub use allocation::{Allocation, Allocator, Refusal, StockDemand};
pub(crate) use moves::pieces_held;
pub use moves::{Restock, StockMove, StockMoveKind, returned_by_line};
pub use unpaid::{UnpaidLimits, UnpaidOrders};
