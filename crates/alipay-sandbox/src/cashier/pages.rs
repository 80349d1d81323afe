use crate::{
    buyer::BUYER_LOGON_ID,
    failure::Failure,
    html::{escape, framed_page, page, phone_page},
    trade::{Product, Trade},
};

/// The page on which the buyer decides: the payee, the subject, the amount, and two buttons that are plain form posts.
pub(crate) fn payment_page(trade: &Trade, merchant_name: &str) -> String {
    let amount = trade.terms.total_amount;
    let trade_no = escape(&trade.trade_no);
    let details = details(&[
        ("收款方", merchant_name),
        ("商品", &trade.terms.subject),
        ("订单号", &trade.terms.out_trade_no),
        ("付款账号", trade.account.as_deref().unwrap_or(BUYER_LOGON_ID)),
        ("付款截止", &trade.expires_at.to_string()),
    ]);
    let main = format!(
        r#"<div class="card">
<h1>确认付款</h1>
<p class="amount"><small>¥</small>{amount}</p>
{details}
<form method="post" action="/cashier/pay"><input type="hidden" name="trade_no" value="{trade_no}"><button class="primary" id="pay">确认付款</button></form>
<form method="post" action="/cashier/cancel"><input type="hidden" name="trade_no" value="{trade_no}"><button class="plain" id="cancel">取消</button></form>
</div>"#
    );
    match trade.terms.product {
        Product::Page => page("确认付款", &main),
        Product::Wap => phone_page("确认付款", &main),
    }
}

/// The page in a frame of the merchant's page. Alipay shows a QR code there; here a button replaces the scan.
pub(crate) fn code_page(trade: &Trade) -> String {
    let (amount, trade_no) = (trade.terms.total_amount, escape(&trade.trade_no));
    let main = format!(
        r#"<form method="post" action="/cashier/pay" target="_top"><input type="hidden" name="trade_no" value="{trade_no}"><p class="note">沙箱没有二维码 ¥{amount}</p><button class="primary" id="scan">模拟扫码付款</button></form>"#
    );
    framed_page("扫码付款", &main)
}

/// For a shop without a `return_url`: the trade is paid.
pub(crate) fn paid_page(trade: &Trade) -> String {
    let amount = trade.terms.total_amount;
    let details = details(&[("订单号", &trade.terms.out_trade_no), ("交易号", &trade.trade_no)]);
    let main = format!(
        r#"<div class="card"><h1>付款成功</h1><p class="amount"><small>¥</small>{amount}</p>{details}</div>"#
    );
    page("付款成功", &main)
}

/// For a shop without a `return_url`: nothing was paid.
pub(crate) fn waiting_page(trade: &Trade) -> String {
    let details = details(&[("订单号", &trade.terms.out_trade_no)]);
    let main = format!(
        r#"<div class="card"><h1>已取消付款</h1><p class="note">订单尚未付款，截止时间前可以回到商家重新付款。</p>{details}</div>"#
    );
    page("已取消付款", &main)
}

/// Why the trade cannot be paid, in Alipay's words, with a link to the shop if `back` is given.
pub(crate) fn failure_page(failure: &Failure, back: Option<&str>) -> String {
    let words = failure.words();
    let title = title(failure);
    // In the gateway's own text, `&` is escaped for HTML already.
    let sub_msg = escape(&words.sub_msg.replace("&amp;", "&"));
    let sub_code = escape(words.sub_code);
    let back = back.map_or_else(String::new, |url| {
        format!(r#"<a class="button plain" href="{}">返回商家</a>"#, escape(url))
    });
    let main = format!(
        r#"<div class="card"><h1>{title}</h1><p class="note">{sub_msg}</p><p class="code">错误代码 {sub_code}</p>{back}</div>"#
    );
    page(title, &main)
}

fn title(failure: &Failure) -> &'static str {
    if *failure == Failure::TradeHasSuccess {
        "订单已付款，请勿重复付款"
    } else if *failure == Failure::TradeHasClose {
        "订单已超时或已关闭，无法付款"
    } else if *failure == Failure::TradeBuyerNotMatch {
        "这笔交易由另一个支付宝账号打开，请换回该账号，或回到商家重新付款"
    } else if *failure == Failure::TradeNotExist {
        "交易不存在"
    } else {
        "调试错误，请回到请求来源地，重新发起请求。"
    }
}

fn details(rows: &[(&str, &str)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value)))
        .collect();
    format!("<dl>{rows}</dl>")
}
