//! Valid and invalid notifications from Alipay, with the real program: only a valid one changes anything.

use alipay_protocol::Params;
use serde_json::json;
use tests::{Alipay, Browser, Dashop, Database, Reply, Setup};

tests::on_both_stores!(
    the_right_one_pays_once_however_often_it_comes,
    one_that_was_tampered_with_changes_nothing_whichever_field_it_is,
    one_that_is_signed_but_not_the_right_one_changes_nothing,
    one_that_can_never_be_stored_is_dealt_with_and_kept,
);

/// A shop with one unpaid order of 323.91.
struct Shop {
    alipay: Alipay,
    dashop: Dashop,
    database: Database,
    order_id: String,
}

impl Shop {
    async fn open(setup: Setup) -> Self {
        let alipay = Alipay::new();
        let dashop = setup.paying_at(&alipay).start().await;
        let mut database = dashop.database().await;
        database.add_buyers(904, 1).await;
        database.add_sku(901, "313.91", 10).await;
        let body = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
        let created = dashop.buyer("b904").create(body).await;
        assert_eq!(created["data"]["total_amount"], "323.91", "{created}");
        let order_id = created["data"]["order_id"].as_str().unwrap().to_owned();
        Self { alipay, dashop, database, order_id }
    }

    fn payment(&self) -> Params {
        self.alipay.payment(&self.order_id, "323.91", "2026112322001453030500000001")
    }

    async fn notify(&self, form: &str) -> Reply {
        let reply = Browser::new().post_form(&self.dashop.url("/v1/orders/success/"), form).await;
        assert_eq!(reply.status, 200);
        assert!(reply.content_type.starts_with("text/plain"), "{}", reply.content_type);
        reply
    }

    /// Sends the notification and returns the answer; the order must not change.
    async fn in_vain(&mut self, form: &str) -> String {
        let before = self.database.state_of(&self.order_id).await;
        let stock = self.database.pieces(901).await;
        let answer = self.notify(form).await.text;
        assert_eq!(self.database.state_of(&self.order_id).await, before, "{form}");
        assert_eq!(self.database.pieces(901).await, stock);
        answer
    }
}

async fn the_right_one_pays_once_however_often_it_comes(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let form = shop.alipay.sign(shop.payment());
    assert_eq!(shop.notify(&form).await.text.as_bytes(), b"success", "exactly these seven bytes");
    assert!(shop.database.state_of(&shop.order_id).await.starts_with("2 323.91"));
    assert_eq!(shop.in_vain(&form).await, "success");

    let output = shop.dashop.setup().run(&["ship", &shop.order_id]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(shop.in_vain(&form).await, "success", "a shipped order does not go back");
    assert_eq!(shop.dashop.buyer("b904").confirm(&shop.order_id).await["code"], 200);
    assert_eq!(shop.in_vain(&form).await, "success", "nor does a finished one");
}

async fn one_that_was_tampered_with_changes_nothing_whichever_field_it_is(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let signed = Params::parse(shop.alipay.sign(shop.payment()).as_bytes()).unwrap();
    let names: Vec<String> =
        signed.iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect();
    assert!(names.len() > 18);
    for name in &names {
        let value = String::from_utf8(signed.get(name).unwrap().to_vec()).unwrap();
        // With an additional digit or letter, any field has another value, whether an amount, a number or a time.
        for tampered in [format!("{value}1"), String::new()] {
            let form = signed.clone().with(name, tampered).to_form();
            assert_eq!(shop.in_vain(&form).await, "非法访问", "{name}");
        }
        let without: String = signed
            .iter()
            .filter(|(other, _)| *other != name.as_bytes())
            .fold(Params::new(), |params, (name, value)| params.with(str::from_utf8(name).unwrap(), value))
            .to_form();
        if name != "sign_type" {
            assert_eq!(shop.in_vain(&without).await, "非法访问", "without {name}");
        }
    }
    let with_more = signed.clone().with("refund_fee", "1.00").to_form();
    assert_eq!(shop.in_vain(&with_more).await, "非法访问");
    for rubbish in ["", "a", "=&=", "sign=&sign_type=RSA2", "out_trade_no=%FF%FE", "{\"json\": true}"] {
        assert_eq!(shop.in_vain(rubbish).await, "非法访问", "{rubbish}");
    }
}

async fn one_that_is_signed_but_not_the_right_one_changes_nothing(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    for (field, value) in [("app_id", "2021000000000002"), ("seller_id", "2088102146225136")] {
        let form = shop.alipay.sign(shop.payment().with(field, value));
        assert_eq!(shop.in_vain(&form).await, "非法访问", "{field}");
    }
    let forged = Alipay { platform: Alipay::new().platform, ..Alipay::new() };
    assert_eq!(shop.in_vain(&forged.sign(shop.payment())).await, "非法访问", "signed by somebody else");

    for amount in ["219.00", "323.00", "323.90", "323.92"] {
        let trade_no = format!("wrong{amount}");
        let form = shop.alipay.sign(shop.alipay.payment(&shop.order_id, amount, &trade_no));
        assert_eq!(shop.in_vain(&form).await, "success", "it is on record, and need not come again");
        let recorded = shop
            .database
            .words(&format!("SELECT status AS n FROM dashop_payment WHERE trade_no = '{trade_no}'"))
            .await;
        assert_eq!(recorded, ["wrong_amount"]);
    }
    let unknown = shop.alipay.payment("2019112820400804", "323.91", "unknown");
    assert_eq!(shop.in_vain(&shop.alipay.sign(unknown)).await, "success");
    for status in ["WAIT_BUYER_PAY", "TRADE_CLOSED"] {
        let form = shop.alipay.sign(shop.payment().with("trade_status", status));
        assert_eq!(shop.in_vain(&form).await, "success", "{status} tells of no payment");
    }
    let form = shop.alipay.sign(shop.payment().with("refund_fee", "10.00"));
    assert_eq!(shop.in_vain(&form).await, "fail", "money that is not on record, and cannot be asked about");
    let form = shop.alipay.sign(shop.payment());
    assert_eq!(shop.notify(&form).await.text, "success", "and after all that the right one still pays");
    assert!(shop.database.state_of(&shop.order_id).await.starts_with("2 "));
}

/// Otherwise Alipay would send it for a day, and it would fail each time.
async fn one_that_can_never_be_stored_is_dealt_with_and_kept(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let payment = shop.alipay.payment(&shop.order_id, "323.91", &"9".repeat(65));
    let form = shop.alipay.sign(payment);
    assert_eq!(shop.in_vain(&form).await, "success");
    let kept =
        "SELECT reason AS n FROM dashop_refused_message UNION ALL SELECT message FROM dashop_refused_message";
    let reason = "trade_no has 65 characters, of which 1 to 64 are kept";
    assert_eq!(shop.database.words(kept).await, [reason, form.as_str()]);
    assert!(shop.dashop.log().contains("a channel's message can never be stored"));
    // Alipay's largest amount is one fen above the shop's.
    let largest = shop.alipay.payment(&shop.order_id, "100000000.00", "largest");
    assert_eq!(shop.in_vain(&shop.alipay.sign(largest)).await, "success");
    let elsewhere = shop.alipay.payment(&shop.order_id, "100000000.00", "elsewhere").with("app_id", "20210");
    assert_eq!(shop.in_vain(&shop.alipay.sign(elsewhere)).await, "非法访问");
    let kept = "SELECT CONCAT(trade_no, ' ', reason) AS n FROM dashop_refused_message ORDER BY id";
    let kept = shop.database.words(kept).await;
    assert_eq!(kept[1..], ["largest total_amount is above 99999999.99"]);
}
