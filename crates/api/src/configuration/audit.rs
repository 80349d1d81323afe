use std::time::Duration;

use domain::audit::{AuditTerms, OldSales, OldTotals};

use super::{ConfigurationError, Source};

/// How the audit works.
#[derive(Debug, Clone, Copy)]
pub struct AuditConfiguration {
    /// How to interpret the rows of the old back end.
    pub terms: AuditTerms,
    /// The time of the daily audit, counted from midnight in Asia/Shanghai; `None` for no daily audit.
    pub at: Option<Duration>,
}

pub(super) fn read(source: &mut Source) -> Result<AuditConfiguration, ConfigurationError> {
    let totals = source.get_or("old_totals", OldTotals::default().as_str().to_owned())?;
    let sales = source.get_or("old_sales", "counted".to_owned())?;
    let at = match source.get::<String>("audit_at")? {
        Some(text) => {
            Some(time_of_day(&text).ok_or_else(|| source.wrong("audit_at", "must be a time such as 03:30"))?)
        }
        None => None,
    };
    Ok(AuditConfiguration {
        terms: AuditTerms {
            old_totals: OldTotals::from_word(&totals)
                .ok_or_else(|| source.wrong("old_totals", "must be with_freight or goods_alone"))?,
            old_sales: OldSales::from_word(&sales)
                .ok_or_else(|| source.wrong("old_sales", "must be counted or began_elsewhere"))?,
        },
        at,
    })
}

/// Reads `HH:MM`.
fn time_of_day(text: &str) -> Option<Duration> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str, most: u64| {
        let is_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = digits.parse().ok()?;
        (is_digits && number <= most).then_some(number)
    };
    Some(Duration::from_secs(number(hours, 23)? * 3600 + number(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_day_is_hours_and_minutes() {
        assert_eq!(time_of_day("03:30"), Some(Duration::from_secs(12_600)));
        assert_eq!(time_of_day("23:59"), Some(Duration::from_secs(86_340)));
        for rubbish in ["", "3:30", "24:00", "03:60", "03-30", "+3:30", "03:30:00"] {
            assert_eq!(time_of_day(rubbish), None, "{rubbish}");
        }
    }
}
