use crate::{OrderId, ShopTime};

/// A stretch of order numbers, which begin with the second in which the order was placed: how staff say
/// which orders they mean, and what a database finds by the key alone.
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

    /// Those of this stretch that begin with these digits, a whole number among them.
    #[must_use]
    pub fn beginning_with(mut self, digits: &OrderId) -> Self {
        self.first = self.first.max(digits.as_str().to_owned());
        self.last = self.last.min(filled_up(digits.as_str()));
        self
    }

    /// Those of this stretch that were given in that second or later.
    #[must_use]
    pub fn not_before(mut self, time: ShopTime) -> Self {
        self.first = self.first.max(time.compact());
        self
    }

    /// Those of this stretch that were given before that second.
    #[must_use]
    pub fn earlier_than(self, time: ShopTime) -> Self {
        self.cut_below(time.compact())
    }

    /// Those of this stretch that are smaller than the number: what follows it, the newest first.
    #[must_use]
    pub fn below(self, number: &OrderId) -> Self {
        self.cut_below(number.as_str().to_owned())
    }

    fn cut_below(mut self, limit: String) -> Self {
        self.below = self.below.into_iter().chain([limit]).min();
        self
    }

    /// The smallest number that belongs to it, as texts are compared.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// The largest number that may belong to it.
    pub fn last(&self) -> &str {
        &self.last
    }

    /// The smallest number that does not belong to it any more, where it ends before [`NumberRange::last`].
    pub fn end(&self) -> Option<&str> {
        self.below.as_deref()
    }

    /// Whether the number belongs to it.
    pub fn contains(&self, number: &OrderId) -> bool {
        let number = number.as_str();
        (self.first()..=self.last()).contains(&number) && self.end().is_none_or(|end| number < end)
    }
}

/// The largest number that begins so. Nines, for what comes after a nine depends on the collation.
fn filled_up(digits: &str) -> String {
    format!("{digits}{}", "9".repeat(OrderId::MAX_LEN.saturating_sub(digits.len())))
}

#[cfg(test)]
mod tests;
