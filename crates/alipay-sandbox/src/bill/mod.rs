//! The bill of a day: a zip of two CSV files in GBK, the detail (业务明细) and the summary (汇总). The link to it is valid
//! for a short time.

mod archive;
mod links;
mod sheet;

use domain::{ShopDate, ShopTime};

use crate::{SandboxConfig, amount::Amount, trade::Trade};
pub(crate) use archive::CannotPack;
pub(crate) use links::Links;

/// One line of the bill.
struct Entry {
    trade_no: String,
    out_trade_no: String,
    subject: String,
    created_at: ShopTime,
    /// When it was booked.
    at: ShopTime,
    amount: Amount,
    /// `None` for a payment.
    out_request_no: Option<String>,
}

/// Whether anything was booked on the day.
pub(crate) fn has_entries(trades: &[Trade], date: ShopDate) -> bool {
    trades.iter().any(|trade| {
        trade.paid_at.is_some_and(|at| at.date() == date)
            || trade.refunds.iter().any(|refund| refund.at.date() == date)
    })
}

/// The entries of a day in the order of time. [`zip()`] uses them without access to the trades.
pub(crate) struct Day {
    date: ShopDate,
    entries: Vec<Entry>,
}

impl Day {
    pub(crate) fn of(trades: &[Trade], date: ShopDate) -> Self {
        let mut entries: Vec<_> =
            trades.iter().flat_map(booked).filter(|entry| entry.at.date() == date).collect();
        entries.sort_by_key(|entry| entry.at);
        Self { date, entries }
    }
}

/// All entries of a trade.
fn booked(trade: &Trade) -> impl Iterator<Item = Entry> {
    let entry = |at, amount, out_request_no| Entry {
        trade_no: trade.trade_no.clone(),
        out_trade_no: trade.terms.out_trade_no.clone(),
        subject: trade.terms.subject.clone(),
        created_at: trade.created_at,
        at,
        amount,
        out_request_no,
    };
    let payment = trade.paid_at.map(|at| entry(at, trade.terms.total_amount, None));
    let refunds =
        trade.refunds.iter().map(move |one| entry(one.at, one.amount, Some(one.out_request_no.clone())));
    payment.into_iter().chain(refunds)
}

/// The file behind the link.
///
/// # Errors
/// The library failed to pack it.
pub(crate) fn zip(day: &Day, now: ShopTime, config: &SandboxConfig) -> Result<Vec<u8>, CannotPack> {
    let account = format!("{}0156", config.seller_id);
    let name = |kind: &str| format!("{account}_{}_{kind}.csv", day.date.to_string().replace('-', ""));
    let detail = sheet::detail(day, now, &account).map_err(|_| CannotPack)?;
    let summary = sheet::summary(day, now, &account);
    archive::zip(&[(name("业务明细"), detail), (name("业务明细(汇总)"), summary)])
}
