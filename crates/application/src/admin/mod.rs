//! What staff look at.

mod anonymise;
mod audit;
mod figures;
mod inspect_order;
mod resend_events;
mod search_orders;

pub use anonymise::{Anonymise, AnonymiseReport};
pub use audit::{Audit, AuditReport};
pub use figures::{Figures, ShowFigures};
pub use inspect_order::{AdminOrderDetails, InspectOrder, InspectOrderError};
pub use resend_events::ResendEvents;
pub use search_orders::{FoundOrders, OrderExport, OrderFilter, SearchOrders};
