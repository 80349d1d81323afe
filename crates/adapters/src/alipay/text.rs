//! Text under Alipay's rules.

/// Cleans a text: replaces `/`, `=` and `&` by their full-width forms and control characters by spaces, removes
/// characters beyond the basic plane (emoji), and cuts it to `longest` characters. The same text always gives the same
/// result, because a repeated request must not change.
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
