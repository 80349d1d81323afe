//! What the shop can do, one file a use case, one folder a field.
//!
//! A use case decides through ports and the rules of `domain`; it never sees JSON, SQL or HTTP. Each has its own error
//! type, which the `api` crate matches exhaustively to find the code that the contract answers.

mod admin;
mod after_sales;
mod fulfilment;
mod jobs;
mod ledger;
mod noticed;
mod order_service;
mod ordering;
mod pages;
mod payments;
mod shop_rules;
mod storefront;

pub use admin::{
    AdminOrderDetails, Anonymise, AnonymiseReport, AttemptPage, Audit, AuditReport, Figures, FoundOrders,
    ListedEndpoint, ManageWebhooks, ManageWebhooksError, OrderExport, OrderFilter, StaffOrders,
    WebhookSettings,
};
pub use after_sales::DueRefunds;
pub use fulfilment::OrderTimers;
pub use jobs::{
    DeliverWebhooks, DistributeEvents, Job, JobError, JobHealth, JobReport, NightlyAudit, Pass, PurgeKeys,
    PurgeOutbox, PurgeRefused, RemoveOrderedLines, Schedule, Supervisor,
};
pub use ledger::{Transact, TransactError, Transacted, count_from_zero};
pub use noticed::{in_request, trace};
pub use order_service::OrderService;
pub use ordering::{
    BATCHER_PATIENCE, BatchRequest, BatcherQueue, BatcherSettings, CartCleaned, CartCleaner,
    ChangeAddressError, ListOrdersRequest, ListedOrder, OrderBatcher, OrderDetails, OrderItems, OrderPage,
    Outcome, PlaceOrder, PlaceOrderError, PlaceOrderRequest, PlacedOrder, Placement, PlacementError,
    PlacementPorts, Preview, PreviewError, PreviewOrder, PreviewRefusal, ShowOrderError, Unplaced,
};
pub use payments::{
    FoundDifference, NotificationError, OrderChangeError, PaymentInvitation, PaymentResultError,
    PaymentState, PaymentWish, Recently, ReconcileError, SettleError, Settled, StartedPayment,
};
pub use shop_rules::ShopRules;
pub use storefront::{
    BrowseGoods, BrowseGoodsError, EditAddresses, EditAddressesError, EditCart, EditCartError, ShownLine,
    SignIn, SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn, SkuDetail,
};

/// How often a transaction is tried again when others hold its rows, before the caller gets an error.
const ATTEMPTS: u32 = 8;
