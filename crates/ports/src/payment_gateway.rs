use async_trait::async_trait;
use domain::{Addressee, Bill, Money, OrderId, PaymentProduct, ShopDate, ShopTime, Trade, UnstorableTrade};

use crate::BoxError;

/// A payment channel, as the shop uses it. Every trade that it reports has its [`domain::Channel`].
///
/// All methods that call the channel MUST end within a bounded time. All of them except [`PaymentGateway::bill`] MUST
/// trust only signed answers.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// The signed URL at which the buyer pays, for the product of the attempt. It does not call the channel.
    ///
    /// MUST NOT block the calling thread while it signs.
    ///
    /// # Errors
    /// [`GatewayError::Refused`] if the channel's rules do not allow the payment, such as an amount of 0.00.
    async fn pay_url(&self, request: &PaymentRequest) -> Result<String, GatewayError>;

    /// Reads the form body of an asynchronous notification, if the channel signed it.
    ///
    /// It does not check the addressee: see [`domain::Merchant::check`].
    fn verify_notification(&self, form: &[u8]) -> Result<VerifiedNotification, NotVerified>;

    /// Reads the query string of the browser's return from the channel, if the channel signed it.
    ///
    /// It MUST fail if there are unsigned parameters other than `sign` and `sign_type`.
    fn verify_return(&self, query: &str) -> Result<VerifiedReturn, NotVerified>;

    /// Queries the trade of an attempt to pay; `None` if the channel has no such trade.
    async fn query(&self, out_trade_no: &str) -> Result<Option<Trade>, GatewayError>;

    /// Queries one trade by its own number, which distinguishes the trades of an order that was paid twice; `None` if
    /// the channel has no such trade.
    async fn query_trade(&self, trade_no: &str) -> Result<Option<Trade>, GatewayError>;

    /// Closes the unpaid trade of an attempt to pay, so that it can no longer be paid.
    ///
    /// A repeated call is safe.
    async fn close(&self, out_trade_no: &str) -> Result<CloseOutcome, GatewayError>;

    /// Refunds money, once per request number, even if the call is repeated.
    ///
    /// # Errors
    /// [`GatewayError::Refused`] if the channel says that it did not refund and will not. After any other error the
    /// refund may have been made.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundOutcome, GatewayError>;

    /// Queries a refund: the amount that went back under this request number; `None` if nothing went back, or not yet.
    async fn refund_query(&self, trade_no: &str, out_request_no: &str)
    -> Result<Option<Money>, GatewayError>;

    /// The bill of a day: all payments and refunds that the channel booked on it. `None` if the channel has no bill of
    /// the day: it may be too early, or there was no trade.
    ///
    /// MUST hold at most a bounded number of entries.
    async fn bill(&self, date: ShopDate) -> Result<Option<Bill>, GatewayError>;
}

/// The outcome of closing a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseOutcome {
    /// The trade is closed, by this call or already before.
    Closed,
    /// The channel has no such trade, because no buyer opened the payment page yet. A buyer still can until the
    /// deadline.
    NoTrade,
    /// The trade is paid, or cannot be closed for another reason: [`PaymentGateway::query`] returns its status.
    NotClosable,
}

/// A request to refund money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The request number, under which the refund is made at most once; at most 64 characters.
    pub out_request_no: String,
    /// How much.
    pub amount: Money,
    /// Why, for the buyer to read; the adapter adapts it to the channel's rules.
    pub reason: String,
}

/// The outcome of a refund request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The money went back with this request.
    Refunded {
        /// The refunded sum of the trade so far; `None` if the channel does not say it.
        gone_back: Option<Money>,
    },
    /// The money did not go back with this request. It may have gone back with an earlier one of the same number, or
    /// may go back later: [`PaymentGateway::refund_query`] returns the outcome, after about ten seconds.
    Unclear,
}

/// A request for a payment by the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRequest {
    /// The order, to which the buyer can go back.
    pub order_id: OrderId,
    /// The number of the attempt.
    pub out_trade_no: String,
    /// The product of the channel.
    pub product: PaymentProduct,
    /// Whether the payment page shows a code to scan, small enough for a frame in the shop's page. A channel without
    /// such a page returns its usual one.
    pub as_code: bool,
    /// The amount to pay.
    pub total_amount: Money,
    /// The subject that the buyer sees; the adapter adapts it to the channel's rules.
    pub subject: String,
    /// When the request is made.
    pub now: ShopTime,
    /// The payment deadline; `None` for orders of the old back end, which have none. It is the same in each request for
    /// an order, because a channel may refuse a known `out_trade_no` with changed parameters.
    pub time_expire: Option<ShopTime>,
}

/// A notification with a verified signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNotification {
    /// The addressee.
    pub addressee: Addressee,
    /// The trade that it reports, if the trade can be stored.
    pub trade: Result<Trade, UnstorableTrade>,
}

/// A browser's return with a verified signature. It proves that the trade exists, not that it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReturn {
    /// The addressee.
    pub addressee: Addressee,
    /// The number of an attempt to pay an order, as the channel has it; it may be another program's.
    pub out_trade_no: String,
}

/// Why a message is not verified.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// The signature is missing or is not the channel's.
    #[error("the signature does not verify")]
    Signature,
    /// The message is signed, but a required field is missing or unreadable.
    #[error("{field} is missing or cannot be read")]
    Unreadable {
        /// The name of the field.
        field: &'static str,
    },
    /// The message is not a form, or is too large.
    #[error("the message is not one of the channel's form")]
    Malformed(#[source] BoxError),
}

/// Why a payment channel did not carry out a request.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The channel cannot be reached, or did not answer in time. The request may have been carried out.
    #[error("the payment channel cannot be reached")]
    Unreachable(#[source] BoxError),
    /// The answer cannot be trusted: it is unsigned, wrongly signed, or unreadable. The request may have been carried
    /// out.
    #[error("the payment channel's answer cannot be trusted: {0}")]
    Nonsense(String),
    /// The channel says that it does not know the outcome. The request may have been carried out.
    #[error("the payment channel does not know: {code}")]
    Unknown {
        /// The channel's error code.
        code: String,
    },
    /// The channel refused the request. Nothing was done.
    #[error("the payment channel refused: {code} {message}")]
    Refused {
        /// The channel's error code.
        code: String,
        /// The channel's message for people.
        message: String,
        /// Whether a repeated request cannot succeed either.
        is_final: bool,
    },
}
