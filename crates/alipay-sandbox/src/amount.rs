use std::fmt;

use domain::Money;

/// An amount of yuan in whole fen.
///
/// It deliberately does not use the shop's own type: a sandbox with the shop's arithmetic would have the same mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Amount(u64);

impl Amount {
    pub(crate) const ZERO: Self = Self(0);

    /// The largest trade: 100,000,000 yuan. Source: documentation of `alipay.trade.page.pay`.
    const LARGEST: Self = Self(10_000_000_000);

    /// Parses `88`, `88.8` or `88.80`, from 0.01 to 100000000.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (yuan, fen) = text.split_once('.').unwrap_or((text, "00"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(yuan) || !digits(fen) || fen.len() > 2 || yuan.len() > 9 {
            return None;
        }
        let fen: u64 = format!("{fen:0<2}").parse().ok()?;
        let amount = Self(yuan.parse::<u64>().ok()? * 100 + fen);
        (amount > Self::ZERO && amount <= Self::LARGEST).then_some(amount)
    }

    /// The amount in the shop's own type, for tests that compare the trades of both. That type cannot hold Alipay's
    /// largest amount, which becomes [`Money::MAX`], one fen less.
    pub(crate) fn to_money(self) -> Money {
        i64::try_from(self.0).ok().and_then(|fen| Money::from_fen(fen).ok()).unwrap_or(Money::MAX)
    }

    /// The sum. Sums of trades do not overflow in practice; an overflow would give the largest number, which is refused
    /// because it is more than was paid.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Always two decimals.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_alipay_documents_them() {
        for (text, shown) in [
            ("0.01", "0.01"),
            ("88", "88.00"),
            ("88.8", "88.80"),
            ("88.80", "88.80"),
            ("100000000.00", "100000000.00"),
        ] {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()).as_deref(), Some(shown));
        }
        for bad in ["", "0", "0.00", "-1", "1.", ".5", "1.005", "1e3", "100000000.01", "9999999999", " 1"] {
            assert_eq!(Amount::parse(bad), None, "{bad:?}");
        }
    }
}
