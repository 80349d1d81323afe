//! A machine whose environment names a proxy for all connections.

use serde_json::json;
use tests::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_on_this_machine_is_reached_past_a_proxy() {
    // Nothing listens there: every request to the proxy fails.
    let mut setup = Setup::embedded();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        setup = setup.with(name, "http://127.0.0.1:9");
    }
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 5).await;
    let buyer = dashop.buyer("b1001");
    let body = json!({"address_id": 1001, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    let created = buyer.create(body).await;
    let order_id = created["data"]["order_id"].as_str().unwrap();
    // A cancellation asks Alipay first.
    let cancelled = buyer.cancel(order_id).await;
    assert_eq!(cancelled["code"], 200, "{cancelled}");
}
