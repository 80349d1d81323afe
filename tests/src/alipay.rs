use alipay_protocol::{Params, PrivateKey, message};

/// Plays Alipay, for tests that send what the real Alipay sends, or forgeries of it.
pub struct Alipay {
    /// The shop's application.
    pub app_id: String,
    /// The shop's account.
    pub seller_id: String,
    /// The key that signs the shop's requests.
    pub application: PrivateKey,
    /// The key that signs Alipay's messages.
    pub platform: PrivateKey,
}

impl Alipay {
    /// Uses keys made for this run.
    #[expect(clippy::new_without_default, reason = "it makes keys")]
    pub fn new() -> Self {
        Self {
            app_id: "2021000000000001".to_owned(),
            seller_id: "2088102146225135".to_owned(),
            application: PrivateKey::generate().unwrap(),
            platform: PrivateKey::generate().unwrap(),
        }
    }

    /// The unsigned fields of a notification that the order was paid.
    pub fn payment(&self, order_id: &str, amount: &str, trade_no: &str) -> Params {
        let fields = [
            ("notify_time", "2026-11-23 12:00:10"),
            ("notify_type", "trade_status_sync"),
            ("notify_id", "2026112300222120010000000000000001"),
            ("app_id", &self.app_id),
            ("auth_app_id", &self.app_id),
            ("charset", "utf-8"),
            ("version", "1.0"),
            ("trade_no", trade_no),
            ("out_trade_no", order_id),
            ("buyer_id", "2088102175953034"),
            ("seller_id", &self.seller_id),
            ("trade_status", "TRADE_SUCCESS"),
            ("total_amount", amount),
            ("receipt_amount", amount),
            ("buyer_pay_amount", amount),
            ("subject", "红袖添香 18寸"),
            ("gmt_create", "2026-11-23 12:00:00"),
            ("gmt_payment", "2026-11-23 12:00:09"),
        ];
        fields.into_iter().fold(Params::new(), |params, (name, value)| params.with(name, value))
    }

    /// Signs the fields and returns the form body.
    pub fn sign(&self, fields: Params) -> String {
        message::sign(fields, &self.platform).unwrap().to_form()
    }
}
