//! The pages that the buyer sees, and the way back to the shop.

mod pages;
mod return_url;

pub(crate) use pages::{code_page, failure_page, paid_page, payment_page, waiting_page};
pub(crate) use return_url::signed_return_url;

use crate::{app::App, failure::Failure, ledger::TradeRef};

/// What the buyer's press of a button led to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Back to the shop.
    Redirect(String),
    /// A page; also where the shop gave no way back.
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
        // Pressed twice: the payment stands, and the way back is the same.
        Err(Failure::TradeHasSuccess) => {}
        Err(failure) => return Outcome::Page(failure_page(&failure, trade.return_url.as_deref())),
    }
    signed_return_url(app, trade).map_or_else(|| Outcome::Page(paid_page(trade)), Outcome::Redirect)
}

/// The buyer presses 取消: nothing is paid, and the trade goes on waiting. A phone goes where the shop wants it (`quit_url`);
/// else the way back is signed as after a payment, for a return says that there is a trade and not that it is paid.
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
