use std::path::Path;

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{BigInt, Text},
};

/// The embedded database, opened beside the program.
pub struct Database {
    connection: SqliteConnection,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    n: String,
}

impl Database {
    /// Opens the file; waits for the program where it holds the file.
    pub fn open(file: &Path) -> Self {
        let mut connection = SqliteConnection::establish(&file.display().to_string()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON").unwrap();
        Self { connection }
    }

    /// Runs statements.
    pub fn execute(&mut self, sql: &str) {
        self.connection.batch_execute(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// The one number that a query gives in its column `n`.
    pub fn number(&mut self, sql: &str) -> i64 {
        diesel::sql_query(sql)
            .get_result::<Number>(&mut self.connection)
            .unwrap_or_else(|error| panic!("{error}: {sql}"))
            .n
    }

    /// The words that a query gives in its column `n`.
    pub fn words(&mut self, sql: &str) -> Vec<String> {
        let words: Vec<Word> = diesel::sql_query(sql)
            .load(&mut self.connection)
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
        words.into_iter().map(|word| word.n).collect()
    }

    /// Adds buyers `b<first>`…, each with one address of the same id as the user; ids from `first` on.
    pub fn add_buyers(&mut self, first: i32, count: i32) {
        let mut sql = String::from("BEGIN;");
        for id in first..first + count {
            sql.push_str(&format!(
                "INSERT INTO user_profile (id, created_time, updated_time, username, password, email, phone, isActive) \
                 VALUES ({id}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'b{id}', '', '', '', 1);\
                 INSERT INTO address (id, created_time, updated_time, receiver, address, default_address, is_alive, \
                 postcode, receiver_mobile, tag, uid_id) VALUES ({id}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', \
                 '习瓜瓜', '北京市东城区珍贝大厦', 1, 1, '100000', '13691433520', '家', {id});"
            ));
        }
        sql.push_str("COMMIT;");
        self.execute(&sql);
    }

    /// Adds a SKU on the shelf, of a product that the demo shop has.
    pub fn add_sku(&mut self, id: i32, price: &str, stock: i32) {
        self.execute(&format!(
            "INSERT INTO DDSC_SKU (id, create_time, update_time, name, caption, price, cost_price, market_price, stock, \
             sales, comments, is_launched, default_image_url, version, SPU_ID_id) \
             SELECT {id}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'SKU {id}', '', '{price}', '{price}', '{price}', \
             {stock}, 0, 0, 1, 'x.svg', 0, MIN(id) FROM DDSC_SPU"
        ));
    }

    /// Puts a line into a buyer's cart, as the old shop writes it.
    pub fn put_in_cart(&mut self, user_id: i32, sku_id: i32, count: i32) {
        self.execute(&format!(
            "INSERT INTO dashop_cart_line (user_id, sku_id, value) \
             VALUES ({user_id}, {sku_id}, '{{\"count\": {count}, \"selected\": 1}}')"
        ));
    }

    /// Pieces of a SKU: in stock, sold, and in orders.
    pub fn pieces(&mut self, sku_id: i32) -> (i64, i64, i64) {
        (
            self.number(&format!("SELECT stock AS n FROM DDSC_SKU WHERE id = {sku_id}")),
            self.number(&format!("SELECT sales AS n FROM DDSC_SKU WHERE id = {sku_id}")),
            self.number(&format!(
                "SELECT COALESCE(SUM(count), 0) AS n FROM tb_order_goods WHERE sku_id = {sku_id}"
            )),
        )
    }

    /// Everything about an order that a payment could change, as one text.
    pub fn state_of(&mut self, order_id: &str) -> String {
        self.words(&format!(
            "SELECT status || ' ' || total_amount || ' ' || updated_time || ' ' || \
             (SELECT COUNT(*) FROM dashop_order_timeline WHERE order_id = o.order_id) AS n \
             FROM tb_order_info o WHERE order_id = '{order_id}'"
        ))
        .join("")
    }
}
