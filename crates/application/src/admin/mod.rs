//! What staff look at.

mod anonymise;
mod audit;
mod figures;
mod inspect_order;
mod manage_webhooks;
mod search_orders;

pub use anonymise::{Anonymise, AnonymiseReport};
pub use audit::{Audit, AuditReport};
pub use figures::{Figures, ShowFigures};
pub use inspect_order::{AdminOrderDetails, InspectOrder, InspectOrderError};
pub use manage_webhooks::{
    AttemptPage, ListedEndpoint, ManageWebhooks, ManageWebhooksError, WebhookSettings,
};
pub use search_orders::{FoundOrders, OrderExport, OrderFilter, SearchOrders};
