//! All trades of the sandbox, found by either of their numbers.

use std::collections::HashMap;

use domain::ShopTime;

use crate::{
    failure::Failure,
    numbers::Numbers,
    trade::{Terms, Trade, TradeStatus},
};

/// How a request names a trade. Where both numbers are given, Alipay's own counts.
#[derive(Debug, Clone)]
pub(crate) enum TradeRef {
    TradeNo(String),
    OutTradeNo(String),
}

/// A buyer who comes to the cashier.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) terms: Terms,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
}

pub(crate) struct Ledger {
    trades: HashMap<String, Trade>,
    out_trade_nos: HashMap<String, String>,
    max_trades: usize,
}

impl Ledger {
    pub(crate) fn new(trades: Vec<Trade>, max_trades: usize) -> Self {
        let out_trade_nos =
            trades.iter().map(|trade| (trade.trade_no.clone(), trade.terms.out_trade_no.clone())).collect();
        let trades = trades.into_iter().map(|trade| (trade.terms.out_trade_no.clone(), trade)).collect();
        Self { trades, out_trade_nos, max_trades }
    }

    /// The trade, closed first where its deadline has passed.
    pub(crate) fn find(&mut self, reference: &TradeRef, now: ShopTime) -> Result<&mut Trade, Failure> {
        let out_trade_no = match reference {
            TradeRef::OutTradeNo(out_trade_no) => Some(out_trade_no),
            TradeRef::TradeNo(trade_no) => self.out_trade_nos.get(trade_no),
        };
        let trade = out_trade_no.and_then(|number| self.trades.get_mut(number));
        let trade = trade.ok_or(Failure::TradeNotExist)?;
        trade.expire(now);
        Ok(trade)
    }

    /// The trade of a buyer who comes to the cashier: a new one, or the one that waits for payment under the same terms.
    pub(crate) fn arrive(
        &mut self,
        arrival: Arrival,
        numbers: &Numbers,
        now: ShopTime,
    ) -> Result<&Trade, Failure> {
        let reference = TradeRef::OutTradeNo(arrival.terms.out_trade_no.clone());
        if self.find(&reference, now).is_ok() {
            let trade = self.find(&reference, now)?;
            trade.must_be_payable()?;
            if trade.terms != arrival.terms {
                return Err(Failure::ContextInconsistent);
            }
            trade.notify_url = arrival.notify_url;
            trade.return_url = arrival.return_url;
            return Ok(trade);
        }
        let expires_at = arrival.terms.deadline(now)?;
        if expires_at <= now {
            return Err(Failure::TradeHasClose);
        }
        if self.trades.len() >= self.max_trades {
            return Err(Failure::Full);
        }
        Ok(self.open(arrival, numbers.trade_no(now), expires_at, now))
    }

    fn open(&mut self, arrival: Arrival, trade_no: String, expires_at: ShopTime, now: ShopTime) -> &Trade {
        let Arrival { terms, notify_url, return_url } = arrival;
        let out_trade_no = terms.out_trade_no.clone();
        self.out_trade_nos.insert(trade_no.clone(), out_trade_no.clone());
        self.trades.entry(out_trade_no).or_insert(Trade {
            terms,
            trade_no,
            status: TradeStatus::WaitBuyerPay,
            created_at: now,
            expires_at,
            paid_at: None,
            closed_at: None,
            refunds: Vec::new(),
            notify_url,
            return_url,
        })
    }

    /// A copy of everything, for the state file.
    pub(crate) fn trades(&self) -> Vec<Trade> {
        self.trades.values().cloned().collect()
    }
}
