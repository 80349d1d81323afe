use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> ShopTime {
    ShopTime::parse(text).unwrap()
}

#[test]
fn numbers_of_other_programs_are_told_from_its_own() {
    for own in [
        "2019112820400804",
        "2019112820400800000001",
        "201911282040081204",
        "201911282040082147483647",
        "2019112820400804_2",
        "2019112820400800000001_12",
    ] {
        assert!(OrderNumbers::could_have_given(own), "{own}");
    }
    let others = [
        "",
        "201911282040080",
        "2019112820400812345678901",
        "201911282040080x",
        "201911282040080x_2",
        "2019132820400804",
        "2019112820400804_",
        "2019112820400804_x",
        "2019112820400804_2_3",
    ];
    for other in others {
        assert!(!OrderNumbers::could_have_given(other), "{other}");
    }
}

#[test]
fn the_user_is_in_the_last_two_digits() {
    let mut numbers = OrderNumbers::default();
    let now = at("2019-11-28 20:40:08");
    assert_eq!(numbers.next(now, UserId(4), 77).as_str(), "2019112820400804");
    assert_eq!(numbers.next(now, UserId(1204), 77).as_str(), "2019112820400877", "the pair was taken");
    assert_eq!(numbers.next(now, UserId(4), u32::MAX).as_str(), "2019112820400895", "any chance will do");
    assert_eq!(numbers.next(at("2019-11-28 20:40:09"), UserId(1204), 77).as_str(), "2019112820400904");
}

#[test]
fn what_others_have_is_not_given() {
    let mut numbers = OrderNumbers::default();
    let now = at("2019-11-28 20:40:08");
    let first = numbers.next(now, UserId(4), 0);
    let taken: Vec<_> =
        (0..99).map(|pair| OrderId::parse(&format!("20191128204008{pair:02}")).unwrap()).collect();
    numbers.mark_taken(&taken);
    assert_eq!(first.as_str(), "2019112820400804");
    assert_eq!(numbers.next(now, UserId(4), 0).as_str(), "2019112820400899");
    assert_eq!(numbers.next(now, UserId(4), 7).as_str(), "2019112820400800000007", "no pair is free");
    assert_eq!(numbers.next(now, UserId(4), 7).as_str(), "2019112820400800000008", "counted from there");
    numbers.mark_taken(&[OrderId::parse("2019112820400800000008").unwrap()]);
    assert_eq!(numbers.next(now, UserId(4), 5_000).as_str(), "2019112820400800005000");
}

#[test]
fn numbers_that_were_not_used_do_not_count() {
    let mut numbers = OrderNumbers::default();
    let now = at("2019-11-28 20:40:08");
    for _ in 0..200 {
        let unused = numbers.next(now, UserId(4), 0);
        assert_eq!(unused.as_str(), "2019112820400804");
        numbers.give_back([&unused]);
    }
    let used = numbers.next(now, UserId(4), 0);
    numbers.give_back([&OrderId::parse("2019112820400704").unwrap()]);
    assert_ne!(numbers.next(now, UserId(4), 0), used, "what another second used is no concern of this one");
}

proptest! {
    #[test]
    fn numbers_are_unique_and_short_below_fifty(users in proptest::collection::vec(any::<i32>(), 1..300), chance: u32) {
        let mut numbers = OrderNumbers::default();
        let now = at("2026-11-23 09:00:00");
        let ids: Vec<_> = users.iter().map(|user| numbers.next(now, UserId(*user), chance)).collect();
        prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        for id in ids.iter().take(50) {
            prop_assert_eq!(id.as_str().len(), 16);
            prop_assert!(id.as_str().parse::<u64>().unwrap() < 1 << 53);
        }
        for id in &ids {
            prop_assert!(OrderId::parse(id.as_str()).is_ok());
            prop_assert!(id.as_str().starts_with("20261123090000"));
        }
    }
}
