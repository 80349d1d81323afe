//! The two files as text in GBK. Lines that begin with `#` are comments. A tab follows each number and blanks follow
//! each word, so that spreadsheets do not change them.

use alipay_protocol::Charset;
use domain::{ShopDate, ShopTime};

use super::{Day, Entry};
use crate::{amount::Amount, buyer::BUYER_LOGON_ID};

const COLUMNS: [&str; 25] = [
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "创建时间",
    "完成时间",
    "门店编号",
    "门店名称",
    "操作员",
    "终端号",
    "对方账户",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝红包（元）",
    "集分宝（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "券核销金额（元）",
    "券名称",
    "商家红包消费金额（元）",
    "卡消费金额（元）",
    "退款批次号/请求号",
    "服务费（元）",
    "分润（元）",
    "备注",
];

/// Every payment and refund of the day.
pub(super) fn detail(day: &Day, now: ShopTime, account: &str) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for entry in &day.entries {
        table.write_record(fields(entry))?;
    }
    let table = table.into_inner().map_err(|error| error.into_error())?;
    let table = String::from_utf8_lossy(&table);
    let sums = Sums::of(day);
    let lines = [
        "#支付宝业务明细查询".to_owned(),
        format!("#账号：[{account}]"),
        span(day.date),
        "#-----------------------------------------业务明细列表----------------------------------------"
            .to_owned(),
        table.trim_end_matches("\r\n").to_owned(),
        "#-----------------------------------------业务明细列表结束------------------------------------"
            .to_owned(),
        format!(
            "#交易合计：{}笔，退款合计：{}笔，交易金额共{}元，退款金额共-{}元",
            sums.payments, sums.refunds, sums.paid, sums.refunded
        ),
        format!("#导出时间：[{now}]"),
    ];
    Ok(gbk(&lines))
}

/// The sums of the day.
pub(super) fn summary(day: &Day, now: ShopTime, account: &str) -> Vec<u8> {
    let sums = Sums::of(day);
    let lines = [
        "#支付宝业务汇总查询".to_owned(),
        format!("#账号：[{account}]"),
        span(day.date),
        "#-----------------------------------------业务汇总列表----------------------------------------"
            .to_owned(),
        "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,退款金额（元）".to_owned(),
        format!("合计\t,\t,{},{},{},-{}", sums.payments, sums.refunds, sums.paid, sums.refunded),
        "#-----------------------------------------业务汇总列表结束------------------------------------"
            .to_owned(),
        format!("#导出时间：[{now}]"),
    ];
    gbk(&lines)
}

/// The fields of an entry, in the order of [`COLUMNS`]. The amount of a refund is negative.
fn fields(entry: &Entry) -> [String; 25] {
    let (kind, sign) = if entry.out_request_no.is_some() { ("退款", "-") } else { ("交易", "") };
    let amount = format!("{sign}{}", entry.amount);
    let number = |text: &str| format!("{text}\t");
    // Control characters in a subject must not break the line of an entry.
    let word = |text: &str| format!("{}      ", text.replace(char::is_control, " "));
    let nothing = || "0.00".to_owned();
    let empty = || "\t".to_owned();
    [
        number(&entry.trade_no),
        number(&entry.out_trade_no),
        word(kind),
        word(&entry.subject),
        entry.created_at.to_string(),
        entry.at.to_string(),
        empty(),
        empty(),
        empty(),
        empty(),
        number(BUYER_LOGON_ID),
        amount.clone(),
        amount,
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        empty(),
        nothing(),
        nothing(),
        number(entry.out_request_no.as_deref().unwrap_or_default()),
        nothing(),
        nothing(),
        empty(),
    ]
}

struct Sums {
    payments: usize,
    refunds: usize,
    paid: Amount,
    refunded: Amount,
}

impl Sums {
    fn of(day: &Day) -> Self {
        let mut sums = Self { payments: 0, refunds: 0, paid: Amount::ZERO, refunded: Amount::ZERO };
        for entry in &day.entries {
            if entry.out_request_no.is_some() {
                sums.refunds += 1;
                sums.refunded = sums.refunded.plus(entry.amount);
            } else {
                sums.payments += 1;
                sums.paid = sums.paid.plus(entry.amount);
            }
        }
        sums
    }
}

fn span(date: ShopDate) -> String {
    format!("#起始日期：[{}]   终止日期：[{}]", date.begin(), date.next().begin())
}

/// Encodes the lines with Windows line ends. GB18030, of which GBK is a subset, has every Unicode character.
fn gbk(lines: &[String]) -> Vec<u8> {
    Charset::Gb18030.encode(&(lines.join("\r\n") + "\r\n")).unwrap_or_default()
}
