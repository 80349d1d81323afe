//! [`crate::CartStore`].

use std::sync::Arc;

use domain::{Cart, CartLine, CartLineChange, SkuId, UserId};

use super::{
    Carts,
    samples::{how_many, order_id, stamp},
};
use crate::CartRemoval;

const USER: UserId = UserId(4);
const OTHER: UserId = UserId(5);
const TWO: &str = r#"{"count": 2, "selected": 1}"#;
const THREE: &str = r#"{"count": 3, "selected": 1}"#;

fn removal(user_id: UserId, lines: &[(i32, &str)]) -> CartRemoval {
    CartRemoval {
        order_id: order_id("2019112820400804"),
        user_id,
        lines: lines.iter().map(|(sku_id, value)| (SkuId(*sku_id), stamp(value))).collect(),
    }
}

/// SKU, pieces and tick of each line.
fn summary(cart: &Cart) -> Vec<(i32, i64, bool)> {
    cart.lines.iter().map(|line| (line.sku_id.0, line.count, line.selected)).collect()
}

/// Lines come in the numeric order of SKU ids, only the user's own; a missing cart is an empty one.
pub async fn loads_lines_in_order(carts: Arc<dyn Carts>) {
    assert_eq!(carts.store().load(USER).await.unwrap(), Cart::default());
    for sku in [11, 9, 1_000] {
        carts.put(USER, SkuId(sku), TWO).await;
    }
    carts.put(OTHER, SkuId(10), TWO).await;
    let cart = carts.store().load(USER).await.unwrap();
    assert_eq!(summary(&cart), [(9, 2, true), (11, 2, true), (1_000, 2, true)]);
    let line = CartLine { sku_id: SkuId(9), count: 2, selected: true, stamp: stamp(TWO) };
    assert_eq!(cart.lines[0], line, "the stamp is the stored value, byte for byte");
}

/// Each user gets the own cart; a user without a cart gets an empty one.
pub async fn loads_many_carts_together(carts: Arc<dyn Carts>) {
    let nobody = UserId(3_000);
    for (user, sku) in [(USER, 9), (USER, 11), (OTHER, 10)] {
        carts.put(user, SkuId(sku), TWO).await;
    }
    let found = carts.store().load_many(&[USER, OTHER, nobody]).await.unwrap();
    assert_eq!(summary(&found[&USER]), [(9, 2, true), (11, 2, true)]);
    assert_eq!(summary(&found[&OTHER]), [(10, 2, true)]);
    assert_eq!(found[&nobody], Cart::default());
    assert_eq!(found.len(), 3);
}

/// Keys may have any order, and numbers may be strings. The store does not check whether a count is allowed.
pub async fn reads_every_form_of_the_old_shop(carts: Arc<dyn Carts>) {
    let forms = [
        (r#"{"selected": 0, "count": 3}"#, (3, false)),
        (r#"{"count": "4", "selected": "1"}"#, (4, true)),
        (r#"{"count":-5,"selected":"0"}"#, (-5, false)),
    ];
    for (sku, (value, _)) in (1..).zip(forms) {
        carts.put(USER, SkuId(sku), value).await;
    }
    let cart = carts.store().load(USER).await.unwrap();
    let read: Vec<_> = cart.lines.iter().map(|line| (line.count, line.selected)).collect();
    assert_eq!(read, forms.map(|(_, read)| read));
}

/// A malformed line is left out; the other lines are returned.
pub async fn hides_what_cannot_be_read_alone(carts: Arc<dyn Carts>) {
    for (sku, value) in (1..).zip(["", "2", "{\"count\": 2", "{\"count\": 2}", TWO, "null", "[]"]) {
        carts.put(USER, SkuId(sku), value).await;
    }
    assert_eq!(summary(&carts.store().load(USER).await.unwrap()), [(5, 2, true)]);
}

/// A line that changed meanwhile stays, a missing line is no error, and other users' lines stay.
pub async fn removes_what_is_unchanged(carts: Arc<dyn Carts>) {
    for sku in [1, 2, 3] {
        carts.put(USER, SkuId(sku), TWO).await;
        carts.put(OTHER, SkuId(sku), TWO).await;
    }
    carts.put(USER, SkuId(2), THREE).await;
    let ordered = removal(USER, &[(1, TWO), (2, TWO), (99, TWO)]);
    let others = removal(OTHER, &[(3, TWO), (2, "{\"count\": 2, \"selected\": 1} ")]);
    carts.store().remove_ordered(&[ordered.clone(), others]).await.unwrap();
    assert_eq!(summary(&carts.store().load(USER).await.unwrap()), [(2, 3, true), (3, 2, true)]);
    assert_eq!(summary(&carts.store().load(OTHER).await.unwrap()), [(1, 2, true), (2, 2, true)]);
    carts.store().remove_ordered(&[ordered]).await.unwrap();
    carts.store().remove_ordered(&[]).await.unwrap();
    assert_eq!(carts.value(USER, SkuId(2)).await.as_deref(), Some(THREE));
}

/// A large cart loses its lines too.
pub async fn removes_many_lines(carts: Arc<dyn Carts>) {
    let lines: Vec<(i32, &str)> = (1..=300).map(|sku| (sku, TWO)).collect();
    for (sku, value) in &lines {
        carts.put(USER, SkuId(*sku), value).await;
    }
    carts.put(USER, SkuId(250), THREE).await;
    carts.store().remove_ordered(&[removal(USER, &lines)]).await.unwrap();
    assert_eq!(summary(&carts.store().load(USER).await.unwrap()), [(250, 3, true)]);
}

/// A concurrent change is never lost.
pub async fn removes_in_one_step(carts: Arc<dyn Carts>) {
    for round in 0..40 {
        let sku = SkuId(round);
        carts.put(USER, sku, TWO).await;
        let remover = Arc::clone(&carts);
        let removing = tokio::spawn(async move {
            remover.store().remove_ordered(&[removal(USER, &[(round, TWO)])]).await.unwrap();
        });
        // Sometimes the change comes first, sometimes in the middle, sometimes last.
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        carts.put(USER, sku, THREE).await;
        removing.await.unwrap();
        assert_eq!(carts.value(USER, sku).await.as_deref(), Some(THREE), "round {round}");
    }
}

fn change(sku: i32, was: Option<&str>, count: i64, selected: bool) -> CartLineChange {
    CartLineChange { sku_id: SkuId(sku), was: was.map(stamp), count, selected }
}

/// The format is the same byte for byte, so that the old programs can read it and a stamp matches after an order.
pub async fn writes_as_the_old_shop_does(carts: Arc<dyn Carts>) {
    let changes = [change(1, None, 2, true), change(1_000, None, 15, false)];
    assert!(carts.store().write(USER, &changes).await.unwrap());
    assert_eq!(carts.value(USER, SkuId(1)).await.as_deref(), Some(TWO));
    assert_eq!(carts.value(USER, SkuId(1_000)).await.as_deref(), Some(r#"{"count": 15, "selected": 0}"#));
    assert!(carts.store().write(USER, &[change(1, Some(TWO), 3, true)]).await.unwrap());
    assert_eq!(carts.value(USER, SkuId(1)).await.as_deref(), Some(THREE));
    assert_eq!(carts.store().load(OTHER).await.unwrap(), Cart::default());
    assert!(carts.store().write(USER, &[]).await.unwrap(), "nothing to write");
}

/// Only lines that are still as they were read are written, all of them or none.
pub async fn writes_all_lines_or_none(carts: Arc<dyn Carts>) {
    carts.put(USER, SkuId(1), TWO).await;
    carts.put(USER, SkuId(2), TWO).await;
    for stale in [change(2, Some(THREE), 9, true), change(2, None, 9, true), change(3, Some(TWO), 9, true)] {
        let changes = [change(1, Some(TWO), 9, true), stale];
        assert!(!carts.store().write(USER, &changes).await.unwrap(), "{changes:?}");
        let stored = summary(&carts.store().load(USER).await.unwrap());
        assert_eq!(stored, [(1, 2, true), (2, 2, true)], "{changes:?}");
    }
    let many: Vec<_> = (10..=200).map(|sku| change(sku, None, 1, true)).collect();
    assert!(carts.store().write(USER, &many).await.unwrap());
    assert_eq!(carts.store().load(USER).await.unwrap().lines.len(), 193);
}

/// An unreadable line counts as missing. Otherwise its SKU could never be put into the cart again.
pub async fn writes_over_what_cannot_be_read(carts: Arc<dyn Carts>) {
    for (sku, value) in (1..).zip(["", "-", "=", "null", "{\"count\": 2}"]) {
        carts.put(USER, SkuId(sku), value).await;
        assert!(!carts.store().write(USER, &[change(sku, Some(value), 3, true)]).await.unwrap(), "{value}");
        assert!(carts.store().write(USER, &[change(sku, None, 3, true)]).await.unwrap(), "{value}");
        assert_eq!(carts.value(USER, SkuId(sku)).await.as_deref(), Some(THREE));
    }
}

/// Many tasks change one line at once: each change that is reported as written is written.
pub async fn loses_no_write(carts: Arc<dyn Carts>) {
    let written = how_many(40, |_| {
        let carts = Arc::clone(&carts);
        async move {
            let cart = carts.store().load(USER).await.unwrap();
            let line = cart.find(SkuId(1));
            let more = CartLineChange {
                sku_id: SkuId(1),
                was: line.map(|line| line.stamp.clone()),
                count: line.map_or(1, |line| line.count + 1),
                selected: true,
            };
            carts.store().write(USER, &[more]).await.unwrap()
        }
    })
    .await;
    assert!(written >= 1);
    let stored = summary(&carts.store().load(USER).await.unwrap());
    assert_eq!(stored, [(1, i64::try_from(written).unwrap(), true)]);
}

/// Lines with any content are removed, and only the user's own.
pub async fn discards_lines(carts: Arc<dyn Carts>) {
    for user_id in [USER, OTHER] {
        carts.put(user_id, SkuId(1), TWO).await;
        carts.put(user_id, SkuId(2), "rubbish").await;
        carts.put(user_id, SkuId(3), THREE).await;
    }
    carts.store().discard(USER, &[]).await.unwrap();
    assert_eq!(carts.value(USER, SkuId(1)).await.as_deref(), Some(TWO), "nothing to discard");
    carts.store().discard(USER, &[1, 2, 99].map(SkuId)).await.unwrap();
    for sku in [1, 2] {
        assert_eq!(carts.value(USER, SkuId(sku)).await, None);
    }
    assert_eq!(summary(&carts.store().load(USER).await.unwrap()), [(3, 3, true)]);
    assert_eq!(carts.value(OTHER, SkuId(1)).await.as_deref(), Some(TWO));
    assert_eq!(carts.value(OTHER, SkuId(2)).await.as_deref(), Some("rubbish"));
}
