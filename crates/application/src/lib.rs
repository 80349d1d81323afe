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
mod ordering;
mod pages;
mod payments;
mod shop_rules;
mod storefront;

pub use admin::{
    AdminOrderDetails, Anonymise, AnonymiseReport, AttemptPage, Audit, AuditReport, Figures, FoundOrders,
    InspectOrder, InspectOrderError, ListedEndpoint, ManageWebhooks, ManageWebhooksError, OrderExport,
    OrderFilter, SearchOrders, ShowFigures, WebhookSettings,
};
pub use after_sales::RefundOrder;
pub use fulfilment::{ConfirmReceipt, OrderTimers, ShipOrder};
pub use jobs::{
    DeliverWebhooks, DistributeEvents, DueRefunds, Job, JobError, JobHealth, JobReport, NightlyAudit,
    OrderTimersJob, Pass, PurgeKeys, PurgeOutbox, PurgeRefused, RemoveOrderedLines, Schedule, Supervisor,
};
pub use ledger::{Transact, TransactError, Transacted, count_from_zero};
pub use noticed::{in_request, trace};
pub use ordering::{
    BATCHER_PATIENCE, BatchRequest, BatcherQueue, BatcherSettings, CancelOrder, CartCleaned, CartCleaner,
    ChangeAddress, ChangeAddressError, ListOrders, ListOrdersError, ListOrdersRequest, ListedOrder,
    LowerAmount, OrderBatcher, OrderDetails, OrderItems, OrderPage, Outcome, PlaceOrder, PlaceOrderError,
    PlaceOrderRequest, PlacedOrder, Placement, PlacementError, PlacementPorts, Preview, PreviewError,
    PreviewOrder, PreviewRefusal, ShowOrder, ShowOrderError, Unplaced,
};
pub use payments::{
    Cashier, FoundDifference, NotificationError, OrderChangeError, PaymentInvitation, PaymentResult,
    PaymentResultError, PaymentState, PaymentWish, Recently, Reconcile, ReconcileError, SettleError,
    SettlePayment, Settled, StartPayment, StartedPayment,
};
pub use shop_rules::ShopRules;
pub use storefront::{
    BrowseGoods, BrowseGoodsError, EditAddresses, EditAddressesError, EditCart, EditCartError, ShownLine,
    SignIn, SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn, SkuDetail,
};

/// How often a transaction is tried again when others hold its rows, before the caller gets an error.
const ATTEMPTS: u32 = 8;
