//! How money and pieces go back.

mod refund_order;

pub use refund_order::DueRefunds;
