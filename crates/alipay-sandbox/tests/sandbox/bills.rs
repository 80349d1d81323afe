//! The bill of a day: when it exists, how long it can be downloaded, and its content.

use std::{io::Read as _, time::Duration};

use alipay_protocol::{Charset, Method};
use serde_json::{Value, json};

use crate::merchant::{Merchant, ORDER};

const METHOD: Method = Method::DataDataserviceBillDownloadurlQuery;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn ask(date: &str) -> Value {
    json!({ "bill_type": "trade", "bill_date": date })
}

async fn link(merchant: &Merchant, date: &str) -> String {
    let node = merchant.call(METHOD, ask(date)).await;
    node["bill_download_url"].as_str().unwrap_or_else(|| panic!("{node}")).to_owned()
}

/// The names and texts of the files in the archive.
fn unpacked(zip: &[u8]) -> Vec<(String, String)> {
    let gbk = |bytes: &[u8]| Charset::Gb18030.decode("text", bytes).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    (0..archive.len())
        .map(|nth| {
            let mut file = archive.by_index(nth).unwrap();
            let mut text = Vec::new();
            file.read_to_end(&mut text).unwrap();
            (gbk(file.name_raw()), gbk(&text))
        })
        .collect()
}

#[actix_web::test]
async fn a_bill_is_there_the_next_morning() {
    let merchant = Merchant::new();
    merchant.pay(&Merchant::page_pay_terms()).await;
    let refusal = async |date: &str| merchant.call(METHOD, ask(date)).await["sub_code"].clone();
    assert_eq!(refusal("2019-11-28").await, "BILL_NOT_EXIST");
    assert_eq!(refusal("2019-11-29").await, "BILL_NOT_EXIST");
    assert_eq!(refusal("2019-11-27").await, "NO_BILL_DATA");
    merchant.clock.pass(DAY);
    link(&merchant, "2019-11-28").await;
    for biz in [
        ask("2019-11"),
        ask("yesterday"),
        json!({ "bill_type": "trade" }),
        json!({ "bill_type": "signcustomer", "bill_date": "2019-11-28" }),
    ] {
        assert_eq!(merchant.call(METHOD, biz).await["sub_code"], "ACQ.INVALID_PARAMETER");
    }
    merchant.sandbox.stop().await;

    let eager = Merchant::with(|config| config.bill_of_today = true);
    eager.pay(&Merchant::page_pay_terms()).await;
    link(&eager, "2019-11-28").await;
    eager.sandbox.stop().await;
}

#[actix_web::test]
async fn a_link_is_valid_for_thirty_seconds() {
    let merchant = Merchant::new();
    merchant.pay(&Merchant::page_pay_terms()).await;
    merchant.clock.pass(DAY);
    let link = link(&merchant, "2019-11-28").await;
    merchant.clock.pass(Duration::from_secs(29));
    assert_eq!(merchant.fetch(&link).await.status(), 200);
    merchant.clock.pass(Duration::from_secs(1));
    assert_eq!(merchant.fetch(&link).await.status(), 404);
    let unknown = format!("http://{}/bill/1", merchant.sandbox.addr());
    assert_eq!(merchant.fetch(&unknown).await.status(), 404);
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn it_is_a_zip_of_a_detail_and_a_summary_in_gbk() {
    let merchant = Merchant::new();
    let mut terms = Merchant::page_pay_terms();
    terms["subject"] = json!("红袖,添香 \"A\"");
    merchant.pay(&terms).await;
    merchant.clock.pass(Duration::from_secs(60));
    let refund = json!({ "out_trade_no": ORDER, "refund_amount": "30.00", "out_request_no": "R1" });
    merchant.call(Method::TradeRefund, refund).await;
    merchant.clock.pass(DAY);
    let zip = merchant.fetch(&link(&merchant, "2019-11-28").await).await.bytes().await.unwrap();
    let files = unpacked(&zip);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["20881021462251350156_20191128_业务明细.csv", "20881021462251350156_20191128_业务明细(汇总).csv"]
    );
    let trade_no = merchant.sandbox.trades()[0].trade_no.clone();
    let detail: Vec<_> = files[0].1.split("\r\n").filter(|line| !line.starts_with('#')).collect();
    assert!(
        detail[0].starts_with("支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,"),
        "{detail:?}"
    );
    let begin = |kind: &str, at: &str| {
        format!(
            "{trade_no}\t,{ORDER}\t,{kind}      ,\"红袖,添香 \"\"A\"\"      \",2019-11-28 20:40:08,{at},\t,\t,\t,\t,"
        )
    };
    assert!(detail[1].starts_with(&begin("交易", "2019-11-28 20:40:08")), "{detail:?}");
    assert!(detail[1].contains(",323.91,323.91,0.00,"), "{detail:?}");
    assert!(detail[2].starts_with(&begin("退款", "2019-11-28 20:41:08")), "{detail:?}");
    assert!(detail[2].contains(",-30.00,-30.00,0.00,") && detail[2].contains(",R1\t,"), "{detail:?}");
    assert_eq!((detail.len(), detail[3]), (4, ""));
    assert!(files[1].1.contains("合计\t,\t,1,1,323.91,-30.00"), "{}", files[1].1);
    merchant.sandbox.stop().await;
}
