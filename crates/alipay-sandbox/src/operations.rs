//! Everything that is not a call of the gateway: actions of buyers, actions of the merchant's staff in Alipay's
//! console, and the end of the refund period.

use domain::Money;

use crate::{amount::Amount, app::App, failure::Failure, gateway, ledger::TradeRef, trades::TradeRecord};

/// Brings a buyer to the cashier without the page, signed in with this account.
pub(crate) fn arrive(app: &App, pay_url: &str, account: &str) -> Result<TradeRecord, Failure> {
    let query = pay_url.split_once('?').map_or("", |(_, query)| query);
    let mut call = gateway::read(app, query.as_bytes(), b"").map_err(|refusal| refusal.failure)?;
    account.clone_into(&mut call.account);
    let arrival = gateway::arrival(&call)?;
    let now = app.now();
    let trade = app.ledger().arrive(arrival, &app.numbers, now).map(TradeRecord::of)?;
    app.changed();
    Ok(trade)
}

/// The buyer pays. A paid trade is not paid again.
pub(crate) fn pay(app: &App, reference: &TradeRef) -> Result<TradeRecord, Failure> {
    let now = app.now();
    let mut ledger = app.ledger();
    let trade = ledger.find(reference, now)?;
    trade.pay(now)?;
    app.changed();
    app.announce(trade, None);
    Ok(TradeRecord::of(trade))
}

/// The buyer pays the same order in a second trade.
pub(crate) fn pay_again(app: &App, out_trade_no: &str) -> Result<TradeRecord, Failure> {
    let now = app.now();
    let mut ledger = app.ledger();
    let trade = ledger.pay_again(out_trade_no, &app.numbers, now)?;
    app.changed();
    app.announce(trade, None);
    Ok(TradeRecord::of(trade))
}

/// The merchant's staff refund money in Alipay's console. Returns Alipay's number of the refund.
pub(crate) fn refund_at_console(app: &App, out_trade_no: &str, amount: Money) -> Result<String, Failure> {
    let amount =
        Amount::parse(&amount.to_string()).ok_or(Failure::InvalidParameter { field: "refund_amount" })?;
    let now = app.now();
    let mut ledger = app.ledger();
    let trade = ledger.find(&TradeRef::OutTradeNo(out_trade_no.to_owned()), now)?;
    let refunded = trade.refund(amount, Some(app.numbers.refund_no(now)), now)?;
    app.changed();
    app.announce(trade, Some(&refunded.refund));
    Ok(refunded.refund.out_request_no)
}

/// Ends the refund period of a paid trade, as after some months.
pub(crate) fn finish(app: &App, out_trade_no: &str) -> Result<TradeRecord, Failure> {
    let mut ledger = app.ledger();
    let trade = ledger.find(&TradeRef::OutTradeNo(out_trade_no.to_owned()), app.now())?;
    trade.finish()?;
    app.changed();
    app.announce(trade, None);
    Ok(TradeRecord::of(trade))
}

/// All trades, oldest first.
pub(crate) fn trades(app: &App) -> Vec<TradeRecord> {
    app.ledger().all(app.now()).iter().map(TradeRecord::of).collect()
}

/// The trades of one number of the merchant, oldest first.
pub(crate) fn trades_of(app: &App, out_trade_no: &str) -> Vec<TradeRecord> {
    app.ledger().all_of(out_trade_no, app.now()).into_iter().map(TradeRecord::of).collect()
}
