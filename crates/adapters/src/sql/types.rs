//! Money and time as the two engines store them.

use std::{io::Write, str};

use chrono::{NaiveDate, NaiveDateTime, Timelike};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    mysql::{Mysql, MysqlValue},
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{SqlType, Text, Timestamp},
    sqlite::{Sqlite, SqliteValue},
};
use domain::{Money, ShopTime};

/// The SQL type of money: `decimal(10,2)` on MySQL, text with two decimals on SQLite. Never a float.
#[derive(Debug, Clone, Copy, QueryId, SqlType)]
#[diesel(mysql_type(name = "Numeric"))]
#[diesel(sqlite_type(name = "Text"))]
pub struct Yuan;

/// Money as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Yuan)]
pub(crate) struct Amount(pub(crate) Money);

impl ToSql<Yuan, Mysql> for Amount {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        write!(out, "{}", self.0)?;
        Ok(IsNull::No)
    }
}

impl FromSql<Yuan, Mysql> for Amount {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(str::from_utf8(value.as_bytes())?.parse()?))
    }
}

impl ToSql<Yuan, Sqlite> for Amount {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

impl FromSql<Yuan, Sqlite> for Amount {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(<String as FromSql<Text, Sqlite>>::from_sql(value)?.parse()?))
    }
}

/// Money as it is stored, in fen. It may be negative, so that an audit can report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromSqlRow)]
#[diesel(sql_type = Yuan)]
pub(crate) struct Fen(pub(crate) i64);

impl Fen {
    fn read(text: &str) -> deserialize::Result<Self> {
        let (digits, sign) = text.strip_prefix('-').map_or((text, 1), |digits| (digits, -1));
        let fen = i64::try_from(digits.parse::<Money>()?.to_fen())?;
        Ok(Self(fen.saturating_mul(sign)))
    }
}

impl FromSql<Yuan, Mysql> for Fen {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        Self::read(str::from_utf8(value.as_bytes())?)
    }
}

impl FromSql<Yuan, Sqlite> for Fen {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Self::read(&<String as FromSql<Text, Sqlite>>::from_sql(value)?)
    }
}

/// A moment as it is stored: in Asia/Shanghai, truncated to microseconds.
///
/// On SQLite it is text with exactly six decimals, so that the texts sort like the moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamp)]
pub(crate) struct Moment(pub(crate) ShopTime);

impl Moment {
    fn to_micros(self) -> NaiveDateTime {
        let time = self.0.to_shanghai();
        time.with_nanosecond(time.nanosecond() / 1_000 * 1_000).unwrap_or(time)
    }
}

/// The last moment that MySQL's columns can hold. MySQL 9 refuses to compare a column with a later moment, such as the
/// end of the last day.
const LAST: Option<NaiveDateTime> = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day.and_hms_micro_opt(23, 59, 59, 999_999),
    None => None,
};

impl ToSql<Timestamp, Mysql> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        let time = self.to_micros();
        let time = LAST.map_or(time, |last| time.min(last));
        <NaiveDateTime as ToSql<Timestamp, Mysql>>::to_sql(&time, &mut out.reborrow())
    }
}

impl FromSql<Timestamp, Mysql> for Moment {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        <NaiveDateTime as FromSql<Timestamp, Mysql>>::from_sql(value).map(ShopTime::from_shanghai).map(Self)
    }
}

impl ToSql<Timestamp, Sqlite> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.to_micros().format("%Y-%m-%d %H:%M:%S%.6f").to_string());
        Ok(IsNull::No)
    }
}

impl FromSql<Timestamp, Sqlite> for Moment {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        <NaiveDateTime as FromSql<Timestamp, Sqlite>>::from_sql(value).map(ShopTime::from_shanghai).map(Self)
    }
}
