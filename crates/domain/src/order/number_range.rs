use crate::{OrderId, ShopTime};

/// A range of order numbers. They begin with the second in which the order was placed, so a range selects orders by
/// time or by number, and the database finds them by the key alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRange {
    first: String,
    last: String,
    below: Option<String>,
}

impl NumberRange {
    /// All numbers.
    pub fn all() -> Self {
        Self { first: "0".to_owned(), last: filled_up(""), below: None }
    }

    /// The numbers of this range that begin with these digits; a whole number is allowed.
    #[must_use]
    pub fn beginning_with(mut self, digits: &OrderId) -> Self {
        self.first = self.first.max(digits.as_str().to_owned());
        self.last = self.last.min(filled_up(digits.as_str()));
        self
    }

    /// The numbers of this range of that second or later.
    #[must_use]
    pub fn not_before(mut self, time: ShopTime) -> Self {
        self.first = self.first.max(time.compact());
        self
    }

    /// The numbers of this range before that second.
    #[must_use]
    pub fn earlier_than(self, time: ShopTime) -> Self {
        self.cut_below(time.compact())
    }

    /// The numbers of this range that are smaller than the number: those that follow it in a list with the newest
    /// first.
    #[must_use]
    pub fn below(self, number: &OrderId) -> Self {
        self.cut_below(number.as_str().to_owned())
    }

    fn cut_below(mut self, limit: String) -> Self {
        self.below = self.below.into_iter().chain([limit]).min();
        self
    }

    /// The smallest number of the range, compared as text.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// The largest number that may belong to the range.
    pub fn last(&self) -> &str {
        &self.last
    }

    /// The smallest number after the range, if the range ends before [`NumberRange::last`].
    pub fn end(&self) -> Option<&str> {
        self.below.as_deref()
    }

    /// Whether the range contains the number.
    pub fn contains(&self, number: &OrderId) -> bool {
        let number = number.as_str();
        (self.first()..=self.last()).contains(&number) && self.end().is_none_or(|end| number < end)
    }
}

/// The largest number that begins with these digits. It is filled up with nines, because the character after a nine
/// depends on the collation.
fn filled_up(digits: &str) -> String {
    format!("{digits}{}", "9".repeat(OrderId::MAX_LEN.saturating_sub(digits.len())))
}

#[cfg(test)]
mod tests;
