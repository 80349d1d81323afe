//! The page at `/`, with the trades of the sandbox.

use domain::TradeStatus;

use crate::{
    TradeRecord,
    app::App,
    html::{escape, wide_page},
    operations,
};

/// Maximum number of trades on the page, which shows the newest.
const MAX_SHOWN: usize = 200;

pub(crate) fn page(app: &App) -> String {
    let trades = operations::trades(app);
    let rows: String = trades.iter().rev().take(MAX_SHOWN).map(row).collect();
    let note = match trades.len() {
        0 => "还没有交易：买家打开收银台后出现在这里。".to_owned(),
        count if count > MAX_SHOWN => format!("共 {count} 笔交易，显示最新 {MAX_SHOWN} 笔"),
        count => format!("共 {count} 笔交易"),
    };
    let main = format!(
        r#"<div class="card"><h1>交易</h1><p class="note">{note}</p><div class="scroll"><table>
<thead><tr><th>商户订单号</th><th>支付宝交易号</th><th>状态</th><th class="number">金额</th><th>创建时间</th><th>付款时间</th><th>退款</th></tr></thead>
<tbody>
{rows}</tbody></table></div></div>"#
    );
    wide_page("交易一览", &main)
}

fn row(trade: &TradeRecord) -> String {
    let cells = [
        escape(&trade.out_trade_no),
        escape(&trade.trade_no),
        status(trade).to_owned(),
        trade.created_at.to_string(),
        trade.paid_at.map(|at| at.to_string()).unwrap_or_default(),
    ];
    let [out_trade_no, trade_no, status, created_at, paid_at] = cells;
    let amount = trade.total_amount;
    let refunds: Vec<_> = trade
        .refunds
        .iter()
        .map(|refund| format!("{} {} {}", refund.amount, refund.at, escape(&refund.out_request_no)))
        .collect();
    let refunds = refunds.join("<br>");
    format!(
        r#"<tr><td>{out_trade_no}</td><td>{trade_no}</td><td>{status}</td><td class="number">{amount}</td><td>{created_at}</td><td>{paid_at}</td><td>{refunds}</td></tr>
"#
    )
}

fn status(trade: &TradeRecord) -> &'static str {
    match (trade.status, trade.paid) {
        (TradeStatus::WaitBuyerPay, _) => "等待付款",
        (TradeStatus::Success, _) => "已付款",
        (TradeStatus::Finished, _) => "已完结",
        (TradeStatus::Closed, true) => "已全额退款",
        (TradeStatus::Closed, false) => "已关闭",
    }
}
