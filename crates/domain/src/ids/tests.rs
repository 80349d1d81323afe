use super::*;

#[test]
fn an_order_number_is_digits_only() {
    assert_eq!(
        OrderId::parse("2019112820400804").map(|id| id.to_string()),
        Ok("2019112820400804".to_owned())
    );
    for bad in ["", "20191128204008O4", "2019-1128", " 1", "1 ", "１２"] {
        assert_eq!(OrderId::parse(bad), Err(InvalidOrderId), "{bad:?}");
    }
    assert!(OrderId::parse(&"9".repeat(64)).is_ok());
    assert!(OrderId::parse(&"9".repeat(65)).is_err());
}

#[test]
fn an_idempotency_key_is_visible_ascii() {
    assert!(IdempotencyKey::parse("0b2f-77aa").is_some());
    for bad in ["", "two words", "钥匙", "line\n"] {
        assert!(IdempotencyKey::parse(bad).is_none(), "{bad:?}");
    }
    assert!(IdempotencyKey::parse(&"k".repeat(129)).is_none());
}
