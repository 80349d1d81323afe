use std::{mem::size_of, sync::Arc, time::Duration};

use domain::{Order, OrderGoods};
use moka::sync::Cache;

/// For how long lines are kept. The program never changes the lines of an order; what somebody mends by hand in the
/// database is shown after this time at the latest.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);
/// The most bytes that are kept.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// What keeping the lines of an order costs besides them, in bytes: nearly 400 in the cache, and its key.
const OVERHEAD: usize = 512;

/// The lines of orders that buyers listed lately: who looks through their orders sees the same ones again and again, and
/// their lines are the largest part of what a page costs the database.
pub(super) struct KeptLines(Cache<String, Arc<[OrderGoods]>>);

impl Default for KeptLines {
    fn default() -> Self {
        let bytes = |_: &String, lines: &Arc<[OrderGoods]>| {
            let bytes = OVERHEAD + lines.iter().map(bytes).sum::<usize>();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().time_to_live(KEPT_FOR).weigher(bytes).max_capacity(MOST_BYTES).build())
    }
}

impl KeptLines {
    /// The lines of this order, if they are kept and make up the pieces that its row tells of.
    pub(super) fn of(&self, order_id: &str, pieces: u32) -> Option<Vec<OrderGoods>> {
        let lines = self.0.get(order_id)?;
        (total(&lines) == Some(pieces)).then(|| lines.to_vec())
    }

    /// Keeps the lines of this order, unless they are not all there: the old back end may be about to write more.
    pub(super) fn keep(&self, order: &Order) {
        if total(&order.goods) == Some(order.total_count) {
            self.0.insert(order.id.to_string(), order.goods.as_slice().into());
        }
    }
}

fn total(lines: &[OrderGoods]) -> Option<u32> {
    lines.iter().try_fold(0_u32, |total, line| total.checked_add(line.quantity.pieces()))
}

fn bytes(line: &OrderGoods) -> usize {
    let attributes =
        line.attributes.iter().map(|attribute| attribute.name.len() + attribute.value.len() + 48);
    size_of::<OrderGoods>() + 64 + line.name.len() + line.default_image_url.len() + attributes.sum::<usize>()
}
