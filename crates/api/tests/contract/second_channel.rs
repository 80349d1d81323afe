//! A second payment channel needs the files that the recipe in ARCHITECTURE.md names. `Channel::Test` is compiled only
//! with the feature `test-channel`; its adapter is in this file.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The files that the recipe may name at most.
const MOST_FILES: usize = 12;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The files below a folder that name the second channel.
fn naming(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if path.is_dir() {
            if !["target", "tests", "node_modules", "dist"].contains(&name.as_str()) {
                naming(&path, found);
            }
        } else if fs::read_to_string(&path).is_ok_and(|text| text.contains("test-channel")) {
            found.insert(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
}

#[test]
fn a_channel_takes_the_files_that_the_recipe_names() {
    let architecture = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let recipe = architecture.split("**A payment channel**").nth(1).unwrap().split("\n\n").next().unwrap();
    let named: BTreeSet<&str> = recipe
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains('/') && !word.starts_with('/'))
        .collect();
    assert!((1..=MOST_FILES).contains(&named.len()), "{} files: {named:?}", named.len());
    let mut taken = BTreeSet::new();
    naming(&root().join("crates"), &mut taken);
    // A real channel needs no features to switch its variant on.
    taken.retain(|file| !file.ends_with("Cargo.toml"));
    assert!(taken.len() >= 2, "{taken:?}");
    for file in &taken {
        assert!(named.contains(file.as_str()), "{file} knows the channel, and the recipe does not name it");
    }
}

#[cfg(feature = "test-channel")]
mod paid {
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
    };

    use actix_web::test::TestRequest;
    use async_trait::async_trait;
    use domain::{Addressee, Bill, Channel, Merchant, Money, ShopDate, Trade, TradeStatus};
    use ports::{
        CloseOutcome, GatewayError, NotVerified, PaymentChannels, PaymentGateway, PaymentRequest,
        RefundOutcome, RefundRequest, VerifiedNotification, VerifiedReturn, mock::MockPaymentGateway,
    };
    use serde_json::{Value, json};

    use crate::{
        embedded::Embedded,
        samples::{merchant, noon, this_shop},
        support::{SUCCESS, post_json},
    };

    const NOTIFY: &str = "/v1/orders/notify/test/";
    const PRICE: &str = "21.90";
    /// Begins every signature of the channel.
    const SECRET: &str = "signed by the test channel ";

    /// A whole payment channel in memory.
    #[derive(Default)]
    struct TestChannel {
        state: Mutex<State>,
    }

    #[derive(Default)]
    struct State {
        trades: BTreeMap<String, Trade>,
        refunds: BTreeMap<(String, String), Money>,
        closed: Vec<String>,
    }

    impl TestChannel {
        fn state(&self) -> MutexGuard<'_, State> {
            self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// A buyer opens the cashier page, and pays or does not.
        fn open(&self, trade_no: &str, out_trade_no: &str, status: TradeStatus) {
            let trade = Trade {
                channel: Channel::Test,
                trade_no: trade_no.to_owned(),
                out_trade_no: out_trade_no.to_owned(),
                status,
                total_amount: PRICE.parse().unwrap(),
                refunded: Money::ZERO,
                refund_request_no: None,
                buyer: Some("a buyer of the channel".to_owned()),
                paid_at: (status == TradeStatus::Success).then(noon),
            };
            self.state().trades.insert(out_trade_no.to_owned(), trade);
        }

        fn notification(&self, out_trade_no: &str) -> String {
            format!("{SECRET}{out_trade_no}")
        }
    }

    #[async_trait]
    impl PaymentGateway for TestChannel {
        async fn pay_url(&self, request: &PaymentRequest) -> Result<String, GatewayError> {
            Ok(format!("https://channel.example/{}", request.out_trade_no))
        }

        fn verify_notification(&self, body: &[u8]) -> Result<VerifiedNotification, NotVerified> {
            let number = str::from_utf8(body).ok().and_then(|text| text.strip_prefix(SECRET));
            let trade = number.and_then(|number| self.state().trades.get(number).cloned());
            let trade = trade.ok_or(NotVerified::Signature)?;
            let addressee = Addressee { app_id: "test".to_owned(), seller_id: None };
            Ok(VerifiedNotification { addressee, trade: Ok(trade) })
        }

        fn verify_return(&self, _query: &str) -> Result<VerifiedReturn, NotVerified> {
            Err(NotVerified::Signature)
        }

        async fn query(&self, out_trade_no: &str) -> Result<Option<Trade>, GatewayError> {
            Ok(self.state().trades.get(out_trade_no).cloned())
        }

        async fn query_trade(&self, trade_no: &str) -> Result<Option<Trade>, GatewayError> {
            Ok(self.state().trades.values().find(|trade| trade.trade_no == trade_no).cloned())
        }

        async fn close(&self, out_trade_no: &str) -> Result<CloseOutcome, GatewayError> {
            let mut state = self.state();
            let Some(trade) = state.trades.get_mut(out_trade_no) else { return Ok(CloseOutcome::NoTrade) };
            trade.status = TradeStatus::Closed;
            state.closed.push(out_trade_no.to_owned());
            Ok(CloseOutcome::Closed)
        }

        async fn refund(&self, request: &RefundRequest) -> Result<RefundOutcome, GatewayError> {
            let refund = (request.trade_no.clone(), request.out_request_no.clone());
            self.state().refunds.insert(refund, request.amount);
            Ok(RefundOutcome::Refunded { gone_back: Some(request.amount) })
        }

        async fn refund_query(&self, trade_no: &str, number: &str) -> Result<Option<Money>, GatewayError> {
            Ok(self.state().refunds.get(&(trade_no.to_owned(), number.to_owned())).copied())
        }

        async fn bill(&self, _date: ShopDate) -> Result<Option<Bill>, GatewayError> {
            Ok(None)
        }
    }

    /// An Alipay in which the trade T1 paid whatever order the notification names.
    fn alipay() -> MockPaymentGateway {
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_pay_url().returning(|request| Ok(format!("https://alipay/{}", request.out_trade_no)));
        gateway.expect_query().returning(|_| Ok(None));
        gateway.expect_verify_notification().returning(|body| {
            let number = str::from_utf8(body).unwrap();
            if number.starts_with(SECRET) {
                return Err(NotVerified::Signature);
            }
            let trade = Trade {
                trade_no: "T1".to_owned(),
                out_trade_no: number.to_owned(),
                paid_at: Some(noon()),
                ..crate::samples::trade(PRICE)
            };
            Ok(VerifiedNotification { addressee: this_shop(), trade: Ok(trade) })
        });
        gateway
    }

    struct TwoChannels {
        shop: Embedded,
        channel: Arc<TestChannel>,
    }

    impl TwoChannels {
        async fn open() -> Self {
            let channel = Arc::new(TestChannel::default());
            let test_merchant = Merchant { app_id: "test".to_owned(), seller_id: None };
            let channels = PaymentChannels::default()
                .with(Channel::Alipay, Arc::new(alipay()), merchant())
                .with(Channel::Test, Arc::clone(&channel) as _, test_merchant);
            let shop = Embedded::open_on(channels).await;
            shop.execute("UPDATE DDSC_SKU SET is_launched = 1, stock = 10, price = '11.90' WHERE id = 1");
            Self { shop, channel }
        }

        /// Places an order with this channel. Returns its number and its URL to pay.
        async fn order(&self, channel: Option<&str>) -> (String, String) {
            let mut body =
                json!({"status": 0, "address_id": 1, "settlement_type": 1, "sku_id": 1, "buy_num": 1});
            if let Some(channel) = channel {
                body["channel"] = json!(channel);
            }
            let placed = self.shop.ask(post_json(body)).await;
            let text = |field: &str| placed["data"][field].as_str().unwrap().to_owned();
            (text("order_id"), text("pay_url"))
        }

        async fn notify(&self, uri: &str, body: String) -> String {
            let answer = self.shop.client.send(TestRequest::post().uri(uri).set_payload(body)).await;
            answer.text().to_owned()
        }

        async fn staff(&self, request: TestRequest) -> Value {
            crate::admin::done(&self.shop.client.send(request).await)
        }

        async fn shown(&self, order: &str) -> Value {
            self.staff(crate::admin::get(&format!("/v1/admin/orders/{order}"))).await
        }
    }

    #[actix_web::test]
    async fn an_order_is_paid_and_refunded_through_a_second_channel() {
        let both = TwoChannels::open().await;
        // At Alipay, a trade with the same number pays another order.
        let (first, url) = both.order(None).await;
        assert_eq!(url, format!("https://alipay/{first}"));
        assert_eq!(both.notify(SUCCESS, first.clone()).await, "success");

        let (order, url) = both.order(Some("test")).await;
        assert_eq!(url, format!("https://channel.example/{order}_2"));
        let attempt = format!("{order}_2");
        both.channel.open("T1", &attempt, TradeStatus::Success);
        let body = both.channel.notification(&attempt);
        for (uri, body, expected) in [
            (SUCCESS, body.clone(), "非法访问"),
            ("/v1/orders/notify/nobody/", body.clone(), "非法访问"),
            (NOTIFY, format!("forged {attempt}"), "非法访问"),
            (NOTIFY, body.clone(), "OK"),
            (NOTIFY, body, "OK"),
        ] {
            assert_eq!(both.notify(uri, body).await, expected, "{uri}");
        }
        let shown = both.shown(&order).await;
        assert_eq!(
            (&shown["status"], &shown["payments"][0]["trade_no"]),
            (&json!(2), &json!("T1")),
            "{shown}"
        );
        assert_eq!(shown["payments"].as_array().unwrap().len(), 1);
        assert_eq!(shown["timeline"][1]["actor"], "test", "{shown}");

        let part = json!({"request_id": "a", "amount": "11.90", "reason": "破损"});
        let refund = crate::admin::post(&format!("/v1/admin/orders/{order}/refunds"), &part);
        let refunded = both.staff(refund).await;
        assert_eq!(refunded["refund"]["status"], "succeeded");
        let rest = json!({"request_id": "b", "reason": "退货"});
        let refund = crate::admin::post(&format!("/v1/admin/orders/{order}/refunds"), &rest);
        assert_eq!(both.staff(refund).await["order"]["status"], 6);
        assert_eq!(both.channel.state().refunds.len(), 2);
        assert_eq!(both.shown(&first).await["status"], 2, "the trade at Alipay is another one");
    }

    #[actix_web::test]
    async fn a_cancelled_order_is_closed_where_it_is_open() {
        let both = TwoChannels::open().await;
        let (order, _) = both.order(Some("test")).await;
        let attempt = format!("{order}_2");
        both.channel.open("T2", &attempt, TradeStatus::WaitBuyerPay);
        both.shop.ask(post_json(json!({"status": 3, "order_id": order}))).await;
        assert_eq!(both.channel.state().closed, [attempt]);
        assert_eq!(both.shown(&order).await["status"], 5);
    }

    #[actix_web::test]
    async fn a_buyer_changes_the_channel_and_pays_twice() {
        let both = TwoChannels::open().await;
        let (order, _) = both.order(None).await;
        let pay = json!({"status": 1, "order_id": order, "channel": "test"});
        let paying = both.shop.ask(post_json(pay)).await;
        let attempt = format!("{order}_2");
        assert_eq!(paying["data"]["pay_url"], format!("https://channel.example/{attempt}"));
        // Both channels use the same number for their trade.
        both.channel.open("T1", &attempt, TradeStatus::Success);
        assert_eq!(both.notify(NOTIFY, both.channel.notification(&attempt)).await, "OK");
        assert_eq!(both.notify(SUCCESS, order.clone()).await, "success");
        let shown = both.shown(&order).await;
        let statuses: Vec<_> =
            shown["payments"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
        assert_eq!(statuses, ["settled", "duplicate"], "{shown}");
        assert_eq!(shown["refunds"].as_array().unwrap().len(), 1, "what was paid twice goes back: {shown}");
    }
}
