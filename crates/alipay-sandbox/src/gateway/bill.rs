use alipay_protocol::Params;
use domain::ShopDate;

use super::{biz_content::BizContent, node::Node};
use crate::{app::App, bill, failure::Failure};

/// `alipay.data.dataservice.bill.downloadurl.query`, for bills of days, not of months.
pub(crate) fn download_url(app: &App, params: &Params, host: &str) -> Result<Node, Failure> {
    let biz = BizContent::read(params)?;
    if biz.required_text("bill_type", 32)? != "trade" {
        return Err(Failure::InvalidParameter { field: "bill_type" });
    }
    let date = ShopDate::parse(&biz.required_text("bill_date", 32)?)
        .ok_or(Failure::InvalidParameter { field: "bill_date" })?;
    let now = app.now();
    let is_ready = date < now.date() || (app.config.bill_of_today && date == now.date());
    if !is_ready {
        return Err(Failure::BillNotExist);
    }
    if !bill::has_entries(app.ledger().all(now), date) {
        return Err(Failure::NoBillData);
    }
    let token = app.bill_links.open(app.numbers.bill_token(), date, now);
    Ok(Node::success().with("bill_download_url", format!("http://{host}/bill/{token}")))
}
