//! Sample data for tests of several crates.

use std::collections::BTreeMap;

use domain::{
    Address, AddressId, Cart, CartLine, CartStamp, Order, OrderId, ShippingAddress, Sku, SkuId, Username,
};

use crate::FoundOrder;

/// The address of the orders.
pub fn shipping() -> ShippingAddress {
    ShippingAddress {
        title: "家".to_owned(),
        receiver: "习瓜瓜".to_owned(),
        mobile: "13691433520".to_owned(),
        address: "北京市东城区珍贝大厦".to_owned(),
    }
}

/// The same address, as entry 7 of the address book.
pub fn address() -> Address {
    Address { id: AddressId(7), is_default: true, shipping: shipping() }
}

/// SKUs by their ids.
pub fn shelf(skus: impl IntoIterator<Item = Sku>) -> BTreeMap<SkuId, Sku> {
    skus.into_iter().map(|sku| (sku.id, sku)).collect()
}

/// A cart of (SKU, count, ticked).
pub fn cart(lines: &[(i32, i64, bool)]) -> Cart {
    let line = |(id, count, selected): &(i32, i64, bool)| CartLine {
        sku_id: SkuId(*id),
        count: *count,
        selected: *selected,
        stamp: CartStamp(format!("{{\"count\": {count}, \"selected\": {}}}", i32::from(*selected))),
    };
    Cart { lines: lines.iter().map(line).collect() }
}

/// An order as a search returns it, under another number.
pub fn found(id: OrderId, username: Username, order: Order) -> FoundOrder {
    FoundOrder {
        id,
        user_id: order.user_id,
        username,
        status: order.status,
        total_count: order.total_count,
        total_amount: order.total_amount,
        freight: order.freight,
        refunded_amount: order.refunded_amount,
        created_at: order.created_at,
        expire_at: order.expire_at,
        receiver: order.shipping.receiver,
    }
}
