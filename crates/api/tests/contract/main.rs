//! The contract as a client sees it: each operation and each code, as recorded JSON, over the real routes and the real
//! use cases, with mocked ports behind them. `embedded` does the same over a real SQLite store.

mod admin;
mod caller;
mod cancel;
mod change_address;
mod create;
mod embedded;
mod list;
mod openapi;
mod pages;
mod parameters;
mod pay;
mod preview;
mod receipt;
mod samples;
mod settle;
mod show;
mod storefront;
mod support;
mod time;
