//! What staff look at.

mod anonymise;
mod audit;
mod figures;
mod inspect_order;
mod manage_webhooks;
mod search_orders;

pub use anonymise::{Anonymise, AnonymiseReport};
pub use audit::{Audit, AuditReport};
pub use figures::Figures;
pub use inspect_order::AdminOrderDetails;
pub use manage_webhooks::{ListedEndpoint, ManageWebhooks, ManageWebhooksError, WebhookSettings};
pub use search_orders::{OrderExport, OrderFilter};

use std::sync::Arc;

use ports::{AdminOrders, Clock, Users};

/// What staff see of orders.
pub struct StaffOrders {
    /// Whose orders.
    pub users: Arc<dyn Users>,
    /// The orders.
    pub admin: Arc<dyn AdminOrders>,
    /// Which day it is.
    pub clock: Arc<dyn Clock>,
}
