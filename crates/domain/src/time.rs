use std::{fmt, time::Duration};

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, TimeDelta, Utc,
};

/// A moment in the shop's time zone, Asia/Shanghai, to the microsecond, as the database stores it.
///
/// Asia/Shanghai has been UTC+8 without summer time since 1991, so a fixed offset is exact for every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShopTime(NaiveDateTime);

impl ShopTime {
    /// Seconds that Asia/Shanghai is ahead of UTC.
    const OFFSET_SECONDS: i64 = 8 * 3600;

    /// The largest allowed difference between the clocks of two processes. `dashop doctor` warns long before.
    pub(crate) const LARGEST_SKEW: Duration = Duration::from_secs(60);

    /// 1970-01-01 00:00:00 in Asia/Shanghai: before any order.
    pub const UNIX_EPOCH: Self = Self(DateTime::UNIX_EPOCH.naive_utc());

    /// From a date and time that are already in Asia/Shanghai.
    pub fn from_shanghai(shanghai: NaiveDateTime) -> Self {
        Self(shanghai)
    }

    /// From a moment in UTC. Fractions of a microsecond are cut off.
    pub fn from_utc(utc: DateTime<Utc>) -> Self {
        Self(utc.naive_utc().trunc_subsecs(6) + TimeDelta::seconds(Self::OFFSET_SECONDS))
    }

    /// The date and time in Asia/Shanghai.
    pub fn to_shanghai(self) -> NaiveDateTime {
        self.0
    }

    /// Seconds since 1970 in UTC, as tokens use them.
    pub fn unix_seconds(self) -> i64 {
        self.0.and_utc().timestamp() - Self::OFFSET_SECONDS
    }

    /// Milliseconds since 1970 in UTC; zero before that.
    pub fn unix_milliseconds(self) -> u64 {
        u64::try_from(self.0.and_utc().timestamp_millis() - Self::OFFSET_SECONDS * 1000).unwrap_or(0)
    }

    /// Reads `YYYY-MM-DD HH:MM:SS`, as Alipay writes times.
    pub fn parse(text: &str) -> Option<Self> {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(Self)
    }

    /// The moment later by `span`; at most the latest representable moment.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let later = TimeDelta::from_std(span).ok().and_then(|delta| self.0.checked_add_signed(delta));
        Self(later.unwrap_or(NaiveDateTime::MAX))
    }

    /// The moment earlier by `span`; at least the earliest representable moment.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        let earlier = TimeDelta::from_std(span).ok().and_then(|delta| self.0.checked_sub_signed(delta));
        Self(earlier.unwrap_or(NaiveDateTime::MIN))
    }

    /// Whether this was within the last `span`. A moment too far in the future was not: a clock that is far ahead wrote
    /// it.
    pub fn was_within(self, span: Duration, now: Self) -> bool {
        now.since(self) < span && self <= now.after(Self::LARGEST_SKEW)
    }

    /// How much later this is than `earlier`; zero if it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        (self.0 - earlier.0).to_std().unwrap_or(Duration::ZERO)
    }

    /// The day of this moment.
    pub fn date(self) -> ShopDate {
        ShopDate(self.0.date())
    }

    /// Reads the fourteen digits of [`ShopTime::compact`]; `None` for any other text.
    pub fn from_compact(text: &str) -> Option<Self> {
        let time = NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok();
        time.filter(|_| text.len() == 14).map(Self)
    }

    /// The fourteen digits `YYYYMMDDHHMMSS` with which order numbers begin; all nines for a year above 9999.
    pub fn compact(self) -> String {
        if self.0.year() > 9999 { "9".repeat(14) } else { self.0.format("%Y%m%d%H%M%S").to_string() }
    }
}

/// `YYYY-MM-DD HH:MM:SS`, as the contract and Alipay write times.
impl fmt::Display for ShopTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m-%d %H:%M:%S").fmt(f)
    }
}

/// A day of the shop's calendar, from midnight to midnight in Asia/Shanghai.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShopDate(NaiveDate);

impl ShopDate {
    /// Reads `YYYY-MM-DD`, and nothing that the parser reads besides: `26-12-31`, `+99999-01-01`, blanks. The years are 1 to
    /// 9999, the range of MySQL.
    pub fn parse(text: &str) -> Option<Self> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self)?;
        ((1..=9999).contains(&day.0.year()) && day.to_string() == text).then_some(day)
    }

    /// Reads `YYYYMMDD`, as order numbers begin.
    pub fn parse_compact(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(Self)
    }

    /// The first moment of the day.
    pub fn begin(self) -> ShopTime {
        ShopTime(self.0.and_time(NaiveTime::MIN))
    }

    /// The day earlier by `days`; at least the earliest representable day.
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        Self(self.0.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN))
    }

    /// The next day; the same day if it is the last representable one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.succ_opt().unwrap_or(self.0))
    }
}

/// `YYYY-MM-DD`, as Alipay writes dates.
impl fmt::Display for ShopDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m-%d").fmt(f)
    }
}

#[cfg(test)]
mod tests;
