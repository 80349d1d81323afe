//! Text under Alipay's rules.

/// No `/`, `=` or `&` (their wide forms read the same), no control characters, none beyond the basic plane (emoji), at
/// most so many characters. The same text always gives the same result, for a request that is repeated must not change.
pub(super) fn plain(text: &str, longest: usize) -> String {
    let cleaned: String = text
        .chars()
        .filter(|&character| character <= '\u{ffff}')
        .map(|character| match character {
            '/' => '／',
            '=' => '＝',
            '&' => '＆',
            control if control.is_control() => ' ',
            other => other,
        })
        .collect();
    cleaned.trim().chars().take(longest).collect()
}
