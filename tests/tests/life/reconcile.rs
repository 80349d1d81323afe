//! `dashop reconcile` compares a day of our records with Alipay's bill.

use std::{net::TcpListener, sync::Arc, time::Duration};

use adapters::system::SystemClock;
use alipay_sandbox::{NotificationBehaviour, Sandbox, SandboxConfig};
use domain::ShopTime;
use ports::Clock;
use serde_json::json;
use tests::{Alipay, Dashop, Database, Setup, until};

use crate::shop::{AMOUNT, NEVER, PRICE, Said, it};

tests::on_both_stores!(
    a_day_is_compared_and_mended,
    what_went_back_before_we_knew_of_it_is_booked_with_its_payment,
    a_day_that_cannot_be_compared_is_told_apart,
);

/// Alipay's clock starts at noon of yesterday: payments made now are on the bill of a day that has ended for the shop,
/// and midnight is far away.
struct Yesterday {
    behind: Duration,
}

impl Yesterday {
    fn at_noon() -> Self {
        let now = SystemClock.now();
        let noon = now.date().days_before(1).begin().after(Duration::from_secs(12 * 3600));
        Self { behind: now.since(noon) }
    }
}

impl Clock for Yesterday {
    fn now(&self) -> ShopTime {
        SystemClock.now().before(self.behind)
    }
}

struct Shop {
    sandbox: Sandbox,
    dashop: Dashop,
    database: Database,
}

impl Shop {
    async fn open(setup: Setup) -> Self {
        let alipay = Alipay::new();
        let mut config = SandboxConfig::new(alipay.application.public_key().clone(), alipay.platform.clone());
        config.bill_of_today = true;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sandbox = Sandbox::start(config, listener, Arc::new(Yesterday::at_noon())).unwrap();
        let setup = setup.paying_at(&alipay).with("DASHOP_ALIPAY_GATEWAY_URL", &sandbox.gateway_url());
        let dashop = setup.start().await;
        let mut database = dashop.database().await;
        database.add_buyers(904, 1).await;
        database.add_sku(901, PRICE, 10).await;
        Self { sandbox, dashop, database }
    }

    fn lose_notifications(&self) {
        let lost = NotificationBehaviour {
            lose_first: 1,
            resend_after: Vec::new(),
            ..NotificationBehaviour::default()
        };
        self.sandbox.set_notifications(lost);
    }

    /// A paid order that no job checks. Returns its number, its trade's number, and the day.
    async fn paid(&mut self) -> (String, String, String) {
        let body = json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
        let created = self.dashop.buyer("b904").create(body).await;
        let id = created["data"]["order_id"].as_str().unwrap().to_owned();
        self.database.execute(&format!("UPDATE tb_order_info SET due_at = {NEVER} WHERE {}", it(&id))).await;
        self.sandbox.arrive(created["data"]["pay_url"].as_str().unwrap()).unwrap();
        let trade = self.sandbox.pay(&id).unwrap();
        (id, trade.trade_no, trade.paid_at.unwrap().date().to_string())
    }

    async fn status(&mut self, order_id: &str) -> i64 {
        self.database.number(&format!("SELECT status AS n FROM tb_order_info WHERE {}", it(order_id))).await
    }

    fn reconcile(&self, arguments: &[&str]) -> Said {
        Said::by(self.dashop.setup(), &[&["reconcile"], arguments].concat())
    }

    /// The stored differences: kind, both amounts, and the repair.
    async fn differences(&mut self) -> Vec<String> {
        self.database
            .words(
                "SELECT CONCAT(bill_date, ' ', kind, ' ', trade_no, ' ', COALESCE(ours, '-'), ' ', \
                 COALESCE(theirs, '-'), ' ', COALESCE(repair, '-')) AS n FROM dashop_difference ORDER BY id",
            )
            .await
    }
}

async fn a_day_is_compared_and_mended(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let (heard, heard_trade, day) = shop.paid().await;
    until("the first order is paid", async || shop.status(&heard).await == 2).await;
    let agrees = shop.reconcile(&[&day]);
    assert_eq!((agrees.status, agrees.out), (0, format!("{day}: 0 differences\n")), "{}", agrees.err);

    shop.lose_notifications();
    let (unheard, trade, same_day) = shop.paid().await;
    assert_eq!(day, same_day);
    let line = format!("missing_here  order {unheard} trade {trade}: here -, there {AMOUNT}");
    for _ in 0..2 {
        let differs = shop.reconcile(&[&day]);
        assert_eq!((differs.status, differs.out), (1, format!("{line}\n{day}: 1 differences\n")));
        assert_eq!(shop.differences().await, [format!("{day} missing_here {trade} - {AMOUNT} -")]);
        assert_eq!(shop.status(&unheard).await, 1, "nothing is mended unasked");
    }
    let mended = shop.reconcile(&[&day, "--repair"]);
    assert_eq!(mended.out, format!("{line}; 已入账,订单已付款\n{day}: 1 differences\n"), "{}", mended.err);
    assert_eq!(mended.status, 1);
    assert_eq!(shop.status(&unheard).await, 2);
    let done = format!("{day} missing_here {trade} - {AMOUNT} 已入账,订单已付款");
    assert_eq!(shop.differences().await, [done]);

    // A refund made in Alipay's console, also without a notification.
    let number = shop.sandbox.refund_at_console(&heard, "50.00".parse().unwrap()).unwrap();
    let mended = shop.reconcile(&[&day, "--repair"]);
    let line = format!(
        "missing_here  order {heard} trade {heard_trade} refund {number}: here -, there 50.00; 已补记退款50.00"
    );
    assert_eq!((mended.status, mended.out), (1, format!("{line}\n{day}: 1 differences\n")), "{}", mended.err);

    let agrees = shop.reconcile(&[&day]);
    assert_eq!((agrees.status, agrees.out), (0, format!("{day}: 0 differences\n")), "{}", agrees.err);
    assert!(shop.differences().await.is_empty());

    // A difference in an amount is never repaired automatically.
    shop.database
        .execute(&format!("UPDATE dashop_payment SET total_amount = '218.99' WHERE trade_no = '{trade}'"))
        .await;
    for _ in 0..2 {
        let differs = shop.reconcile(&[&day, "--repair"]);
        assert_eq!(differs.status, 1);
        assert!(differs.out.contains("here 218.99, there 219.00; 未处理:需人工核对"), "{}", differs.out);
    }
    shop.sandbox.stop().await;
}

async fn what_went_back_before_we_knew_of_it_is_booked_with_its_payment(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    // Neither notification ever arrives.
    let lost = NotificationBehaviour { hold: true, ..NotificationBehaviour::default() };
    shop.sandbox.set_notifications(lost);
    let (order, trade, day) = shop.paid().await;
    let number = shop.sandbox.refund_at_console(&order, AMOUNT.parse().unwrap()).unwrap();

    let payment = format!("missing_here  order {order} trade {trade}: here -, there {AMOUNT}");
    let refund = format!("missing_here  order {order} trade {trade} refund {number}: here -, there {AMOUNT}");
    let mended = shop.reconcile(&[&day, "--repair"]);
    let lines =
        format!("{payment}; 已全额退款,随其退款入账\n{refund}; 已补记退款{AMOUNT}\n{day}: 2 differences\n");
    assert_eq!((mended.status, mended.out), (1, lines), "{}", mended.err);
    assert_eq!(shop.status(&order).await, 6);
    let timeline = format!(
        "SELECT CONCAT(from_status, '>', to_status, ' ', reason) AS n FROM dashop_order_timeline WHERE {} ORDER BY id",
        it(&order)
    );
    let expected = ["1>2 支付成功,由其退款得知", "2>6 在支付宝退款"];
    assert_eq!(shop.database.words(&timeline).await, expected);

    let agrees = shop.reconcile(&[&day, "--repair"]);
    assert_eq!((agrees.status, agrees.out), (0, format!("{day}: 0 differences\n")), "{}", agrees.err);
    shop.sandbox.stop().await;
}

async fn a_day_that_cannot_be_compared_is_told_apart(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let no_bill = shop.reconcile(&["2026-01-01"]);
    assert_eq!(no_bill.status, 2);
    assert!(
        no_bill.err.contains("the day was not compared: there is no bill of that day"),
        "{}",
        no_bill.err
    );
    let tomorrow = SystemClock.now().date().next().to_string();
    let not_over = shop.reconcile(&[&tomorrow]);
    assert_eq!(not_over.status, 2);
    assert!(not_over.err.contains("there is no bill before the day is over"), "{}", not_over.err);
    let no_day = shop.reconcile(&["yesterday"]);
    assert_eq!(no_day.status, 2);
    assert!(no_day.err.contains("must be a date such as"), "{}", no_day.err);

    let (_, _, day) = shop.paid().await;
    shop.sandbox.stop().await;
    let unreachable = Said::by(shop.dashop.setup(), &["reconcile", &day, "--repair"]);
    assert_eq!((unreachable.status, unreachable.out.as_str()), (2, ""), "{}", unreachable.err);
    assert!(shop.database.words("SELECT kind AS n FROM dashop_difference").await.is_empty());
}
