use super::*;

fn at(text: &str) -> ShopTime {
    ShopTime::parse(text).unwrap()
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn terms() -> Terms {
    Terms {
        product: Product::Page,
        out_trade_no: "2019112820400804".to_owned(),
        total_amount: amount("323.91"),
        subject: "红袖添香".to_owned(),
        body: None,
        passback_params: None,
        goods_detail: None,
        time_expire: Some("2019-11-28 21:10:08".to_owned()),
        timeout_express: None,
    }
}

fn trade() -> Trade {
    let now = at("2019-11-28 20:40:08");
    Trade {
        expires_at: terms().deadline(now).unwrap(),
        terms: terms(),
        trade_no: "2019112822000000000000000001".to_owned(),
        status: TradeStatus::WaitBuyerPay,
        created_at: now,
        paid_at: None,
        closed_at: None,
        refunds: Vec::new(),
        notify_url: None,
        return_url: None,
        quit_url: None,
        account: None,
    }
}

fn paid() -> Trade {
    let mut trade = trade();
    trade.pay(at("2019-11-28 20:41:00")).unwrap();
    trade
}

#[test]
fn a_trade_is_paid_once_and_not_past_its_deadline() {
    let mut trade = trade();
    trade.expire(at("2019-11-28 21:10:07"));
    trade.pay(at("2019-11-28 21:10:07")).unwrap();
    assert_eq!(trade.pay(at("2019-11-28 21:10:07")), Err(Failure::TradeHasSuccess));
    trade.expire(at("2019-11-29 00:00:00"));
    assert_eq!(trade.status, TradeStatus::Success);

    let mut late = super::tests::trade();
    late.expire(at("2019-11-28 21:10:08"));
    assert_eq!(late.pay(at("2019-11-28 21:10:08")), Err(Failure::TradeHasClose));
}

#[test]
fn only_an_unpaid_trade_can_be_closed() {
    let now = at("2019-11-28 20:42:00");
    let mut open = trade();
    assert_eq!(open.close(now), Ok(()));
    assert_eq!(open.close(now), Err(Failure::ReasonTradeStatusInvalid));
    assert_eq!(paid().close(now), Err(Failure::TradeStatusError));
}

#[test]
fn refunds_never_exceed_what_was_paid_and_repeat_without_effect() {
    let now = at("2019-11-29 10:00:00");
    let mut trade = paid();
    let first = trade.refund(amount("100.00"), Some("R1".to_owned()), now).unwrap();
    assert!(first.fund_change);
    let again = trade.refund(amount("100.00"), Some("R1".to_owned()), now).unwrap();
    assert!(!again.fund_change);
    assert_eq!(trade.refund_fee(), amount("100.00"));
    let differently = trade.refund(amount("100.01"), Some("R1".to_owned()), now);
    assert_eq!(differently, Err(Failure::DiscordantRepeatRequest));
    let too_much = trade.refund(amount("223.92"), Some("R2".to_owned()), now);
    assert_eq!(too_much, Err(Failure::RefundFeeInvalid));
    assert_eq!(trade.refund(amount("1"), None, now), Err(Failure::RefundAmountNotEqualTotal));
    assert_eq!(trade.status, TradeStatus::Success);

    assert!(trade.refund(amount("223.91"), Some("R2".to_owned()), now).unwrap().fund_change);
    assert_eq!(trade.status, TradeStatus::Closed);
    assert!(!trade.refund(amount("223.91"), Some("R2".to_owned()), now).unwrap().fund_change);
    let more = trade.refund(amount("0.01"), Some("R3".to_owned()), now);
    assert_eq!(more, Err(Failure::TradeStatusError));
}

#[test]
fn what_is_not_paid_or_finished_cannot_be_refunded() {
    let now = at("2019-11-29 10:00:00");
    let whole = amount("323.91");
    assert_eq!(trade().refund(whole, None, now), Err(Failure::TradeStatusError));
    let mut finished = paid();
    finished.finish().unwrap();
    assert_eq!(finished.refund(whole, None, now), Err(Failure::TradeHasFinished));
    assert!(paid().refund(whole, None, now).unwrap().fund_change);
}

#[test]
fn the_deadline_is_read_as_documented() {
    let now = at("2019-11-28 20:40:08");
    let deadline = |time_expire: Option<&str>, timeout_express: Option<&str>| {
        let terms = Terms {
            time_expire: time_expire.map(str::to_owned),
            timeout_express: timeout_express.map(str::to_owned),
            ..terms()
        };
        terms.deadline(now).map(|deadline| deadline.to_string()).ok()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(deadline(None, None), some("2019-12-13 20:40:08"));
    assert_eq!(deadline(None, Some("90m")), some("2019-11-28 22:10:08"));
    assert_eq!(deadline(None, Some("2h")), some("2019-11-28 22:40:08"));
    assert_eq!(deadline(None, Some("15d")), some("2019-12-13 20:40:08"));
    assert_eq!(deadline(None, Some("1c")), some("2019-11-29 00:00:00"));
    assert_eq!(deadline(Some("2019-11-28 21:00:00"), Some("2h")), some("2019-11-28 21:00:00"));
    for bad in ["", "m", "0m", "1.5h", "16d", "2c", "1w", "99999999999999999999d", "5分"] {
        assert_eq!(deadline(None, Some(bad)), None, "{bad:?}");
    }
    for bad in ["2019-11-28", "2019-12-13 20:40:09", "tomorrow"] {
        assert_eq!(deadline(Some(bad), None), None, "{bad:?}");
    }
}

#[test]
fn a_trade_survives_the_state_file() {
    let mut trade = paid();
    trade.refund(amount("0.01"), Some("R1".to_owned()), at("2019-11-29 10:00:00")).unwrap();
    let text = serde_json::to_string(&trade).unwrap();
    let read: Trade = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!((read.terms, read.refunds, read.paid_at), (trade.terms, trade.refunds, trade.paid_at));
}
