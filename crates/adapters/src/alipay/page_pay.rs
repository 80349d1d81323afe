//! The request by which a buyer's browser opens the cashier page.

use std::time::Duration;

use alipay_protocol::{Method, Params};
use domain::{OrderId, PaymentProduct};
use ports::{GatewayError, PaymentRequest};
use serde::Serialize;

use super::{AlipayGateway, alipay_time, client::common_params, invalid, text};

/// Maximum length of `quit_url`, in bytes.
const MAX_QUIT_URL: usize = 400;
/// Maximum number of characters of `subject`.
const MAX_SUBJECT: usize = 256;
/// `qr_pay_mode`: only the QR code, as wide as `qrcode_width`.
const CODE_ALONE: &str = "4";
/// Width of the QR code in pixels, which is the width of its frame on the shop's page.
const CODE_WIDTH: u16 = 220;
/// The latest `time_expire`: 15 days ahead.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 24 * 60 * 60);

/// `biz_content` of `alipay.trade.page.pay` and of `alipay.trade.wap.pay`.
#[derive(Serialize)]
struct BizContent<'a> {
    out_trade_no: &'a str,
    /// Yuan with two decimals.
    total_amount: String,
    subject: String,
    product_code: &'static str,
    /// How the QR code is shown. Without it the cashier is a full page.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_pay_mode: Option<&'static str>,
    /// The width of the QR code for that mode, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    qrcode_width: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_expire: Option<String>,
    /// The page to which a phone's browser returns if the buyer does not pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    quit_url: Option<String>,
}

/// All parameters except the signature.
pub(super) fn params(request: &PaymentRequest, gateway: &AlipayGateway) -> Result<Params, GatewayError> {
    check(request)?;
    let config = &gateway.config;
    let (method, product_code, quit_url) = match request.product {
        PaymentProduct::Page => (Method::TradePagePay, "FAST_INSTANT_TRADE_PAY", None),
        PaymentProduct::Wap => {
            (Method::TradeWapPay, "QUICK_WAP_WAY", quit_url(config.quit_url.as_deref(), &request.order_id))
        }
    };
    let as_code = request.as_code && request.product == PaymentProduct::Page;
    let biz_content = BizContent {
        out_trade_no: &request.out_trade_no,
        total_amount: request.total_amount.to_string(),
        subject: subject(request, config.subject.as_deref()),
        product_code,
        qr_pay_mode: as_code.then_some(CODE_ALONE),
        qrcode_width: as_code.then_some(CODE_WIDTH),
        time_expire: request.time_expire.map(alipay_time),
        quit_url,
    };
    let biz_content =
        serde_json::to_string(&biz_content).map_err(|_| invalid("biz_content cannot be written"))?;
    let mut params = common_params(gateway, method, request.now).with("biz_content", biz_content);
    for (name, url) in [("notify_url", &config.notify_url), ("return_url", &config.return_url)] {
        if let Some(url) = url {
            params.set(name, url.as_str());
        }
    }
    Ok(params)
}

/// Refuses parameters for which Alipay would show an error page.
fn check(request: &PaymentRequest) -> Result<(), GatewayError> {
    if request.total_amount.is_zero() {
        return Err(invalid("total_amount must be at least 0.01"));
    }
    match request.time_expire {
        Some(deadline) if deadline <= request.now => Err(invalid("time_expire has passed")),
        Some(deadline) if deadline > request.now.after(LONGEST_WAIT) => {
            Err(invalid("time_expire is more than 15 days ahead"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The URL of the order's page at the shop; `None` if no page is configured or the URL is too long for Alipay.
fn quit_url(page: Option<&str>, order_id: &OrderId) -> Option<String> {
    let page = page?;
    let joint = if page.contains('?') { '&' } else { '?' };
    Some(format!("{page}{joint}order_id={order_id}")).filter(|url| url.len() <= MAX_QUIT_URL)
}

/// The subject under Alipay's rules; never empty. A waiting trade can only be continued with the same subject.
fn subject(request: &PaymentRequest, neutral: Option<&str>) -> String {
    let neutral = neutral.map(|words| words.replace("{order_id}", request.order_id.as_str()));
    let subject = text::plain(neutral.as_ref().unwrap_or(&request.subject), MAX_SUBJECT);
    if subject.is_empty() { format!("订单 {}", request.order_id) } else { subject }
}

#[cfg(test)]
mod tests {
    use domain::ShopTime;

    use super::*;

    fn request(text: &str) -> PaymentRequest {
        PaymentRequest {
            order_id: OrderId::parse("2019112820400804").unwrap(),
            out_trade_no: "2019112820400804_2".to_owned(),
            product: PaymentProduct::Page,
            as_code: false,
            total_amount: "323.91".parse().unwrap(),
            subject: text.to_owned(),
            now: ShopTime::parse("2019-11-28 20:40:08").unwrap(),
            time_expire: ShopTime::parse("2019-11-28 21:10:08"),
        }
    }

    #[test]
    fn the_subject_is_adapted_to_alipays_rules() {
        for (text, expected) in [
            ("红袖添香(小)", "红袖添香(小)"),
            ("A&B=C/D", "A＆B＝C／D"),
            (" 两\n行\t😀 ", "两 行"),
            ("😀", "订单 2019112820400804"),
            ("", "订单 2019112820400804"),
            (&"字".repeat(300), &"字".repeat(256)),
        ] {
            assert_eq!(subject(&request(text), None), expected);
        }
    }

    #[test]
    fn a_neutral_subject_takes_the_place_of_the_goods() {
        for (words, expected) in [
            ("达达商城订单{order_id}", "达达商城订单2019112820400804"),
            ("达达商城", "达达商城"),
            (" ", "订单 2019112820400804"),
        ] {
            assert_eq!(subject(&request("红袖添香"), Some(words)), expected);
        }
    }

    #[test]
    fn a_phone_goes_back_to_its_order() {
        let id = OrderId::parse("2019112820400804").unwrap();
        let url = |page| quit_url(page, &id);
        assert_eq!(url(None), None);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(url(Some("https://s.cn/r")), text("https://s.cn/r?order_id=2019112820400804"));
        assert_eq!(url(Some("https://s.cn/r?a=1")), text("https://s.cn/r?a=1&order_id=2019112820400804"));
        assert_eq!(url(Some(&"u".repeat(400))), None);
    }

    #[test]
    fn what_alipay_would_refuse_is_refused_here() {
        let sound = request("a");
        assert!(check(&sound).is_ok());
        assert!(check(&PaymentRequest { time_expire: None, ..sound.clone() }).is_ok());
        for unsound in [
            PaymentRequest { total_amount: domain::Money::ZERO, ..sound.clone() },
            PaymentRequest { time_expire: Some(sound.now), ..sound.clone() },
            PaymentRequest { time_expire: ShopTime::parse("2019-12-13 20:40:09"), ..sound.clone() },
        ] {
            assert!(matches!(check(&unsound), Err(GatewayError::Refused { .. })), "{unsound:?}");
        }
    }
}
