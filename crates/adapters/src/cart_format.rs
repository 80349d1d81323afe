//! The stored form of a cart line, which the old shop's programs also read and write.

use domain::{CartLine, CartStamp, SkuId};
use serde::Deserialize;

/// Parses one line: the SKU's id as the field, and `{"count": 2, "selected": 1}` in either order; the numbers may be
/// strings. `None` for anything else, such as a SKU with a leading zero, whose field could not be found for removal.
pub(crate) fn read_line(field: &str, value: &str) -> Option<CartLine> {
    #[derive(Deserialize)]
    struct Stored {
        count: Number,
        selected: Number,
    }

    let sku_id = SkuId(field.parse().ok()?);
    if sku_id.to_string() != field {
        return None;
    }
    let Stored { count, selected } = serde_json::from_str(value).ok()?;
    Some(CartLine {
        sku_id,
        count: count.read()?,
        selected: selected.read()? != 0,
        stamp: CartStamp(value.to_owned()),
    })
}

/// One line as the old shop writes it, byte for byte.
pub(crate) fn write_line(count: i64, selected: bool) -> String {
    format!("{{\"count\": {count}, \"selected\": {}}}", i32::from(selected))
}

/// A number in the forms that the old programs wrote.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(i64),
    Text(String),
    Flag(bool),
}

impl Number {
    fn read(&self) -> Option<i64> {
        match self {
            Self::Plain(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Flag(flag) => Some(i64::from(*flag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_was_seen_is_read() {
        for value in [
            r#"{"count": 2, "selected": 1}"#,
            r#"{"selected":1,"count":2}"#,
            r#"{"count": "2", "selected": "1"}"#,
            r#"{"count": 2, "selected": true}"#,
        ] {
            let line = read_line("4", value).unwrap();
            assert_eq!((line.sku_id, line.count, line.selected), (SkuId(4), 2, true));
            assert_eq!(line.stamp.0, value, "byte for byte");
        }
        assert!(!read_line("4", r#"{"count": 2, "selected": "0"}"#).unwrap().selected);
    }

    #[test]
    fn a_line_is_written_as_the_old_shop_writes_it() {
        assert_eq!(write_line(2, true), r#"{"count": 2, "selected": 1}"#);
        assert_eq!(write_line(15, false), r#"{"count": 15, "selected": 0}"#);
    }

    #[test]
    fn anything_else_is_no_line() {
        for (field, value) in [
            ("four", r#"{"count": 2, "selected": 1}"#),
            ("04", r#"{"count": 2, "selected": 1}"#),
            ("+4", r#"{"count": 2, "selected": 1}"#),
            ("4", r#"{"count": 2}"#),
            ("4", r#"{"count": 2.5, "selected": 1}"#),
            ("4", r#"{"count": null, "selected": 1}"#),
            ("4", "2"),
            ("4", ""),
            ("99999999999", r#"{"count": 2, "selected": 1}"#),
        ] {
            assert_eq!(read_line(field, value), None, "{field} {value}");
        }
    }
}
