//! The views and tools for staff.

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

/// The views of orders for staff.
pub struct StaffOrders {
    /// Finds buyers by name.
    pub users: Arc<dyn Users>,
    /// Reads the orders.
    pub admin: Arc<dyn AdminOrders>,
    /// Tells the current day.
    pub clock: Arc<dyn Clock>,
}
