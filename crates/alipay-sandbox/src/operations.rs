//! What buyers, the merchant's people in Alipay's console, and time do: everything that is no call of the gateway.

use domain::Money;

use crate::{amount::Amount, app::App, failure::Failure, gateway, ledger::TradeRef, trades::TradeRecord};

/// Brings a buyer to the cashier without the page, signed in by this account.
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

/// The buyer pays. A trade that is paid already is not paid again.
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

/// The merchant's people give money back in Alipay's console; answers the number that Alipay gave it.
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

/// Months pass, and a paid trade can no longer be refunded.
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

/// The trades of one number of the merchant's, oldest first.
pub(crate) fn trades_of(app: &App, out_trade_no: &str) -> Vec<TradeRecord> {
    app.ledger().all_of(out_trade_no, app.now()).into_iter().map(TradeRecord::of).collect()
}
