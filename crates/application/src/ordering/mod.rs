//! Preview, placement, views, changes and cancellation of orders.

mod cancel_order;
mod change_address;
mod list_orders;
mod lower_amount;
mod place_order;
mod preview_order;
mod show_order;

pub use list_orders::ListedOrder;
pub use place_order::{
    BATCHER_PATIENCE, BatchRequest, BatcherQueue, BatcherSettings, CartCleaned, CartCleaner, OrderBatcher,
    OrderItems, Outcome, PlaceOrder, PlaceOrderError, PlaceOrderRequest, PlacedOrder, Placement,
    PlacementError, PlacementPorts, Unplaced,
};
pub use preview_order::Preview;
pub use show_order::OrderDetails;
pub(crate) use show_order::timeline;
