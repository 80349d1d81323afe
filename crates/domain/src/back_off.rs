use std::time::Duration;

/// `first`, doubled with each attempt, and at most `longest`.
pub fn back_off(first: Duration, attempt: u32, longest: Duration) -> Duration {
    let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
    first.checked_mul(factor).unwrap_or(longest).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_off_never_overflows() {
        let (second, longest) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert_eq!(back_off(second, 3, longest), Duration::from_secs(8));
        for attempt in [31, 32, 33, u32::MAX] {
            assert_eq!(back_off(second, attempt, longest), longest);
        }
    }
}
