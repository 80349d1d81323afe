//! Alipay: its trades, their refunds, and its messages about them.

use std::fmt;

use domain::{Money, ShopTime, TradeStatus};

/// What the order costs, in yuan.
pub(crate) const TOTAL: u8 = 10;
/// The amount of a wrong payment, and the amount to which staff lower the order: then a payment that was wrong is
/// exact.
pub(crate) const LOWERED: u8 = 7;
/// The amount of a partial refund.
pub(crate) const PART: u8 = 4;

/// The number of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Number {
    /// Requested by staff.
    Staff(u8),
    /// Made at Alipay's console.
    Console(u8),
    /// Made by the shop automatically, for this trade; the second number counts the replaced ones.
    Automatic(u8, u8),
}

/// One trade of an attempt to pay the order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trade {
    /// Its attempt; the first one is 0.
    pub attempt: u8,
    /// Its amount.
    pub amount: u8,
    /// Its state.
    pub state: TradeState,
    /// Its refunds, in order.
    pub refunds: Vec<(Number, u8)>,
}

/// The state of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TradeState {
    /// The buyer has opened the cashier page and not paid.
    Waiting,
    /// Paid, with or without later refunds.
    Paid,
    /// Closed before it was paid.
    Closed,
}

/// The content of a notification, or of the answer to a query, about a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Message {
    /// Which trade.
    pub trade: u8,
    /// Its attempt; the first one is 0.
    pub attempt: u8,
    /// Its amount.
    pub amount: u8,
    /// Whether it is closed.
    pub is_closed: bool,
    /// The amount refunded so far.
    pub refunded: u8,
    /// The refund that the message is about.
    pub number: Option<Number>,
}

impl Trade {
    /// A trade that its buyer opened.
    pub fn open(amount: u8) -> Self {
        Self { attempt: 0, amount, state: TradeState::Waiting, refunds: Vec::new() }
    }

    /// The amount that is not refunded.
    pub fn left(&self) -> u8 {
        match self.state {
            TradeState::Paid => self.amount - self.refunds.iter().map(|(_, amount)| amount).sum::<u8>(),
            TradeState::Waiting | TradeState::Closed => 0,
        }
    }

    /// The amount of this refund, if it was made.
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

    /// The notification of the payment, which is also the answer to a query while something is left.
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

    /// The notification of a refund; the first one is 0.
    pub fn refund_message(&self, trade: u8, index: usize) -> Message {
        let refunded = self.refunds.iter().take(index + 1).map(|(_, amount)| amount).sum();
        let number = self.refunds.get(index).map(|done| done.0);
        Message { is_closed: refunded == self.amount, refunded, number, ..self.payment(trade) }
    }

    /// A message about the last refund without its number, which is also the answer to a query when nothing is left.
    pub fn unnumbered(&self, trade: u8) -> Message {
        Message { number: None, ..self.refund_message(trade, self.refunds.len().saturating_sub(1)) }
    }

    /// The answer to a query now. It reports no refunds unless nothing is left.
    pub fn query(&self, trade: u8) -> Message {
        match self.state {
            TradeState::Paid if self.left() == 0 => self.unnumbered(trade),
            TradeState::Paid => self.payment(trade),
            TradeState::Waiting | TradeState::Closed => Message { is_closed: true, ..self.payment(trade) },
        }
    }
}

impl Message {
    /// The trade as the adapter passes it to the domain.
    pub fn to_domain(self, number: &str, at: ShopTime) -> domain::Trade {
        domain::Trade {
            channel: domain::Channel::Alipay,
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
    /// Parses the number; `None` if the text is none.
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

/// The number of an attempt at the order with this number; the first attempt is 0.
pub(crate) fn attempt_number(number: &str, attempt: u8) -> String {
    if attempt == 0 { number.to_owned() } else { format!("{number}_{}", attempt + 1) }
}

/// Alipay's number of a trade.
pub(crate) fn trade_no(trade: u8) -> String {
    format!("T{trade}")
}

/// This many yuan.
pub(crate) fn yuan(amount: u8) -> Money {
    Money::from_decimal(amount.into()).unwrap_or(Money::MAX)
}
