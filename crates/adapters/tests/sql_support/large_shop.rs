//! A shop that is large enough to matter to a planner.

/// Five hundred users, each with three addresses, one of them removed, and six orders of two lines; enough for an index
/// to be faster.
///
/// The number of a user is also the user's name, and the number of their first address and first order; order 7 also
/// has it as its guard. So lookups by the key 7 find rows: a lookup by a key that does not exist has no plan.
pub(super) fn a_large_shop() -> String {
    let then = "'2019-11-01 00:00:00', '2019-11-01 00:00:00'";
    let mut users = Vec::new();
    let mut addresses = Vec::new();
    let mut orders = Vec::new();
    let mut lines = Vec::new();
    let mut removals = Vec::new();
    let mut carts = Vec::new();
    let mut keys = Vec::new();
    let mut life = OrderLives::default();
    for user in 1..=500 {
        carts.extend((6..=9).map(|sku| format!("({user}, {sku}, '7')")));
        removals.push(format!("('{user}', {user}, '[]', '2019-11-02 00:00:00')"));
        keys.push(format!("({user}, '7', '', '{user}', '2019-11-02 00:00:00')"));
        users.push(format!("({user}, {then}, '{user}', '', '', '', 1)"));
        for entry in 0..3 {
            let is_alive = i32::from(entry < 2);
            let id = user + 1_000 * entry;
            addresses.push(format!("({id}, {then}, '', '', 0, {is_alive}, '', '', '', {user})"));
        }
        for number in 0..6 {
            let order = user + 1_000 * number;
            let day = number + 1;
            orders.push(format!(
                "('{order}', '2019-11-{day:02} 00:00:00', '2019-11-{day:02} 00:00:00', 2, '3.00', '0.00', 1, \
                 {day}, {user}, {user})"
            ));
            life.add(user, order);
            lines.extend((1..=2).map(|sku| format!("({then}, 1, '1.50', '{order}', {sku})")));
        }
    }
    format!(
        "INSERT INTO user_profile (id, created_time, updated_time, username, password, email, phone, isActive) VALUES {};\
         INSERT INTO address (id, created_time, updated_time, receiver, address, default_address, is_alive, postcode, \
         receiver_mobile, tag, uid_id) VALUES {};\
         {}\
         INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, freight, \
         pay_method, status, address_id, user_id) VALUES {};\
         INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id) VALUES {};\
         INSERT INTO dashop_cart_removal (order_id, user_id, `lines`, recorded_at) VALUES {};\
         INSERT INTO dashop_cart_line (user_id, sku_id, value) VALUES {};\
         INSERT INTO dashop_idempotency (user_id, idempotency_key, digest, order_id, created_at) VALUES {};\
         UPDATE tb_order_info SET repeat_guard = order_id WHERE order_id = '7'; {}",
        users.join(","),
        addresses.join(","),
        goods(),
        orders.join(","),
        lines.join(","),
        removals.join(","),
        carts.join(","),
        keys.join(","),
        life.into_sql()
    )
}

/// Fifty categories of ten products, each sold as two SKUs that differ in one attribute value.
fn goods() -> String {
    let then = "'2019-11-01 00:00:00', '2019-11-01 00:00:00'";
    let rows = |count: i32, row: &dyn Fn(i32) -> String| (1..=count).map(row).collect::<Vec<_>>().join(",");
    let kinds = rows(50, &|n| format!("({n}, {then}, 'c')"));
    let products = rows(500, &|n| format!("({n}, {then}, 's', 1, {})", n % 50 + 1));
    let skus = rows(1_000, &|n| format!("({n}, {then}, 'k', '1.50', 9, {})", n % 500 + 1));
    let attributes = rows(500, &|n| format!("({n}, {then}, 'a', {n})"));
    let values = rows(1_000, &|n| format!("({n}, {then}, 'v', {}, {n})", n % 500 + 1));
    format!(
        "INSERT INTO DDSC_GOODS_CATALOG (id, create_time, update_time, name) VALUES {kinds};\
         INSERT INTO DDSC_BRAND (id, create_time, update_time, name) VALUES (1, {then}, 'b');\
         INSERT INTO DDSC_SPU (id, create_time, update_time, name, brand_id, catalog_id) VALUES {products};\
         INSERT INTO DDSC_SKU (id, create_time, update_time, name, price, stock, SPU_ID_id) VALUES {skus};\
         INSERT INTO DDSC_SPU_SALE_ATTR (id, create_time, update_time, sale_attr_name, SPU_id_id) VALUES {attributes};\
         INSERT INTO DDSC_SALE_ATTR_VALUE (id, create_time, update_time, sale_attr_value_name, sale_attr_id_id, sku_id) \
         VALUES {values};"
    )
}

/// The history of orders, over 28 days; nearly all of it is completed.
#[derive(Default)]
struct OrderLives {
    payments: Vec<String>,
    attempts: Vec<String>,
    refunds: Vec<String>,
    timeline: Vec<String>,
    amendments: Vec<String>,
    moves: Vec<String>,
    outbox: Vec<String>,
    deliveries: Vec<String>,
    log: Vec<String>,
}

impl OrderLives {
    fn add(&mut self, user: i32, order: i32) {
        let day = format!("'2019-11-{:02} 12:00:00'", user % 28 + 1);
        self.payments.push(format!(
            "('{order}', '{order}', 'TRADE_SUCCESS', '3.00', '0.00', 'settled', 'query', {day}, {day})"
        ));
        self.timeline.push(format!("('{order}', 1, 2, 'alipay', '', {day})"));
        let delivered = if order > 20 { day.as_str() } else { "NULL" };
        let due = if order > 20 { "NULL" } else { day.as_str() };
        let event = format!("'{order}', 'order.created', 1, 'buyer', '', {day}, {due}, {delivered}");
        self.outbox.push(format!("({event}, {delivered})"));
        self.deliveries.push(format!("('erp', {event})"));
        self.log.push(format!("('erp', '{order}', '{order}', 'order.created', {day}, 12, 'delivered')"));
        if user == order {
            self.attempts.push(format!("('{order}_2', '{order}', 'page', '3.00', 'closed', {day})"));
            self.amendments.push(format!("('{order}', 'address', 1, 'buyer', '', {day})"));
            self.moves.push(format!("('{order}', 1, 'cancel', 1, {day})"));
            let status = if order > 20 { "succeeded" } else { "requested" };
            self.refunds.push(format!(
                "('{order}', '{order}', '{order}', '1.00', '', 'shop', '{status}', '[]', 'shop', {day}, {delivered}, {due})"
            ));
        }
    }

    fn into_sql(self) -> String {
        [
            (
                "dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, status, source, \
                 recorded_at, paid_at)",
                self.payments,
            ),
            ("dashop_payment_attempt (out_trade_no, order_id, product, amount, state, opened_at)", self.attempts),
            (
                "dashop_refund (out_request_no, out_trade_no, trade_no, amount, reason, kind, status, restock, actor, \
                 requested_at, finished_at, due_at)",
                self.refunds,
            ),
            ("dashop_order_timeline (order_id, from_status, to_status, actor, reason, at)", self.timeline),
            ("dashop_order_amendment (order_id, kind, status, actor, reason, at)", self.amendments),
            ("dashop_stock_move (order_id, sku_id, kind, pieces, at)", self.moves),
            (
                "dashop_outbox (order_id, kind, to_status, actor, reason, at, due_at, delivered_at, distributed_at)",
                self.outbox,
            ),
            (
                "dashop_webhook_delivery (endpoint, order_id, kind, to_status, actor, reason, at, due_at, delivered_at)",
                self.deliveries,
            ),
            (
                "dashop_webhook_attempt (endpoint, event_id, order_id, kind, at, took_ms, outcome)",
                self.log,
            ),
        ]
        .map(|(columns, rows)| format!("INSERT INTO {columns} VALUES {}", rows.join(",")))
        .join(";")
    }
}
