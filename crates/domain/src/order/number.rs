use crate::{OrderId, ShopTime, UserId};

/// Gives orders their numbers: the second, `YYYYMMDDHHMMSS` in Asia/Shanghai, and two digits that tell the orders of
/// one second apart. The digits are the user id modulo 100, as the old shop made them, or another free pair.
///
/// The old order page passes the number on as a JavaScript number, so it must stay below 2^53: it has sixteen digits
/// as long as fewer than [`OrderNumbers::SHORT_PER_SECOND`] orders were numbered in that second, then twenty-two.
///
/// One process keeps one of these. That a number is unique is the database's word alone: several processes number at
/// once, and one whose number is refused learns the taken numbers with [`OrderNumbers::mark_taken`] and asks again.
#[derive(Debug, Default)]
pub struct OrderNumbers {
    second: String,
    taken_pairs: u128,
    numbered: u32,
    next_long: Option<u32>,
}

impl OrderNumbers {
    /// How many orders of one second get a short number before the numbers grow.
    pub const SHORT_PER_SECOND: u32 = 50;

    const PAIRS: u32 = 100;
    const LONG: u32 = 100_000_000;

    /// The next number. `chance` is any random number; it makes it unlikely that processes meet.
    pub fn next(&mut self, now: ShopTime, user_id: UserId, chance: u32) -> OrderId {
        self.enter(now);
        self.numbered = self.numbered.saturating_add(1);
        let short =
            (self.numbered <= Self::SHORT_PER_SECOND).then(|| self.free_pair(user_id, chance)).flatten();
        let digits = match short {
            Some(pair) => {
                self.taken_pairs |= 1 << pair;
                format!("{}{pair:02}", self.second)
            }
            None => {
                let long = self.next_long.unwrap_or(chance % Self::LONG);
                self.next_long = Some((long + 1) % Self::LONG);
                format!("{}{long:08}", self.second)
            }
        };
        OrderId::from_digits(digits)
    }

    /// Whether a number could be an order's of this shop, or that of a payment of such an order: its own behind it and `_`.
    /// What could not is another program's. The old back end writes the whole id of the buyer behind the second, two digits at
    /// least.
    pub fn could_have_given(number: &str) -> bool {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (order, payment) = match number.split_once('_') {
            Some((order, payment)) => (order, Some(payment)),
            None => (number, None),
        };
        is_digits(order)
            && payment.is_none_or(is_digits)
            && (16..=24).contains(&order.len())
            && order.get(..14).is_some_and(ShopTime::is_compact)
    }

    /// Notes that others have these numbers, so that [`OrderNumbers::next`] does not give them again in this second.
    pub fn mark_taken<'a>(&mut self, taken: impl IntoIterator<Item = &'a OrderId>) {
        for id in taken {
            let rest = id.as_str().strip_prefix(&self.second).filter(|_| !self.second.is_empty());
            match rest.map(|rest| (rest.len(), rest.parse::<u32>())) {
                Some((2, Ok(pair))) => self.taken_pairs |= 1 << pair,
                // Somebody counts where we count: go on from another place.
                Some((8, Ok(_))) => self.next_long = None,
                Some(_) | None => {}
            }
        }
    }

    /// Takes back numbers that were not used after all, so that they count neither as taken nor as given.
    pub fn give_back<'a>(&mut self, unused: impl IntoIterator<Item = &'a OrderId>) {
        for id in unused {
            let Some(rest) = id.as_str().strip_prefix(&self.second).filter(|_| !self.second.is_empty())
            else {
                continue;
            };
            self.numbered = self.numbered.saturating_sub(1);
            if let (2, Ok(pair)) = (rest.len(), rest.parse::<u32>()) {
                self.taken_pairs &= !(1 << pair);
            }
        }
    }

    fn enter(&mut self, now: ShopTime) {
        let second = now.compact();
        if second != self.second {
            *self = Self { second, ..Self::default() };
        }
    }

    fn free_pair(&self, user_id: UserId, chance: u32) -> Option<u32> {
        let is_free = |pair: &u32| self.taken_pairs & (1 << pair) == 0;
        let own = user_id.0.rem_euclid(100).unsigned_abs();
        if is_free(&own) {
            return Some(own);
        }
        let start = chance % Self::PAIRS;
        (0..Self::PAIRS).map(|step| (start + step) % Self::PAIRS).find(is_free)
    }
}

#[cfg(test)]
mod tests {
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
        assert_ne!(
            numbers.next(now, UserId(4), 0),
            used,
            "what another second used is no concern of this one"
        );
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
}
