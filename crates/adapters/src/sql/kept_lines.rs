use std::{mem::size_of, sync::Arc, time::Duration};

use domain::{Order, OrderGoods};
use moka::sync::Cache;

/// How long lines are kept. The program never changes the lines of an order; a manual change in the database is shown
/// after this time at the latest.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);
/// Size limit of the cache, in bytes.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Overhead of each kept order besides its lines, in bytes: nearly 400 in the cache, and the key.
const OVERHEAD: usize = 512;

/// A cache of the lines of orders that buyers listed recently. A buyer who pages through their orders reads the same
/// orders several times, and the lines are the largest part of a page's cost in the database.
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
    /// The lines of this order, if they are kept and add up to `pieces`, the count in the order's row.
    pub(super) fn of(&self, order_id: &str, pieces: u32) -> Option<Vec<OrderGoods>> {
        let lines = self.0.get(order_id)?;
        (total(&lines) == Some(pieces)).then(|| lines.to_vec())
    }

    /// Keeps the lines of this order if they are complete: the old back end may not have written all of them yet.
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
