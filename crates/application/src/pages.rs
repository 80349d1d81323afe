//! Lists that are shown a page at a time. One more than the page shows is asked for, which tells whether another one follows.

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, Key> {
    /// Newest first.
    pub items: Vec<T>,
    /// What to pass as `before` for the next page; `None` on the last.
    pub next: Option<Key>,
}

impl<T, Key> Page<T, Key> {
    /// What a page of at most `limit` shows of what was found, where [`one_more`] was asked for.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> Key) -> Self {
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > shown;
        items.truncate(shown);
        let next = items.last().filter(|_| has_more).map(key);
        Self { items, next }
    }
}

/// How many to ask for where a page shows at most `limit`.
pub(crate) fn one_more(limit: u32) -> u32 {
    limit.saturating_add(1)
}
