use std::io::Write as _;

use domain::BillEntry;
use proptest::prelude::*;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

const DETAIL: &str = "2088_20191128_业务明细.csv";
const SUMMARY: &str = "2088_20191128_业务明细(汇总).csv";
const NAMES: &str =
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,订单金额（元）,退款批次号/请求号,备注";
const PAYMENT: &str = "2019112822001\t,2019112820400804\t,交易      ,\"红袖,添香\",2019-11-28 20:40:08,2019-11-28 20:41:00,323.91,\t,";
const REFUND: &str = "2019112822001\t,2019112820400804\t,退款      ,红袖,2019-11-28 20:40:08,2019-11-28 22:00:00,-30.00,R1\t,x";

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn gbk(lines: &[&str]) -> Vec<u8> {
    Charset::Gb18030.encode(&lines.join("\r\n")).unwrap()
}

/// A bill whose details are these lines.
fn whole(lines: &[&str]) -> Result<Bill, BillError> {
    super::bill(packed(&[(SUMMARY, b"\xff"), (DETAIL, &gbk(lines))]))
}

/// The entries of a bill whose details are these lines, all of which can be read.
fn bill(lines: &[&str]) -> Result<Vec<BillEntry>, BillError> {
    let bill = whole(lines)?;
    assert_eq!(bill.unreadable, []);
    Ok(bill.entries)
}

#[test]
fn payments_and_refunds_are_read_and_comments_are_not() {
    let read = bill(&["#账号：[2088]", NAMES, PAYMENT, "", REFUND, "#合计"]).unwrap();
    let entry = |request: Option<&str>, amount: &str| BillEntry {
        trade_no: "2019112822001".to_owned(),
        out_trade_no: "2019112820400804".to_owned(),
        out_request_no: request.map(str::to_owned),
        amount: amount.parse().unwrap(),
    };
    assert_eq!(read, [entry(None, "323.91"), entry(Some("R1"), "30.00")]);
}

#[test]
fn columns_are_found_by_their_names_in_either_width_of_brackets() {
    let names = "备注,退款批次号/请求号,订单金额(元),完成时间,创建时间,业务类型,商户订单号,支付宝交易号";
    let line = "x,\t,1.00,2019-11-28 20:41:00,2019-11-28 20:40:08,交易,1,2";
    let read = bill(&[names, line]).unwrap();
    assert_eq!((read[0].trade_no.as_str(), read[0].out_trade_no.as_str()), ("2", "1"));
    for column in ["支付宝交易号", "业务类型", "订单金额（元）", "退款批次号/请求号"]
    {
        let without = NAMES.replace(column, "别的");
        let error = bill(&[&without, PAYMENT]).unwrap_err();
        assert!(matches!(error, BillError::NoColumn(missing) if missing == column), "{error}");
    }
    assert!(matches!(bill(&["#only a comment"]), Err(BillError::NoColumn(_))));
}

#[test]
fn the_times_of_a_line_are_not_needed() {
    let line = PAYMENT.replace("20:41:00", "24:41:00").replace("20:40:08", "");
    assert_eq!(bill(&[NAMES, &line]).unwrap().len(), 1);
    let names = NAMES.replace("创建时间", "交易创建时间").replace("完成时间", "入账时间");
    assert_eq!(bill(&[&names, PAYMENT]).unwrap().len(), 1);
}

/// The rest of the day is compared; a bare comma in the goods' name must not stop that.
#[test]
fn a_line_that_cannot_be_read_is_named_and_spoils_no_other() {
    let bare_comma =
        "2019112822002\t,2019112820400805\t,交易,红袖,添香,2019-11-28 20:40:08,2019-11-28 20:41:00,5.00,\t,";
    for (line, problem) in [
        (bare_comma.to_owned(), "it has 10 fields where 9 are named"),
        (PAYMENT.replace("323.91", "-323.91"), "it has no readable 订单金额（元）"),
        (PAYMENT.replace("323.91", "3e2"), "it has no readable 订单金额（元）"),
        (REFUND.replace("-30.00", "30.00"), "it has no readable 订单金额（元）"),
        (PAYMENT.replace("2019112822001", ""), "it has no readable 支付宝交易号"),
        (PAYMENT.replace("交易", ""), "it has no readable 业务类型"),
        ("2019112822001".to_owned(), "it has 1 fields where 9 are named"),
    ] {
        let bill = whole(&[NAMES, PAYMENT, &line, REFUND]).unwrap();
        assert_eq!(bill.entries.len(), 2, "{line}");
        let [told] = bill.unreadable.as_slice() else { panic!("{:?}", bill.unreadable) };
        assert_eq!((told.line, told.problem.as_str()), (3, problem), "{line}");
    }
    let bill = whole(&[NAMES, bare_comma]).unwrap();
    let numbers = (bill.unreadable[0].trade_no.as_str(), bill.unreadable[0].out_trade_no.as_str());
    assert_eq!(numbers, ("2019112822002", "2019112820400805"), "it can be looked for");

    let not_gbk = [gbk(&[NAMES, PAYMENT, ""]), b"\xff\xff,1\n".to_vec()].concat();
    let bill = super::bill(packed(&[(DETAIL, &not_gbk)])).unwrap();
    assert_eq!((bill.entries.len(), bill.unreadable[0].line), (1, 3));
    assert!(matches!(super::bill(packed(&[(DETAIL, b"\xff\xff,1\n")])), Err(BillError::Names(1))));
    // Entries that are neither payments nor refunds do not concern the shop.
    let transfer = whole(&[NAMES, &PAYMENT.replace("交易", "转账"), REFUND]).unwrap();
    assert_eq!((transfer.entries.len(), transfer.unreadable.len()), (1, 0));
}

#[test]
fn a_bill_in_another_form_is_not_read_as_one_of_odd_lines() {
    let lines = vec!["2019112822001"; 1_001];
    assert!(matches!(whole(&[&[NAMES], &lines[1..]].concat()), Ok(bill) if bill.unreadable.len() == 1_000));
    assert!(matches!(whole(&[&[NAMES], &lines[..]].concat()), Err(BillError::Unreadable(1_000))));
}

#[test]
fn what_is_read_is_bounded() {
    let long = bill(&[NAMES, &format!("{PAYMENT}{}", "x".repeat(20_000))]).unwrap_err();
    assert!(matches!(long, BillError::LongLine { line: 2, .. }), "{long}");
    let text = gbk(&[NAMES, PAYMENT]);
    let zip = packed(&[(DETAIL, &text), (DETAIL.replace("2088", "2089").as_str(), &text)]);
    let whole = 2 * text.len() as u64;
    assert_eq!(read(zip.clone(), whole).unwrap().entries.len(), 2);
    assert!(read(zip, whole - 1).is_err());
}

#[test]
fn what_is_no_bill_is_refused() {
    assert!(matches!(super::bill(Vec::new()), Err(BillError::Archive(_))));
    assert!(matches!(super::bill(b"<html>expired</html>".to_vec()), Err(BillError::Archive(_))));
    assert!(matches!(super::bill(packed(&[(SUMMARY, b"")])), Err(BillError::NoDetail)));
    let mut damaged = packed(&[(DETAIL, &gbk(&[NAMES, PAYMENT]))]);
    // The first byte of the compressed text.
    damaged[60] ^= 0xff;
    assert!(super::bill(damaged).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = super::bill(bytes.clone());
        let _ = super::bill(packed(&[(DETAIL, &bytes)]));
        let below_names = [gbk(&[NAMES, ""]), bytes].concat();
        let _ = super::bill(packed(&[(DETAIL, &below_names)]));
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..600, to in any::<u8>()) {
        let mut zip = packed(&[(SUMMARY, b"x"), (DETAIL, &gbk(&[NAMES, PAYMENT, REFUND]))]);
        if let Some(byte) = zip.get_mut(at) {
            *byte = to;
        }
        let _ = super::bill(zip);
    }

    #[test]
    fn every_amount_is_read_exactly(fen in 0_i64..=9_999_999_999, refund in any::<bool>()) {
        let amount = domain::Money::from_fen(fen).unwrap();
        let line = if refund {
            REFUND.replace("30.00", &amount.to_string())
        } else {
            PAYMENT.replace("323.91", &amount.to_string())
        };
        prop_assert_eq!(bill(&[NAMES, &line]).unwrap()[0].amount, amount);
    }
}
