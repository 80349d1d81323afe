use super::*;
use crate::TradeStatus;

fn trade() -> Trade {
    Trade {
        channel: crate::Channel::Alipay,
        trade_no: "9".repeat(64),
        out_trade_no: "号".repeat(64),
        status: TradeStatus::Success,
        total_amount: Money::MAX,
        refunded: Money::ZERO,
        refund_request_no: Some("r".repeat(64)),
        buyer: Some("b".repeat(1000)),
        paid_at: ShopTime::parse("9999-12-31 23:59:59"),
    }
}

#[test]
fn numbers_of_64_characters_are_kept_and_no_longer_ones() {
    assert_eq!(trade().storable(), Ok(trade()));
    let least = || Trade { refund_request_no: None, paid_at: None, ..trade() };
    assert_eq!(least().storable(), Ok(least()));
    for (field, number, chars) in [
        ("trade_no", "9".repeat(65), 65),
        ("out_trade_no", "号".repeat(65), 65),
        ("out_biz_no", "r".repeat(65), 65),
        ("trade_no", String::new(), 0),
        ("out_trade_no", String::new(), 0),
        ("out_biz_no", String::new(), 0),
    ] {
        let mut trade = trade();
        match field {
            "trade_no" => trade.trade_no = number,
            "out_trade_no" => trade.out_trade_no = number,
            _ => trade.refund_request_no = Some(number),
        }
        let (trade_no, out_trade_no) = (trade.trade_no.clone(), trade.out_trade_no.clone());
        let why = Unstorable::Length { field, chars };
        assert_eq!(trade.storable(), Err(UnstorableTrade { trade_no, out_trade_no, why }));
    }
    let said = Unstorable::Length { field: "trade_no", chars: 65 }.to_string();
    assert_eq!(said, "trade_no has 65 characters, of which 1 to 64 are kept");
}

#[test]
fn numbers_of_other_origin_are_numbers() {
    for number in ["2019112820400804", "OLD-7", "2019 旧/7", &"号".repeat(64)] {
        assert!(Trade::is_number(number), "{number}");
    }
    for wrong in ["", "OLD\n7", "\0", &"7".repeat(65)] {
        assert!(!Trade::is_number(wrong), "{wrong}");
    }
}

#[test]
fn a_moment_that_no_column_holds_is_refused() {
    for far in ["+10000-01-01 00:00:00", "0000-12-31 23:59:59"] {
        let paid_at = ShopTime::parse(far);
        assert!(paid_at.is_some(), "{far}");
        let refused = Trade { paid_at, ..trade() }.storable().unwrap_err();
        assert_eq!(refused.why, Unstorable::Moment, "{far}");
    }
}
