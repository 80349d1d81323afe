//! The contract's codes. The twin of the table in docs/API.md.

/// A code of the contract that means failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// No valid token, or the password changed since it was issued.
    NotSignedIn = 403,
    /// The token's user does not exist, or is not active.
    UnknownUser = 208,
    /// A preview for a user without an address.
    NoAddress = 50100,
    /// A parameter is missing, unreadable or not known.
    BadParameter = 50101,
    /// The address does not exist, is deleted, or belongs to another user.
    UnknownAddress = 50102,
    /// Not enough stock.
    StockShort = 50103,
    /// The stock rows were locked, or too many orders wait.
    Busy = 50104,
    /// Not paid yet.
    NotPaid = 50105,
    /// Nothing selected in the cart.
    NothingSelected = 50106,
    /// No such order, or it belongs to another user.
    UnknownOrder = 50107,
    /// The order's status does not allow it.
    NotAllowed = 50108,
    /// The SKU does not exist or is off the shelf.
    Unavailable = 50109,
    /// The quantity is not allowed.
    InvalidQuantity = 50110,
    /// The payment channel cannot be reached or gives an invalid answer.
    Channel = 50111,
    /// The idempotency key was used with a different request.
    KeyReused = 50112,
    /// The amount of the order is not the amount that the client expects.
    AmountChanged = 50113,
    /// The buyer has too many unpaid orders, or too many unpaid pieces of one SKU.
    TooMuchUnpaid = 50114,
    /// The database did not say whether the order was written.
    OutcomeUnknown = 50115,
    /// The order's amount cannot be paid.
    Unpayable = 50116,
    /// The order has its maximum of payment attempts.
    TooManyAttempts = 50118,
    /// Any other failure.
    Unforeseen = 50000,
}

impl Code {
    /// The codes for callers who are not signed in.
    pub(super) const OF_STRANGERS: [Self; 2] = [Self::NotSignedIn, Self::UnknownUser];
    /// All other codes.
    pub(super) const OF_REFUSALS: [Self; 19] = [
        Self::NoAddress,
        Self::BadParameter,
        Self::UnknownAddress,
        Self::StockShort,
        Self::Busy,
        Self::NotPaid,
        Self::NothingSelected,
        Self::UnknownOrder,
        Self::NotAllowed,
        Self::Unavailable,
        Self::InvalidQuantity,
        Self::Channel,
        Self::KeyReused,
        Self::AmountChanged,
        Self::TooMuchUnpaid,
        Self::OutcomeUnknown,
        Self::Unpayable,
        Self::TooManyAttempts,
        Self::Unforeseen,
    ];

    /// The number on the wire.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// Its standard text.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NotSignedIn => "Please login",
            Self::UnknownUser => "用户名不存在",
            Self::NoAddress => "用户未添加收货地址",
            Self::BadParameter => "请求参数错误",
            Self::UnknownAddress => "收货地址无效",
            Self::StockShort => "库存不足",
            Self::Busy => "操作太快了,请稍后重试",
            Self::NotPaid => "支付未完成",
            Self::NothingSelected => "购物车中没有选中的商品",
            Self::UnknownOrder => "订单不存在",
            Self::NotAllowed => "订单状态不允许此操作",
            Self::Unavailable => "商品已下架",
            Self::InvalidQuantity => "购买数量不合法",
            Self::Channel => "支付渠道暂不可用",
            Self::KeyReused => "重复的请求",
            Self::AmountChanged => "商品价格已变动",
            Self::TooMuchUnpaid => "未付款订单过多,请先付款或取消",
            Self::OutcomeUnknown => "订单结果未知,请到我的订单查看,请勿重复提交",
            Self::Unpayable => "订单金额无法支付",
            Self::TooManyAttempts => "重新付款次数已用完,请用上一次的设备付款,或取消订单后重新下单",
            Self::Unforeseen => "系统错误",
        }
    }
}
