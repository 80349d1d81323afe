//! A small shop: one buyer, one address, two SKUs, and the recorded order of 323.91.

use std::time::Duration;

use application::ShopRules;
use domain::{
    Addressee, Merchant, Money, Order, OrderGoods, OrderId, OrderStatus, Pricing, Quantity, QuantityLimit,
    SaleAttribute, ShopTime, Sku, SkuId, Trade, TradeStatus, UnpaidLimits, UserId, Username,
};
use ports::{GatewayError, StoreError};
use serde_json::{Value, json};

pub(crate) use ports::mock::samples::{address, cart, shelf, shipping};

pub(crate) const USER: UserId = UserId(4);
pub(crate) const USERNAME: &str = "dada";
/// The number that the next order of [`USER`] gets at [`noon`].
pub(crate) const NEW_ORDER: &str = "2019112812000004";
pub(crate) const ORDER: &str = "2019112820400804";
pub(crate) const BASE_URL: &str = "http://pictures.example/media/";
pub(crate) const PAY_URL: &str = "https://alipay.example/gateway.do?sign=x";
/// A driver's message that no client may see.
pub(crate) const SECRET_CAUSE: &str = "Access denied for user 'shop'@'10.0.0.7'";

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn noon() -> ShopTime {
    ShopTime::parse("2019-11-28 12:00:00").unwrap()
}

pub(crate) fn username() -> Username {
    Username(USERNAME.to_owned())
}

pub(crate) fn rules() -> ShopRules {
    ShopRules {
        pricing: Pricing { freight: money("10"), free_from: None },
        quantity_limit: QuantityLimit::new(200).unwrap(),
        unpaid_limits: UnpaidLimits { orders: Some(20), pieces: Some(200), share_percent: 100 },
        double_click: std::time::Duration::ZERO,
        receipt_after: std::time::Duration::from_secs(10 * 24 * 3600),
        payment_deadline: Duration::from_secs(1800),
    }
}

pub(crate) fn merchant() -> Merchant {
    Merchant { app_id: "2021000000000001".to_owned(), seller_id: Some("2088102146225135".to_owned()) }
}

/// The addressee of messages for this shop.
pub(crate) fn this_shop() -> Addressee {
    let Merchant { app_id, seller_id } = merchant();
    Addressee { app_id, seller_id }
}

pub(crate) fn order_id(text: &str) -> OrderId {
    OrderId::parse(text).unwrap()
}

pub(crate) fn sku(id: i32, price: &str, stock: u32) -> Sku {
    let attribute =
        |name: &str, value: &str| SaleAttribute { name: name.to_owned(), value: value.to_owned() };
    Sku {
        id: SkuId(id),
        name: "红袖添香".to_owned(),
        default_image_url: format!("{id}.jpg"),
        price: money(price),
        stock,
        is_launched: true,
        attributes: vec![attribute("颜色", "红色"), attribute("尺寸", "18寸")],
    }
}

/// The recorded order.
pub(crate) fn order(status: OrderStatus) -> Order {
    let line = |sku: Sku, pieces| OrderGoods {
        sku_id: sku.id,
        name: sku.name,
        default_image_url: sku.default_image_url,
        price: sku.price,
        quantity: Quantity::stored(pieces).unwrap(),
        attributes: sku.attributes,
    };
    let created_at = ShopTime::parse("2019-11-28 20:40:08").unwrap();
    Order {
        id: order_id(ORDER),
        user_id: USER,
        status,
        total_count: 3,
        total_amount: money("323.91"),
        freight: money("10"),
        discount: Money::ZERO,
        amendments: 0,
        shipping: shipping(),
        created_at,
        expire_at: Some(created_at.after(Duration::from_secs(1800))),
        shipment: None,
        refunded_amount: Money::ZERO,
        goods: vec![line(sku(4, "104.95", 9), 2), line(sku(5, "104.01", 9), 1)],
    }
}

pub(crate) fn trade(amount: &str) -> Trade {
    Trade {
        channel: domain::Channel::Alipay,
        trade_no: "2019112822001453030500000001".to_owned(),
        out_trade_no: ORDER.to_owned(),
        status: TradeStatus::Success,
        total_amount: money(amount),
        refunded: Money::ZERO,
        refund_request_no: None,
        buyer: None,
        paid_at: None,
    }
}

pub(crate) fn store_down() -> StoreError {
    StoreError::Unavailable(SECRET_CAUSE.into())
}

pub(crate) fn rows_locked() -> StoreError {
    StoreError::Busy("Deadlock found when trying to get lock".into())
}

pub(crate) fn alipay_down() -> GatewayError {
    GatewayError::Unreachable(SECRET_CAUSE.into())
}

/// The complete answer of an error, as in the contract.
pub(crate) fn error(code: i32, text: &str) -> Value {
    json!({"code": code, "errmsg": text, "error": {"error_msg": text}})
}

/// The two lines of the recorded order; previews and lists show them alike.
pub(crate) fn lines() -> Value {
    json!([
        {
            "id": 4, "default_image_url": "4.jpg", "name": "红袖添香", "price": "104.95", "count": 2,
            "total_amount": "209.90", "sku_sale_attr_names": ["颜色", "尺寸"], "sku_sale_attr_vals": ["红色", "18寸"]
        },
        {
            "id": 5, "default_image_url": "5.jpg", "name": "红袖添香", "price": "104.01", "count": 1,
            "total_amount": "104.01", "sku_sale_attr_names": ["颜色", "尺寸"], "sku_sale_attr_vals": ["红色", "18寸"]
        }
    ])
}

/// The recorded order in a list, with this status and the shop's word for it.
pub(crate) fn order_data(status: i16, status_text: &str) -> Value {
    json!({
        "order_id": ORDER, "order_total_count": 3, "order_total_amount": "323.91", "order_freight": "10.00",
        "address": {"title": "家", "address": "北京市东城区珍贝大厦", "mobile": "13691433520", "receiver": "习瓜瓜"},
        "status": status, "status_text": status_text, "order_sku": lines(),
        "order_time": "2019-11-28 20:40:08", "expire_at": "2019-11-28 21:10:08",
        "carrier": null, "tracking_number": null, "shipped_at": null, "refunded_amount": "0.00",
        "unkept_payment": null
    })
}
