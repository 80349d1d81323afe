use super::*;

#[test]
fn shanghai_is_eight_hours_ahead() {
    let utc = chrono::DateTime::from_timestamp(1_574_944_808, 0).unwrap();
    let time = ShopTime::from_utc(utc);
    assert_eq!(time.to_string(), "2019-11-28 20:40:08");
    assert_eq!(time.compact(), "20191128204008");
    let last_day = ShopDate::parse("9999-12-31").unwrap();
    assert_eq!(last_day.begin().compact(), "99991231000000");
    assert_eq!(last_day.next().begin().compact(), "99999999999999");
    assert_eq!(time.unix_seconds(), 1_574_944_808);
    assert_eq!(time.unix_milliseconds(), 1_574_944_808_000);
    assert_eq!(ShopTime::UNIX_EPOCH.to_string(), "1970-01-01 00:00:00");
    assert_eq!(ShopTime::UNIX_EPOCH.unix_milliseconds(), 0, "Asia/Shanghai was in 1969 UTC");
    assert_eq!(ShopTime::parse("2019-11-28 20:40:08"), Some(time));
    let at = |nanos| ShopTime::from_utc(chrono::DateTime::from_timestamp(1_574_944_808, nanos).unwrap());
    assert_eq!(at(1_999), at(1_000), "what no database keeps is no part of it");
    assert_eq!(at(1_000), time.after(Duration::from_micros(1)));
}

#[test]
fn a_day_goes_from_midnight_to_midnight() {
    let day = ShopTime::parse("2019-12-31 23:59:59").unwrap().date();
    assert_eq!(day, ShopDate::parse("2019-12-31").unwrap());
    assert_eq!(day.begin().to_string(), "2019-12-31 00:00:00");
    assert_eq!(day.next().begin().to_string(), "2020-01-01 00:00:00");
    assert_eq!(day.days_before(31).to_string(), "2019-11-30");
    let written_otherwise =
        ["26-12-31", "+2026-12-31", "+99999-01-01", "2026-1-1", " 2026-12-31", "2026- 12-31"];
    let no_days =
        ["", "2019-13-01", "2019-12-32", "20191231", "2019-12-31 00:00:00", "0000-01-01", "-001-01-01"];
    for rubbish in written_otherwise.into_iter().chain(no_days) {
        assert_eq!(ShopDate::parse(rubbish), None, "{rubbish:?}");
    }
}

#[test]
fn spans_never_turn_negative_or_overflow() {
    let time = ShopTime::parse("2019-11-28 20:40:08").unwrap();
    let later = time.after(Duration::from_secs(30));
    assert_eq!(later.since(time), Duration::from_secs(30));
    assert_eq!(time.since(later), Duration::ZERO);
    assert!(time.after(Duration::MAX) > later);
    assert_eq!(later.before(Duration::from_secs(30)), time);
    assert!(time.before(Duration::MAX) < time);
}

#[test]
fn what_was_lately_is_neither_old_nor_of_a_clock_that_is_far_ahead() {
    let now = ShopTime::parse("2019-11-28 20:40:08").unwrap();
    let span = Duration::from_secs(5);
    for (seconds, was) in [(0, true), (4, true), (5, false)] {
        assert_eq!(now.before(Duration::from_secs(seconds)).was_within(span, now), was, "{seconds} s ago");
    }
    for (seconds, was) in [(60, true), (61, false)] {
        assert_eq!(now.after(Duration::from_secs(seconds)).was_within(span, now), was, "{seconds} s ahead");
    }
}
