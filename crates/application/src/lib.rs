//! What the shop can do, one file a use case.
//!
//! A use case decides through ports and the rules of `domain`; it never sees JSON, SQL or HTTP. Each has its own error
//! type, which the `api` crate matches exhaustively to find the code that the contract answers.

mod browse_goods;
mod cancel_order;
mod cashier;
mod confirm_receipt;
mod edit_addresses;
mod edit_cart;
mod failures;
mod figures;
mod inspect_order;
mod jobs;
mod ledger;
mod list_orders;
mod order_timers;
mod payment_result;
mod place_order;
mod preview_order;
mod recently;
mod reconcile;
mod refund_order;
mod resend_events;
mod search_orders;
mod settle_payment;
mod ship_order;
mod show_order;
mod sign_in;
mod start_payment;

pub use browse_goods::{BrowseGoods, BrowseGoodsError, SkuDetail};
pub use cancel_order::{CancelOrder, CancelOrderError};
pub use cashier::{Cashier, PaymentInvitation};
pub use confirm_receipt::{ConfirmReceipt, ConfirmReceiptError};
pub use edit_addresses::{EditAddresses, EditAddressesError};
pub use edit_cart::{EditCart, EditCartError, ShownLine};
pub use figures::{Figures, ShowFigures};
pub use inspect_order::{AdminOrderDetails, InspectOrder, InspectOrderError};
pub use jobs::{
    DeliverWebhooks, DueRefunds, Job, JobError, JobHealth, JobReport, OrderTimersJob, Pass, PurgeKeys,
    PurgeOutbox, RemoveOrderedLines, Schedule, Supervisor,
};
pub use ledger::{Transact, TransactError, Transacted};
pub use list_orders::{ListOrders, ListOrdersError, ListOrdersRequest, ListedOrder, OrderPage};
pub use order_timers::OrderTimers;
pub use payment_result::{PaymentResult, PaymentResultError, PaymentState};
pub use place_order::{
    BATCHER_PATIENCE, BatchItems, BatchRequest, BatcherSettings, CartCleaned, CartCleaner, OrderBatcher,
    OrderItems, Outcome, PlaceOrder, PlaceOrderError, PlaceOrderRequest, PlacedOrder, Placement,
    PlacementError, PlacementPorts, Unplaced,
};
pub use preview_order::{Preview, PreviewError, PreviewItems, PreviewOrder, PreviewRefusal};
pub use recently::Recently;
pub use reconcile::{FoundDifference, Reconcile, ReconcileError};
pub use refund_order::{RefundOrder, RefundOrderError};
pub use resend_events::ResendEvents;
pub use search_orders::{FoundOrders, OrderExport, OrderFilter, SearchOrders};
pub use settle_payment::{NotificationError, SettleError, SettlePayment, Settled};
pub use ship_order::ShipOrder;
pub use show_order::{OrderDetails, ShowOrder, ShowOrderError};
pub use sign_in::{SignIn, SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn};
pub use start_payment::{StartPayment, StartPaymentError, StartedPayment};

use std::time::Duration;

use domain::{Pricing, QuantityLimit, UnpaidLimits};

/// What the shop's owner sets about selling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopRules {
    /// What an order costs beside its goods.
    pub pricing: Pricing,
    /// The most pieces of one SKU in one order.
    pub quantity_limit: QuantityLimit,
    /// How long an order may stay unpaid.
    pub payment_deadline: Duration,
    /// How much a buyer may leave unpaid.
    pub unpaid_limits: UnpaidLimits,
    /// Within what time the same order of the same buyer is taken for a second click on the same button; nothing where
    /// every click is an order.
    pub double_click: Duration,
    /// After how long a sent order is taken for received.
    pub receipt_after: Duration,
}

/// How often a unit of work is tried again when others hold its rows, before the caller is told so.
const ATTEMPTS: u32 = 8;
