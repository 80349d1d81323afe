use async_trait::async_trait;
use domain::{Addressee, Bill, Money, OrderId, PaymentProduct, ShopDate, ShopTime, Trade, UnstorableTrade};

use crate::BoxError;

/// A payment channel, as the shop uses it. Every trade it tells of has its [`domain::Channel`].
///
/// All that asks the channel MUST end within a bounded time, and all but the bill MUST take only a signed answer for a fact.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// The signed URL at which the buyer pays, by the product of the attempt. Asks nobody.
    ///
    /// MUST NOT hold up the thread it is called on while it signs.
    ///
    /// # Errors
    /// [`GatewayError::Refused`] where the channel's rules do not allow the payment, such as an amount of nothing.
    async fn pay_url(&self, request: &PaymentRequest) -> Result<String, GatewayError>;

    /// Reads the form body of an asynchronous notification, if the channel signed it.
    ///
    /// Says nothing about whom it is for: see [`domain::Merchant::check`].
    fn verify_notification(&self, form: &[u8]) -> Result<VerifiedNotification, NotVerified>;

    /// Reads the query string with which the browser comes back from the channel, if the channel signed it.
    ///
    /// Parameters that it did not sign MUST make it fail, all but `sign` and `sign_type`.
    fn verify_return(&self, query: &str) -> Result<VerifiedReturn, NotVerified>;

    /// Asks about the trade of an attempt to pay; `None` if the channel has no such trade.
    async fn query(&self, out_trade_no: &str) -> Result<Option<Trade>, GatewayError>;

    /// Asks about one trade by its own number, which tells apart the trades of an order that was paid twice; `None` if the
    /// channel has no such trade.
    async fn query_trade(&self, trade_no: &str) -> Result<Option<Trade>, GatewayError>;

    /// Closes the unpaid trade of an attempt to pay, so that it can no longer be paid.
    ///
    /// Asking again is safe.
    async fn close(&self, out_trade_no: &str) -> Result<CloseOutcome, GatewayError>;

    /// Sends money back. The same request number refunds once, however often it is asked.
    ///
    /// # Errors
    /// [`GatewayError::Refused`] where it says that it did not refund and will not; after any other error the
    /// money may have gone.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundOutcome, GatewayError>;

    /// Asks what became of a refund: the amount that went back under this request number; `None` if nothing did, at least
    /// not yet.
    async fn refund_query(&self, trade_no: &str, out_request_no: &str)
    -> Result<Option<Money>, GatewayError>;

    /// The bill of a day: every payment and refund that the channel booked on it; `None` if it has no bill of that day,
    /// which may be too early to have one, or without any trade.
    ///
    /// MUST hold at most a bounded number of entries.
    async fn bill(&self, date: ShopDate) -> Result<Option<Bill>, GatewayError>;
}

/// What closing a trade came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseOutcome {
    /// It is closed, now or since before.
    Closed,
    /// The channel has no such trade: no buyer has come to the cashier. One may still come until the deadline.
    NoTrade,
    /// It is paid, or otherwise past closing: [`PaymentGateway::query`] tells.
    NotClosable,
}

/// Money that is to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The number under which this refund happens at most once; at most 64 characters.
    pub out_request_no: String,
    /// How much.
    pub amount: Money,
    /// Why, for the buyer to read; the adapter adapts it to the channel's rules.
    pub reason: String,
}

/// What a refund request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The money went back with this request.
    Refunded {
        /// What went back of the trade in all so far; `None` if the channel does not say so.
        gone_back: Option<Money>,
    },
    /// Not with this request; maybe with an earlier one of the same number, maybe later.
    /// [`PaymentGateway::refund_query`] tells, after some ten seconds.
    Unclear,
}

/// What the buyer is asked to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRequest {
    /// The order, to which the buyer can go back.
    pub order_id: OrderId,
    /// The number of the attempt.
    pub out_trade_no: String,
    /// By which product of the channel.
    pub product: PaymentProduct,
    /// Whether the page is to be a code that is scanned, small enough for a frame in a page of the shop's. A channel
    /// without such a page gives its usual one.
    pub as_code: bool,
    /// Goods and freight.
    pub total_amount: Money,
    /// What the buyer sees it is for; the adapter adapts it to the channel's rules.
    pub subject: String,
    /// When the request is made.
    pub now: ShopTime,
    /// Until when it can be paid; none for orders of the old back end, which knew no deadline. The same at each
    /// request for an order: a channel may refuse a known `out_trade_no` with changed parameters.
    pub time_expire: Option<ShopTime>,
}

/// A notification with a verified signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNotification {
    /// For whom.
    pub addressee: Addressee,
    /// The trade it tells of, if it can be kept.
    pub trade: Result<Trade, UnstorableTrade>,
}

/// A browser's return with a verified signature. It proves that the trade exists, not that it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReturn {
    /// For whom.
    pub addressee: Addressee,
    /// The number of an attempt to pay an order, as the channel has it; it may be none of ours.
    pub out_trade_no: String,
}

/// The message is not one that the channel signed, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// The signature is missing or is not the channel's.
    #[error("the signature does not verify")]
    Signature,
    /// It is signed, but a field that must be there is missing or unreadable.
    #[error("{field} is missing or cannot be read")]
    Unreadable {
        /// Which field.
        field: &'static str,
    },
    /// It is not a form, or too large a one.
    #[error("the message is not one of the channel's form")]
    Malformed(#[source] BoxError),
}

/// A payment channel did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It cannot be reached, or did not answer in time. What was asked may have been done.
    #[error("the payment channel cannot be reached")]
    Unreachable(#[source] BoxError),
    /// It answered, but not in a form that can be trusted: unsigned, wrongly signed, or unreadable. What was asked
    /// may have been done.
    #[error("the payment channel's answer cannot be trusted: {0}")]
    Nonsense(String),
    /// It says that it does not know the outcome. What was asked may have been done.
    #[error("the payment channel does not know: {code}")]
    Unknown {
        /// Its word for that.
        code: String,
    },
    /// It said no. Nothing was done.
    #[error("the payment channel refused: {code} {message}")]
    Refused {
        /// Its word for that.
        code: String,
        /// Its words to people.
        message: String,
        /// Whether asking again cannot change that.
        is_final: bool,
    },
}
