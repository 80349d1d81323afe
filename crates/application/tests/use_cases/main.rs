//! Every use case and every background job, with mocked ports and ledgers in memory.

mod admin_orders;
mod amend_order;
mod cancel_order;
mod deliver_webhooks;
mod manage_webhooks;
mod nightly_audit;
mod order_timers;
mod orders_and_payments;
mod place_order;
mod placement;
mod preview_order;
mod reconcile;
mod refund_order;
mod remove_ordered_lines;
mod search_orders;
mod settle_payment;
mod ship_order;
mod start_payment;
mod storefront;
mod supervisor;
mod support;
mod transact;
