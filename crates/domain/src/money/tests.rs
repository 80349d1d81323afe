use proptest::prelude::*;

use super::*;

const MAX_FEN: i64 = 9_999_999_999;

fn fen(amount: Money) -> i64 {
    amount.to_string().replace('.', "").parse().unwrap()
}

#[test]
fn the_largest_amount_is_what_the_column_holds() {
    assert_eq!(Money::MAX.to_string(), "99999999.99");
    assert_eq!(Money::from_fen(MAX_FEN), Ok(Money::MAX));
    assert_eq!(Money::from_fen(MAX_FEN + 1), Err(MoneyError::TooLarge));
}

#[test]
fn text_is_read_strictly() {
    assert_eq!("10".parse::<Money>().unwrap().to_string(), "10.00");
    assert_eq!("10.5".parse::<Money>().unwrap().to_string(), "10.50");
    assert_eq!("10.500".parse::<Money>().unwrap().to_string(), "10.50");
    assert_eq!("10.501".parse::<Money>(), Err(MoneyError::FractionOfAFen));
    assert_eq!("100000000".parse::<Money>(), Err(MoneyError::TooLarge));
    assert_eq!("9".repeat(80).parse::<Money>(), Err(MoneyError::TooLarge));
    for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", " 1", "1_0", "NaN", "１"] {
        assert_eq!(bad.parse::<Money>(), Err(MoneyError::Unreadable), "{bad:?}");
    }
}

#[test]
fn a_sum_goes_on_where_an_amount_ends() {
    let amounts = [Money::MAX, Money::MAX, Money::from_fen(7).unwrap()];
    let sum = MoneySum::from_fen(amounts.into_iter().map(Money::to_fen).sum());
    assert_eq!(sum.to_string(), "200000000.05");
    assert_eq!(MoneySum::from_fen(0).to_string(), "0.00");
}

#[test]
fn a_negative_number_is_no_amount() {
    assert_eq!(Money::from_fen(-1), Err(MoneyError::Negative));
    assert_eq!(Money::from_decimal(Decimal::from_parts(0, 0, 0, true, 2)), Ok(Money::ZERO));
}

proptest! {
    #[test]
    fn arithmetic_is_that_of_whole_fen(a in 0..=MAX_FEN, b in 0..=MAX_FEN, times in 0_u32..5_000) {
        let (x, y) = (Money::from_fen(a).unwrap(), Money::from_fen(b).unwrap());
        let expected = |fen: i64| (0..=MAX_FEN).contains(&fen).then_some(fen);
        prop_assert_eq!(x.checked_add(y).map(fen), expected(a + b));
        prop_assert_eq!(x.checked_sub(y).map(fen), expected(a - b));
        prop_assert_eq!(x.checked_mul(times).map(fen), expected(a * i64::from(times)));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
    }

    #[test]
    fn text_there_and_back(a in 0..=MAX_FEN) {
        let amount = Money::from_fen(a).unwrap();
        prop_assert_eq!(amount.to_string().parse::<Money>(), Ok(amount));
        prop_assert_eq!(amount.to_string().rsplit_once('.').unwrap().1.len(), 2);
    }
}
