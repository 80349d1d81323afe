//! The commands to the ledger, in a form that is small enough to store millions of them.

use std::time::Duration;

use domain::{
    EndedAttempt, EvidenceSource, OrderStatus, PaymentProduct, RefundAsk, Restock, Shipment, ShopTime, SkuId,
    ledger::{Command, ConfirmedRefund, RefundAnswer},
};

use crate::{
    Message, Number,
    alipay::{LOWERED, PART, TOTAL, attempt_number, trade_no, yuan},
};

/// The order's SKUs, and how many pieces of each it has.
pub(crate) const BOUGHT: [(SkuId, u8); 2] = [(SkuId(1), 2), (SkuId(2), 1)];

/// Alipay's answer about each attempt: whether it can no longer be paid; `None` if it was not asked.
pub type Asked = [Option<bool>; 3];

/// A [`Command`] to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cmd {
    /// A message reports a trade.
    RecordTrade(Message),
    /// A message reports a trade of which nothing is left.
    CloseTrade(Message),
    /// Alipay confirmed a refund in a query, perhaps with proof of the payment.
    RecordRefund {
        /// The refunded trade.
        trade: u8,
        /// Its number.
        number: Number,
        /// Its amount.
        amount: u8,
        /// Another message from Alipay.
        proof: Option<Message>,
    },
    /// Staff request a refund under a number of their own.
    RequestRefund(u8, Ask),
    /// Alipay's answer to a refund request.
    RecordAnswer(Number, Answer),
    /// The order is cancelled, after Alipay was asked about its first attempt.
    Cancel {
        /// Whether it may still be paid.
        may_still_be_paid: bool,
    },
    /// The order is cancelled, after Alipay was asked about its attempts.
    CancelAll(Asked),
    /// The buyer wants to pay by another product, after Alipay was asked about the attempts.
    OpenAttempt(Asked),
    /// Staff lower the amount, after Alipay was asked about the attempts.
    LowerAmount(Asked),
    /// The deadline has passed: no attempt can be paid any more.
    EndAttempts,
    /// Staff ship the order.
    Ship,
    /// The buyer has received the order, or counts as having received it.
    ConfirmReceipt {
        /// Whether the buyer confirms it.
        by_buyer: bool,
    },
    /// Staff put pieces back into stock under a number of their own.
    ReturnPieces(u8, Pieces),
    /// The order's timer went off and was processed.
    SetTimer {
        /// The status in which the order was found.
        found: Found,
        /// Whether Alipay could not be asked.
        failed: bool,
    },
}

/// The statuses in which an order's timer goes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// 待付款.
    AwaitingPayment,
    /// 已取消.
    Cancelled,
    /// 待发货, with another attempt that can be paid.
    AwaitingShipment,
    /// 已完成, likewise.
    Completed,
    /// 已退款, likewise.
    Refunded,
}

/// What staff request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// All that is left; the default rule decides about the pieces.
    Whole,
    /// All that is left, and no piece goes back into stock.
    WholeWithoutPieces,
    /// A part; the default rule decides about the pieces.
    Part,
    /// A part, and these pieces go back into stock.
    PartWith(Pieces),
    /// All that is left of this trade, whether it paid the order or not.
    OfTrade(u8),
}

/// Which pieces go back into stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pieces {
    /// One of the first SKU.
    One,
    /// All that were bought.
    All,
}

/// Alipay's answer to a refund request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The refund was made.
    Succeeded,
    /// Refused for good.
    Refused,
    /// Refused, but it may succeed later.
    NotNow,
    /// Refused for two weeks.
    NotNowForLong,
    /// The outcome is unknown.
    Unclear,
}

impl Ask {
    /// Whether staff name the pieces that go back.
    pub fn names_pieces(self) -> bool {
        self.restock().is_some()
    }

    fn restock(self) -> Option<Vec<Restock>> {
        match self {
            Self::Whole | Self::Part | Self::OfTrade(_) => None,
            Self::WholeWithoutPieces => Some(Vec::new()),
            Self::PartWith(pieces) => Some(pieces.restock()),
        }
    }

    fn to_domain(self, number: u8) -> RefundAsk {
        RefundAsk {
            trade_no: match self {
                Self::OfTrade(trade) => Some(trade_no(trade)),
                Self::Whole | Self::WholeWithoutPieces | Self::Part | Self::PartWith(_) => None,
            },
            amount: match self {
                Self::Part | Self::PartWith(_) => Some(yuan(PART)),
                Self::Whole | Self::WholeWithoutPieces | Self::OfTrade(_) => None,
            },
            reason: String::new(),
            restock: self.restock(),
            out_request_no: Number::Staff(number).to_string(),
            expected_left: None,
        }
    }
}

impl Pieces {
    fn restock(self) -> Vec<Restock> {
        let [(first, _), _] = BOUGHT;
        match self {
            Self::One => vec![Restock { sku_id: first, pieces: 1 }],
            Self::All => BOUGHT.map(|(sku_id, pieces)| Restock { sku_id, pieces: pieces.into() }).to_vec(),
        }
    }
}

impl Answer {
    /// The answer to record, and how many attempts there were before.
    fn to_domain(self) -> (RefundAnswer, u32) {
        let reason = || "ACQ.SELLER_BALANCE_NOT_ENOUGH".to_owned();
        let refused = |is_final| RefundAnswer::Refused { reason: reason(), is_final };
        match self {
            Self::Succeeded => (RefundAnswer::Succeeded, 0),
            Self::Refused => (refused(true), 0),
            Self::NotNow => (refused(false), 0),
            Self::NotNowForLong => (refused(false), u32::MAX),
            Self::Unclear => (RefundAnswer::Unclear { reason: reason() }, 0),
        }
    }
}

impl From<Found> for OrderStatus {
    fn from(found: Found) -> Self {
        match found {
            Found::AwaitingPayment => Self::AwaitingPayment,
            Found::Cancelled => Self::Cancelled,
            Found::AwaitingShipment => Self::AwaitingShipment,
            Found::Completed => Self::Completed,
            Found::Refunded => Self::Refunded,
        }
    }
}

fn ended(out_trade_no: String, is_final: bool) -> EndedAttempt {
    EndedAttempt { out_trade_no, is_final }
}

fn all_ended(number: &str, asked: Asked) -> Vec<EndedAttempt> {
    let each = (0..).zip(asked);
    each.filter_map(|(nth, is_final)| Some(ended(attempt_number(number, nth), is_final?))).collect()
}

impl Cmd {
    /// The command that the use cases send about the order with this number.
    pub fn to_domain(self, number: &str, at: ShopTime) -> Command {
        let source = EvidenceSource::Notification;
        match self {
            Self::RecordTrade(message) => {
                Command::RecordTrade { trade: message.to_domain(number, at), source }
            }
            Self::CloseTrade(message) => Command::CloseTrade { trade: message.to_domain(number, at) },
            Self::RecordRefund { trade, number: out_request_no, amount, proof } => Command::RecordRefund {
                refund: ConfirmedRefund {
                    channel: domain::Channel::Alipay,
                    trade_no: trade_no(trade),
                    out_request_no: out_request_no.to_string(),
                    amount: yuan(amount),
                },
                proof: proof.map(|message| (message.to_domain(number, at), source)),
                is_number_in_use: false,
            },
            Self::RequestRefund(request, ask) => {
                Command::RequestRefund { ask: ask.to_domain(request), lease: Duration::from_secs(120) }
            }
            Self::RecordAnswer(refund, answer) => {
                let (answer, attempts) = answer.to_domain();
                Command::RecordRefundAnswer { out_request_no: refund.to_string(), answer, attempts }
            }
            Self::Cancel { may_still_be_paid } => {
                let ended = vec![ended(number.to_owned(), !may_still_be_paid)];
                Command::Cancel { buyer: None, reason: String::new(), ended }
            }
            Self::CancelAll(asked) => {
                let ended = all_ended(number, asked);
                Command::Cancel { buyer: None, reason: String::new(), ended }
            }
            Self::OpenAttempt(asked) => Command::OpenAttempt {
                channel: domain::Channel::Alipay,
                product: PaymentProduct::Wap,
                expected: None,
                ended: all_ended(number, asked),
            },
            Self::LowerAmount(asked) => Command::LowerAmount {
                expected: yuan(TOTAL),
                amount: yuan(LOWERED),
                reason: String::new(),
                ended: all_ended(number, asked),
            },
            Self::EndAttempts => Command::EndAttempts { ended: all_ended(number, [Some(true); 3]) },
            Self::Ship => Command::Ship {
                shipment: Shipment { carrier: String::new(), tracking_number: String::new(), shipped_at: at },
                receipt_after: Duration::from_secs(10 * 24 * 3600),
            },
            Self::ConfirmReceipt { by_buyer } => {
                Command::ConfirmReceipt { buyer: by_buyer.then_some(crate::record::BUYER) }
            }
            Self::ReturnPieces(request, pieces) => Command::ReturnPieces {
                pieces: pieces.restock(),
                request_no: Number::Staff(request).to_string(),
                expected_returned: None,
            },
            Self::SetTimer { found, failed } => {
                Command::SetTimer { found: found.into(), attempts: 0, failed }
            }
        }
    }
}
