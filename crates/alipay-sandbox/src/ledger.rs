//! All trades of the sandbox, by either of their numbers.

use std::collections::HashMap;

use domain::ShopTime;

use crate::{
    failure::Failure,
    numbers::Numbers,
    trade::{Terms, Trade, TradeStatus},
};

/// How a request names a trade. If it has both numbers, Alipay's number counts.
#[derive(Debug, Clone)]
pub(crate) enum TradeRef {
    TradeNo(String),
    /// Of several trades with this number, the oldest that is not closed, or the oldest if all are closed.
    OutTradeNo(String),
}

/// A buyer who arrives at the cashier.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) terms: Terms,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) quit_url: Option<String>,
    /// The account with which the buyer has signed in.
    pub(crate) account: String,
}

/// The trades in the order of their creation; none is ever removed.
pub(crate) struct Ledger {
    trades: Vec<Trade>,
    by_trade_no: HashMap<String, usize>,
    by_out_trade_no: HashMap<String, Vec<usize>>,
    max_trades: usize,
}

impl Ledger {
    pub(crate) fn new(trades: Vec<Trade>, max_trades: usize) -> Self {
        let mut ledger = Self {
            trades: Vec::with_capacity(trades.len()),
            by_trade_no: HashMap::new(),
            by_out_trade_no: HashMap::new(),
            max_trades,
        };
        for trade in trades {
            ledger.add(trade);
        }
        ledger
    }

    /// Finds a trade, and closes it first if its deadline has passed.
    pub(crate) fn find(&mut self, reference: &TradeRef, now: ShopTime) -> Result<&mut Trade, Failure> {
        let place = self.place(reference, now).ok_or(Failure::TradeNotExist)?;
        let trade = self.trades.get_mut(place).ok_or(Failure::TradeNotExist)?;
        trade.expire(now);
        Ok(trade)
    }

    fn place(&self, reference: &TradeRef, now: ShopTime) -> Option<usize> {
        match reference {
            TradeRef::TradeNo(trade_no) => self.by_trade_no.get(trade_no).copied(),
            TradeRef::OutTradeNo(out_trade_no) => {
                let places = self.by_out_trade_no.get(out_trade_no)?;
                let is_open = |place: usize| self.trades.get(place).is_some_and(|one| !one.is_closed(now));
                places.iter().copied().find(|&place| is_open(place)).or_else(|| places.first().copied())
            }
        }
    }

    /// The trade of a buyer who arrives at the cashier: a new one, or the one that waits for payment under the same
    /// terms.
    pub(crate) fn arrive(
        &mut self,
        arrival: Arrival,
        numbers: &Numbers,
        now: ShopTime,
    ) -> Result<&Trade, Failure> {
        let reference = TradeRef::OutTradeNo(arrival.terms.out_trade_no.clone());
        if self.place(&reference, now).is_some() {
            let trade = self.find(&reference, now)?;
            trade.must_be_payable()?;
            if trade.account.as_ref().is_some_and(|account| *account != arrival.account) {
                return Err(Failure::TradeBuyerNotMatch);
            }
            if trade.terms != arrival.terms {
                return Err(Failure::ContextInconsistent);
            }
            trade.notify_url = arrival.notify_url;
            trade.return_url = arrival.return_url;
            trade.quit_url = arrival.quit_url;
            return Ok(trade);
        }
        let expires_at = arrival.terms.deadline(now)?;
        if expires_at <= now {
            return Err(Failure::TradeHasClose);
        }
        let Arrival { terms, notify_url, return_url, quit_url, account } = arrival;
        self.open(Trade {
            terms,
            trade_no: numbers.trade_no(now),
            status: TradeStatus::WaitBuyerPay,
            created_at: now,
            expires_at,
            paid_at: None,
            closed_at: None,
            refunds: Vec::new(),
            notify_url,
            return_url,
            quit_url,
            account: Some(account),
        })
    }

    /// Creates a second trade with the terms of the first one, paid at once, whatever the state of the first one.
    pub(crate) fn pay_again(
        &mut self,
        out_trade_no: &str,
        numbers: &Numbers,
        now: ShopTime,
    ) -> Result<&Trade, Failure> {
        let first = self.find(&TradeRef::OutTradeNo(out_trade_no.to_owned()), now)?;
        let second = Trade {
            trade_no: numbers.trade_no(now),
            status: TradeStatus::Success,
            created_at: now,
            paid_at: Some(now),
            closed_at: None,
            refunds: Vec::new(),
            ..first.clone()
        };
        self.open(second)
    }

    fn open(&mut self, trade: Trade) -> Result<&Trade, Failure> {
        if self.trades.len() >= self.max_trades {
            return Err(Failure::Full);
        }
        self.add(trade);
        self.trades.last().ok_or(Failure::TradeNotExist)
    }

    fn add(&mut self, trade: Trade) {
        let place = self.trades.len();
        self.by_trade_no.insert(trade.trade_no.clone(), place);
        self.by_out_trade_no.entry(trade.terms.out_trade_no.clone()).or_default().push(place);
        self.trades.push(trade);
    }

    /// The merchant's number of a trade, if there is such a trade.
    pub(crate) fn out_trade_no(&self, trade_no: &str) -> Option<&str> {
        let trade = self.by_trade_no.get(trade_no).and_then(|&place| self.trades.get(place))?;
        Some(&trade.terms.out_trade_no)
    }

    /// Every trade, oldest first. Trades whose deadline has passed are closed.
    pub(crate) fn all(&mut self, now: ShopTime) -> &[Trade] {
        for trade in &mut self.trades {
            trade.expire(now);
        }
        &self.trades
    }

    /// The trades of one number of the merchant, oldest first. Trades whose deadline has passed are closed.
    pub(crate) fn all_of(&mut self, out_trade_no: &str, now: ShopTime) -> Vec<&Trade> {
        for &place in self.by_out_trade_no.get(out_trade_no).into_iter().flatten() {
            if let Some(trade) = self.trades.get_mut(place) {
                trade.expire(now);
            }
        }
        let places = self.by_out_trade_no.get(out_trade_no).into_iter().flatten();
        places.filter_map(|&place| self.trades.get(place)).collect()
    }

    /// A copy of everything, for the state file.
    pub(crate) fn trades(&self) -> Vec<Trade> {
        self.trades.clone()
    }
}
