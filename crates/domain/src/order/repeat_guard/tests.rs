use std::collections::BTreeMap;

use super::*;
use crate::{Quantity, SkuId};

fn purchase(lines: &[(i32, i32)]) -> Purchase {
    let lines: BTreeMap<_, _> =
        lines.iter().map(|(sku, pieces)| (SkuId(*sku), Quantity::stored(*pieces).unwrap())).collect();
    Purchase::new(lines).unwrap()
}

fn guard(user: i32, address: i32, lines: &[(i32, i32)]) -> RepeatGuard {
    RepeatGuard::new(UserId(user), AddressId(address), &purchase(lines), true)
}

#[test]
fn only_the_same_order_has_the_same_guard() {
    let one = guard(4, 7, &[(1, 1), (2, 3)]);
    assert_eq!(one, guard(4, 7, &[(2, 3), (1, 1)]));
    assert_eq!(one.as_str().len(), 32);
    for other in [
        guard(5, 7, &[(1, 1), (2, 3)]),
        guard(4, 8, &[(1, 1), (2, 3)]),
        guard(4, 7, &[(1, 1), (2, 4)]),
        guard(4, 7, &[(1, 1)]),
        guard(4, 7, &[(1, 1), (2, 3), (3, 1)]),
        guard(47, 1, &[(1, 2), (3, 1)]),
        RepeatGuard::new(UserId(4), AddressId(7), &purchase(&[(1, 1), (2, 3)]), false),
    ] {
        assert_ne!(one, other);
    }
}
