//! The providers of payments, and what this shop and the old back end call them.

/// A provider of payments. Everything about it except its name is in its adapter.
///
/// To add one: see "A payment channel" in `docs/ARCHITECTURE.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Channel {
    /// 支付宝. It is the default channel: the attempt that has the order's own number is always one of this channel.
    #[default]
    Alipay,
    /// A channel for tests, which prove with it that another channel can be added.
    #[cfg(feature = "test-channel")]
    Test,
}

/// The key of a trade: its number is unique within its channel only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradeKey<'a> {
    /// The channel where it was paid.
    pub channel: Channel,
    /// The channel's number of it.
    pub trade_no: &'a str,
}

impl Channel {
    /// Every channel.
    pub const ALL: &'static [Self] = &[
        Self::Alipay,
        #[cfg(feature = "test-channel")]
        Self::Test,
    ];

    /// The word that is stored and sent; at most ten characters, because it also names an [`crate::Actor`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            #[cfg(feature = "test-channel")]
            Self::Test => "test",
        }
    }

    /// The channel with this word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|channel| channel.as_str() == word)
    }

    /// Its name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Alipay => "支付宝",
            #[cfg(feature = "test-channel")]
            Self::Test => "测试渠道",
        }
    }

    /// The key of the trade that has this number at the channel.
    pub fn trade(self, trade_no: &str) -> TradeKey<'_> {
        TradeKey { channel: self, trade_no }
    }
}

#[cfg(test)]
mod tests;
