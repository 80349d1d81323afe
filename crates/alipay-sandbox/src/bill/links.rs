use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{ShopDate, ShopTime};

/// How long a link is valid.
const VALID: Duration = Duration::from_secs(30);
/// Maximum number of remembered links; older ones expire early.
const MAX_LINKS: usize = 1000;

/// The issued links to bills.
#[derive(Default)]
pub(crate) struct Links(Mutex<VecDeque<Link>>);

struct Link {
    token: String,
    date: ShopDate,
    ends_at: ShopTime,
}

impl Links {
    pub(crate) fn open(&self, token: String, date: ShopDate, now: ShopTime) -> String {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= MAX_LINKS {
            links.pop_front();
        }
        links.push_back(Link { token: token.clone(), date, ends_at: now.after(VALID) });
        token
    }

    /// The day of the bill behind the link, if the link is still valid.
    pub(crate) fn date(&self, token: &str, now: ShopTime) -> Option<ShopDate> {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().find(|link| link.token == token && now < link.ends_at).map(|link| link.date)
    }
}
