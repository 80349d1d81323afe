use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};

/// An amount of Chinese yuan, exact to the fen, never negative.
///
/// Sums and differences are checked: they never wrap, round or become negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money(Decimal);

/// Why something is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number.
    #[error("not an amount of money: expected digits with at most two decimals, such as 10.00")]
    Unreadable,
    /// More than two decimals that are not zero.
    #[error("an amount has at most two decimals")]
    FractionOfAFen,
    /// Below zero.
    #[error("an amount is never negative")]
    Negative,
    /// Above what the database's `decimal(10,2)` holds: 99,999,999.99.
    #[error("an amount is at most 99999999.99")]
    TooLarge,
}

impl Money {
    /// 0.00 yuan.
    pub const ZERO: Self = Self(Decimal::from_parts(0, 0, 0, false, 2));

    /// The largest amount: what `decimal(10,2)` holds, 99,999,999.99 yuan.
    pub const MAX: Self = Self(Decimal::from_parts(1_410_065_407, 2, 0, false, 2));

    /// An amount from a whole number of fen (hundredths of a yuan).
    pub fn from_fen(fen: i64) -> Result<Self, MoneyError> {
        Self::from_decimal(Decimal::new(fen, 2))
    }

    /// An amount from a decimal number of yuan.
    pub fn from_decimal(yuan: Decimal) -> Result<Self, MoneyError> {
        let mut rounded = yuan.round_dp_with_strategy(2, RoundingStrategy::ToZero);
        if rounded != yuan {
            return Err(MoneyError::FractionOfAFen);
        }
        if rounded < Decimal::ZERO {
            return Err(MoneyError::Negative);
        }
        rounded.set_sign_positive(true);
        rounded.rescale(2);
        if rounded > Self::MAX.0 { Err(MoneyError::TooLarge) } else { Ok(Self(rounded)) }
    }

    /// The amount as a decimal number of yuan with two decimals.
    pub fn to_decimal(self) -> Decimal {
        self.0
    }

    /// The amount in fen.
    pub fn to_fen(self) -> u64 {
        self.0.checked_mul(Decimal::ONE_HUNDRED).and_then(|fen| u64::try_from(fen).ok()).unwrap_or(u64::MAX)
    }

    /// Whether the amount is 0.00.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum; `None` if it exceeds [`Money::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(|sum| Self::from_decimal(sum).ok())
    }

    /// The difference; `None` if `other` is larger.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).and_then(|rest| Self::from_decimal(rest).ok())
    }

    /// The product; `None` if it exceeds [`Money::MAX`].
    #[must_use]
    pub fn checked_mul(self, times: u32) -> Option<Self> {
        self.0.checked_mul(Decimal::from(times)).and_then(|product| Self::from_decimal(product).ok())
    }

    /// The sum of all amounts; `None` if it exceeds [`Money::MAX`].
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

/// A sum of many amounts, for reports; it may exceed [`Money::MAX`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MoneySum(u64);

impl MoneySum {
    /// From a whole number of fen.
    pub fn from_fen(fen: u64) -> Self {
        Self(fen)
    }
}

/// Always two decimals, like [`Money`].
impl fmt::Display for MoneySum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Default for Money {
    fn default() -> Self {
        Self::ZERO
    }
}

/// Always two decimals, as the contract sends it: `313.91`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads digits with an optional fraction: `10`, `10.5`, `10.50`; no sign, exponent, separator or space.
impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(MoneyError::Unreadable);
        }
        Self::from_decimal(Decimal::from_str_exact(text).map_err(|_| MoneyError::TooLarge)?)
    }
}

#[cfg(test)]
mod tests;
