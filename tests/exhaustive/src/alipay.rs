//! Alipay: its trades, what went back of them, and what it says about them.

use std::fmt;

use domain::{Money, ShopTime, TradeStatus};

/// What the order costs, in yuan.
pub(crate) const TOTAL: u8 = 10;
/// What somebody pays by mistake; and what staff lower the order to, so that what was wrong is what it costs then.
pub(crate) const LOWERED: u8 = 7;
/// What goes back where a part goes back.
pub(crate) const PART: u8 = 4;

/// The number of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Number {
    /// Requested by staff.
    Staff(u8),
    /// Made at Alipay's console.
    Console(u8),
    /// Automatic by the shop, of this trade; the second number counts those that were replaced.
    Automatic(u8, u8),
}

/// One trade of an attempt to pay the order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trade {
    /// Of which attempt it is, the first being 0.
    pub attempt: u8,
    /// What it costs.
    pub amount: u8,
    /// Where it stands.
    pub state: TradeState,
    /// What went back, in this order.
    pub refunds: Vec<(Number, u8)>,
}

/// Where a trade stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TradeState {
    /// The buyer has come and not paid.
    Waiting,
    /// Paid, whatever went back since.
    Paid,
    /// Closed before it was paid.
    Closed,
}

/// What a notification or the answer to a query says about a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Message {
    /// Which trade.
    pub trade: u8,
    /// Of which attempt it is, the first being 0.
    pub attempt: u8,
    /// What it costs.
    pub amount: u8,
    /// Whether it is closed.
    pub is_closed: bool,
    /// What went back so far.
    pub refunded: u8,
    /// The refund that the message is about.
    pub number: Option<Number>,
}

impl Trade {
    /// A trade that its buyer opened.
    pub fn open(amount: u8) -> Self {
        Self { attempt: 0, amount, state: TradeState::Waiting, refunds: Vec::new() }
    }

    /// What did not go back.
    pub fn left(&self) -> u8 {
        match self.state {
            TradeState::Paid => self.amount - self.refunds.iter().map(|(_, amount)| amount).sum::<u8>(),
            TradeState::Waiting | TradeState::Closed => 0,
        }
    }

    /// Whether this refund was made.
    pub fn refund(&self, number: Number) -> Option<u8> {
        self.refunds.iter().find(|done| done.0 == number).map(|done| done.1)
    }

    /// Everything that Alipay has said about the trade so far.
    pub fn messages(&self, trade: u8) -> Vec<Message> {
        match self.state {
            TradeState::Waiting => Vec::new(),
            TradeState::Closed => vec![Message { is_closed: true, ..self.payment(trade) }],
            TradeState::Paid => {
                let mut messages = vec![self.payment(trade)];
                messages.extend((0..self.refunds.len()).map(|index| self.refund_message(trade, index)));
                if !self.refunds.is_empty() {
                    messages.push(self.unnumbered(trade));
                }
                messages
            }
        }
    }

    /// The notification of the payment; also the answer to a query as long as something is left.
    pub fn payment(&self, trade: u8) -> Message {
        Message {
            trade,
            attempt: self.attempt,
            amount: self.amount,
            is_closed: false,
            refunded: 0,
            number: None,
        }
    }

    /// The notification of a refund, the first being 0.
    pub fn refund_message(&self, trade: u8, index: usize) -> Message {
        let refunded = self.refunds.iter().take(index + 1).map(|(_, amount)| amount).sum();
        let number = self.refunds.get(index).map(|done| done.0);
        Message { is_closed: refunded == self.amount, refunded, number, ..self.payment(trade) }
    }

    /// The last refund, told of without its number; also the answer to a query if nothing is left.
    pub fn unnumbered(&self, trade: u8) -> Message {
        Message { number: None, ..self.refund_message(trade, self.refunds.len().saturating_sub(1)) }
    }

    /// The answer to a query now. It does not tell of refunds, unless nothing is left.
    pub fn query(&self, trade: u8) -> Message {
        match self.state {
            TradeState::Paid if self.left() == 0 => self.unnumbered(trade),
            TradeState::Paid => self.payment(trade),
            TradeState::Waiting | TradeState::Closed => Message { is_closed: true, ..self.payment(trade) },
        }
    }
}

impl Message {
    /// As the adapter hands it to the domain.
    pub fn to_domain(self, number: &str, at: ShopTime) -> domain::Trade {
        domain::Trade {
            trade_no: trade_no(self.trade),
            out_trade_no: attempt_number(number, self.attempt),
            status: if self.is_closed { TradeStatus::Closed } else { TradeStatus::Success },
            total_amount: yuan(self.amount),
            refunded: yuan(self.refunded),
            refund_request_no: self.number.map(|number| number.to_string()),
            buyer: None,
            paid_at: Some(at),
        }
    }
}

impl Number {
    /// The number of this text, if it is one of these.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('-')?;
        match (kind, rest.strip_prefix('T')) {
            ("shop", None) => Some(Self::Staff(rest.parse().ok()?)),
            ("console", None) => Some(Self::Console(rest.parse().ok()?)),
            ("back", Some(rest)) => match rest.split_once('-') {
                None => Some(Self::Automatic(rest.parse().ok()?, 0)),
                Some((trade, nth)) => Some(Self::Automatic(trade.parse().ok()?, nth.parse().ok()?)),
            },
            _other => None,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff(n) => write!(f, "shop-{n}"),
            Self::Console(n) => write!(f, "console-{n}"),
            Self::Automatic(trade, 0) => write!(f, "back-T{trade}"),
            Self::Automatic(trade, nth) => write!(f, "back-T{trade}-{nth}"),
        }
    }
}

/// The number of an attempt to pay the order of this number, the first being 0.
pub(crate) fn attempt_number(number: &str, attempt: u8) -> String {
    if attempt == 0 { number.to_owned() } else { format!("{number}_{}", attempt + 1) }
}

/// Alipay's number of a trade.
pub(crate) fn trade_no(trade: u8) -> String {
    format!("T{trade}")
}

/// So many yuan.
pub(crate) fn yuan(amount: u8) -> Money {
    Money::from_decimal(amount.into()).unwrap_or(Money::MAX)
}
