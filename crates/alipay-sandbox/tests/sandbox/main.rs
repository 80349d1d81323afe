//! The sandbox as a merchant and a buyer use it: over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod bills;
mod cashier;
mod certificates;
mod control;
mod gateway;
mod merchant;
mod notifications;
mod refunds;
mod restart;
mod shop;
mod trades;
