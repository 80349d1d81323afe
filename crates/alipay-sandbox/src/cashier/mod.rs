//! The cashier's pages, and the return to the shop.

mod pages;
mod return_url;

pub(crate) use pages::{code_page, failure_page, paid_page, payment_page, waiting_page};
pub(crate) use return_url::signed_return_url;

use crate::{app::App, failure::Failure, ledger::TradeRef};

/// The result of a button of the cashier.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The browser returns to the shop.
    Redirect(String),
    /// A page, for example if the shop gave no URL to return to.
    Page(String),
}

/// The buyer presses 确认付款.
pub(crate) fn pay(app: &App, trade_no: &str) -> Outcome {
    let now = app.now();
    let mut ledger = app.ledger();
    let trade = match ledger.find(&TradeRef::TradeNo(trade_no.to_owned()), now) {
        Ok(trade) => trade,
        Err(failure) => return Outcome::Page(failure_page(&failure, None)),
    };
    match trade.pay(now) {
        Ok(()) => {
            app.changed();
            app.announce(trade, None);
        }
        // The buyer pressed twice: the payment is valid, and the return is the same.
        Err(Failure::TradeHasSuccess) => {}
        Err(failure) => return Outcome::Page(failure_page(&failure, trade.return_url.as_deref())),
    }
    signed_return_url(app, trade).map_or_else(|| Outcome::Page(paid_page(trade)), Outcome::Redirect)
}

/// The buyer presses 取消: nothing is paid, and the trade still waits. A phone goes to the shop's `quit_url`. Otherwise
/// the return is signed as after a payment, because a return shows that there is a trade and not that it is paid.
pub(crate) fn cancel(app: &App, trade_no: &str) -> Outcome {
    let mut ledger = app.ledger();
    match ledger.find(&TradeRef::TradeNo(trade_no.to_owned()), app.now()) {
        Ok(trade) => trade
            .quit_url
            .clone()
            .or_else(|| signed_return_url(app, trade))
            .map_or_else(|| Outcome::Page(waiting_page(trade)), Outcome::Redirect),
        Err(failure) => Outcome::Page(failure_page(&failure, None)),
    }
}
