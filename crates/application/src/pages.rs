//! Lists that are shown page by page. A query asks for one item more than the page shows, to know whether there is a
//! next page.

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, Key> {
    /// Newest first.
    pub items: Vec<T>,
    /// What to pass as `before` for the next page; `None` on the last page.
    pub next: Option<Key>,
}

impl<T, Key> Page<T, Key> {
    /// Makes a page of at most `limit` items from the result of a query for [`one_more`] items.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> Key) -> Self {
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > shown;
        items.truncate(shown);
        let next = items.last().filter(|_| has_more).map(key);
        Self { items, next }
    }
}

/// The limit of the query for a page of at most `limit` items.
pub(crate) fn one_more(limit: u32) -> u32 {
    limit.saturating_add(1)
}
