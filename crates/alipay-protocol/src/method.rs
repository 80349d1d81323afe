use std::{fmt, str::FromStr};

/// The gateway's methods that a shop with 电脑网站支付 and 手机网站支付 needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// `alipay.trade.page.pay`: the buyer's browser goes to the cashier.
    TradePagePay,
    /// `alipay.trade.wap.pay`: a URL that a phone's browser opens, never called by a server.
    TradeWapPay,
    /// `alipay.trade.query`: the status of a trade.
    TradeQuery,
    /// `alipay.trade.close`: closes an unpaid trade, so that it can no longer be paid.
    TradeClose,
    /// `alipay.trade.refund`: refunds money to the buyer.
    TradeRefund,
    /// `alipay.trade.fastpay.refund.query`: the status of a refund.
    TradeFastpayRefundQuery,
    /// `alipay.data.dataservice.bill.downloadurl.query`: the URL of the bill of a day.
    DataDataserviceBillDownloadurlQuery,
    /// `alipay.open.app.alipaycert.download`: downloads a certificate of Alipay by its serial number.
    OpenAppAlipaycertDownload,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 8] = [
        Self::TradePagePay,
        Self::TradeWapPay,
        Self::TradeQuery,
        Self::TradeClose,
        Self::TradeRefund,
        Self::TradeFastpayRefundQuery,
        Self::DataDataserviceBillDownloadurlQuery,
        Self::OpenAppAlipaycertDownload,
    ];

    /// The name in the parameter `method`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TradePagePay => "alipay.trade.page.pay",
            Self::TradeWapPay => "alipay.trade.wap.pay",
            Self::TradeQuery => "alipay.trade.query",
            Self::TradeClose => "alipay.trade.close",
            Self::TradeRefund => "alipay.trade.refund",
            Self::TradeFastpayRefundQuery => "alipay.trade.fastpay.refund.query",
            Self::DataDataserviceBillDownloadurlQuery => "alipay.data.dataservice.bill.downloadurl.query",
            Self::OpenAppAlipaycertDownload => "alipay.open.app.alipaycert.download",
        }
    }

    /// The name of the answer's node, such as `alipay_trade_query_response`.
    pub fn response_node(self) -> String {
        format!("{}_response", self.name().replace('.', "_"))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A method that is not among [`Method::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known method")]
pub struct UnknownMethod;

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or(UnknownMethod)
    }
}
