use crate::{OrderId, ShopTime, UserId, order_number};

/// Generates order numbers: the second, `YYYYMMDDHHMMSS` in Asia/Shanghai, and two digits that distinguish the orders
/// of one second. The digits are the user id modulo 100, as in the old shop, or another free pair.
///
/// The old order page passes the number on as a JavaScript number, so it must stay below 2^53: it has sixteen digits
/// as long as fewer than [`OrderNumbers::SHORT_PER_SECOND`] orders were numbered in that second, then twenty-two.
///
/// Each process has one generator. Only the database guarantees that numbers are unique, because several processes
/// generate numbers at once. A process whose number is refused marks the taken numbers with
/// [`OrderNumbers::mark_taken`] and generates another one.
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

    /// The next number. `chance` is any random number; it makes collisions between processes unlikely.
    pub fn next(&mut self, now: ShopTime, user_id: UserId, chance: u32) -> OrderId {
        let second = now.compact();
        if second != self.second {
            *self = Self { second, ..Self::default() };
        }
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

    /// Whether a number can be an order number of this shop, or the number of an attempt to pay such an order. Other
    /// numbers are another program's. The old back end appends the buyer's whole id to the second, with at least two
    /// digits.
    pub fn could_have_given(number: &str) -> bool {
        let order = order_number(number);
        OrderId::parse(order).is_ok()
            && (16..=24).contains(&order.len())
            && order.get(..14).is_some_and(|time| ShopTime::from_compact(time).is_some())
    }

    /// Marks numbers that others have taken, so that [`OrderNumbers::next`] does not return them in this second.
    pub fn mark_taken<'a>(&mut self, taken: impl IntoIterator<Item = &'a OrderId>) {
        for id in taken {
            let rest = id.as_str().strip_prefix(&self.second);
            match rest.map(|rest| (rest.len(), rest.parse::<u32>())) {
                Some((2, Ok(pair))) => self.taken_pairs |= 1 << pair,
                // Another process counts in the same place: continue at another one.
                Some((8, Ok(_))) => self.next_long = None,
                Some(_) | None => {}
            }
        }
    }

    /// Takes back unused numbers, so that they count neither as taken nor as orders of the second.
    pub fn give_back<'a>(&mut self, unused: impl IntoIterator<Item = &'a OrderId>) {
        for id in unused {
            let Some(rest) = id.as_str().strip_prefix(&self.second) else { continue };
            self.numbered = self.numbered.saturating_sub(1);
            if let (2, Ok(pair)) = (rest.len(), rest.parse::<u32>()) {
                self.taken_pairs &= !(1 << pair);
            }
        }
    }

    fn free_pair(&self, user_id: UserId, chance: u32) -> Option<u32> {
        let is_free = |pair: &u32| self.taken_pairs & (1 << pair) == 0;
        let own = user_id.0.rem_euclid(100).unsigned_abs();
        let others = (0..Self::PAIRS).map(|step| (chance % Self::PAIRS + step) % Self::PAIRS);
        [own].into_iter().chain(others).find(is_free)
    }
}

#[cfg(test)]
mod tests;
