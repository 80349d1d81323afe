//! All refusals of the gateway, with Alipay's own codes and texts.

/// A refusal. [`Failure::words`] is the table of the codes and texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    // The application is not known yet; Alipay does not sign these.
    Unreadable,
    MissingAppId,
    InvalidAppId,
    // Certificate mode; Alipay does not sign these either.
    MissingAppCertSn,
    MissingAlipayRootCertSn,
    InvalidAlipayRootCertSn,
    AppCertNotExist,
    // The common parameters.
    MissingMethod,
    InvalidMethod,
    MissingSignature,
    MissingSignType,
    InvalidSignType,
    InvalidSignature { canonical: String },
    MissingTimestamp,
    InvalidTimestamp,
    MissingVersion,
    InvalidVersion,
    InvalidCharset,
    InvalidFormat,
    InvalidNotifyUrl,
    InvalidReturnUrl,
    MissingBizContent,
    // The business.
    InvalidParameter { field: &'static str },
    TradeNotExist,
    TradeHasSuccess,
    TradeHasClose,
    TradeBuyerNotMatch,
    TradeHasFinished,
    ContextInconsistent,
    TradeStatusError,
    ReasonTradeStatusInvalid,
    RefundAmountNotEqualTotal,
    RefundFeeInvalid,
    DiscordantRepeatRequest,
    BillNotExist,
    NoBillData,
    AlipayCertNotExist,
    Full,
    Signing,
    // Deliberate failures: see `Fault`.
    Unavailable,
    SystemError,
    SellerBalanceNotEnough,
}

/// Why the sandbox refuses an operation, with Alipay's code and text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// Alipay's `sub_code`, such as `ACQ.TRADE_NOT_EXIST`.
    pub code: &'static str,
    /// Alipay's `sub_msg`.
    pub message: String,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        let words = failure.words();
        Self { code: words.sub_code, message: words.sub_msg }
    }
}

/// The `code`, `sub_code` and `sub_msg` of a failure.
pub(crate) struct Words {
    pub(crate) code: &'static str,
    pub(crate) sub_code: &'static str,
    pub(crate) sub_msg: String,
}

impl Words {
    /// The text that belongs to the code.
    pub(crate) fn msg(&self) -> &'static str {
        match self.code {
            "20000" => "Service Currently Unavailable",
            "40001" => "Missing Required Arguments",
            "40002" => "Invalid Arguments",
            _ => "Business Failed",
        }
    }
}

impl Failure {
    /// Whether it happened before the gateway knew the application, so that the answer is not signed.
    pub(crate) fn is_unsigned(&self) -> bool {
        matches!(
            self,
            Self::Unreadable
                | Self::MissingAppId
                | Self::InvalidAppId
                | Self::MissingAppCertSn
                | Self::MissingAlipayRootCertSn
                | Self::InvalidAlipayRootCertSn
                | Self::AppCertNotExist
        )
    }

    pub(crate) fn words(&self) -> Words {
        let (code, sub_code, sub_msg) = match self {
            Self::Unreadable => ("40002", "isv.invalid-parameter", "参数无效"),
            Self::MissingAppId => ("40001", "isv.missing-app-id", "缺少appId参数"),
            Self::InvalidAppId => ("40002", "isv.invalid-app-id", "无效的AppID参数"),
            Self::MissingAppCertSn => ("40001", "isv.missing-app-cert-sn", "缺少应用公钥证书序列号参数"),
            Self::MissingAlipayRootCertSn => {
                ("40001", "isv.missing-alipay-root-cert-sn", "缺少支付宝根证书序列号参数")
            }
            Self::InvalidAlipayRootCertSn => {
                ("40002", "isv.invalid-alipay-root-cert-sn", "无效的支付宝根证书序列号")
            }
            Self::AppCertNotExist => ("40002", "isv.app-cert-not-exist", "应用公钥证书不存在"),
            Self::MissingMethod => ("40001", "isv.missing-method", "缺少方法名参数"),
            Self::InvalidMethod => ("40002", "isv.invalid-method", "不存在的方法名"),
            Self::MissingSignature => ("40001", "isv.missing-signature", "缺少签名参数"),
            Self::MissingSignType => ("40001", "isv.missing-signature-type", "缺少签名类型参数"),
            Self::InvalidSignType => ("40002", "isv.invalid-signature-type", "无效的签名类型"),
            Self::InvalidSignature { canonical } => return invalid_signature(canonical),
            Self::MissingTimestamp => ("40001", "isv.missing-timestamp", "缺少时间戳参数"),
            Self::InvalidTimestamp => ("40002", "isv.invalid-timestamp", "非法的时间戳参数"),
            Self::MissingVersion => ("40001", "isv.missing-version", "缺少版本参数"),
            Self::InvalidVersion => ("40002", "isv.invalid-parameter", "参数无效：version"),
            Self::InvalidCharset => ("40002", "isv.invalid-charset", "字符集错误，沙箱只接受 utf-8"),
            Self::InvalidFormat => ("40002", "isv.invalid-format", "无效的数据格式"),
            Self::InvalidNotifyUrl => ("40002", "isv.invalid-parameter", "参数无效：notify_url"),
            Self::InvalidReturnUrl => ("40002", "isv.invalid-parameter", "参数无效：return_url"),
            Self::MissingBizContent => ("40001", "isv.missing-parameter", "缺少必选参数：biz_content"),
            Self::InvalidParameter { field } => return invalid_parameter(field),
            Self::TradeNotExist => ("40004", "ACQ.TRADE_NOT_EXIST", "交易不存在"),
            Self::TradeHasSuccess => ("40004", "ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
            Self::TradeHasClose => ("40004", "ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
            Self::TradeBuyerNotMatch => ("40004", "ACQ.TRADE_BUYER_NOT_MATCH", "交易买家不匹配"),
            Self::TradeHasFinished => ("40004", "ACQ.TRADE_HAS_FINISHED", "交易已完结"),
            Self::ContextInconsistent => ("40004", "ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
            Self::TradeStatusError => ("40004", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
            Self::ReasonTradeStatusInvalid => ("40004", "ACQ.REASON_TRADE_STATUS_INVALID", "交易状态异常"),
            Self::RefundAmountNotEqualTotal => ("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"),
            Self::RefundFeeInvalid => ("40004", "ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效"),
            Self::DiscordantRepeatRequest => {
                ("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求：同一退款请求号金额不同")
            }
            Self::BillNotExist => ("40004", "BILL_NOT_EXIST", "账单不存在"),
            Self::NoBillData => ("40004", "NO_BILL_DATA", "当日无交易，账单为空"),
            Self::AlipayCertNotExist => ("40004", "isv.alipay-cert-not-exist", "支付宝公钥证书不存在"),
            Self::Full => ("40004", "ACQ.SYSTEM_ERROR", "沙箱已满，请清空状态后重试"),
            Self::Signing | Self::Unavailable => ("20000", "isp.unknow-error", "系统繁忙"),
            Self::SystemError => ("40004", "ACQ.SYSTEM_ERROR", "系统错误"),
            Self::SellerBalanceNotEnough => ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"),
        };
        Words { code, sub_code, sub_msg: sub_msg.to_owned() }
    }
}

/// Alipay shows the string that it verified, so that the merchant can compare it. As at Alipay, `&` is escaped for
/// HTML.
fn invalid_signature(canonical: &str) -> Words {
    let canonical = canonical.replace('&', "&amp;");
    Words {
        code: "40002",
        sub_code: "isv.invalid-signature",
        sub_msg: format!(
            "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{canonical}"
        ),
    }
}

fn invalid_parameter(field: &str) -> Words {
    Words { code: "40004", sub_code: "ACQ.INVALID_PARAMETER", sub_msg: format!("参数无效：{field}") }
}
