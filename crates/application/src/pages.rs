//! Lists that are shown a page at a time. One more than the page shows is asked for, which tells whether another one follows.

/// How many to ask for where a page shows at most `limit`.
pub(crate) fn one_more(limit: u32) -> u32 {
    limit.saturating_add(1)
}

/// What the page shows of what was found, and the key of the last one shown if another page follows.
pub(crate) fn page<T, Key>(mut found: Vec<T>, limit: u32, key: impl Fn(&T) -> Key) -> (Vec<T>, Option<Key>) {
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > shown;
    found.truncate(shown);
    let next = found.last().filter(|_| has_more).map(key);
    (found, next)
}
