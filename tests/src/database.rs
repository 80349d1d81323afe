use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, SimpleAsyncConnection};

use crate::{Data, carts::Carts};

/// A shop's database and carts, opened beside the program.
///
/// Statements use only SQL that both engines understand.
pub struct Database {
    connection: Engine,
    /// The carts, if they are not in the database.
    carts: Option<Carts>,
}

enum Engine {
    Sqlite(SqliteConnection),
    Mysql(Box<AsyncMysqlConnection>),
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
    pub(crate) async fn open(data: &Data) -> Self {
        match data {
            Data::Embedded(file) => {
                let mut connection = SqliteConnection::establish(&file.display().to_string()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON").unwrap();
                Self { connection: Engine::Sqlite(connection), carts: None }
            }
            Data::Servers { mysql, redis } => Self {
                connection: Engine::Mysql(Box::new(Self::mysql(&mysql[0]).await)),
                carts: Some(Carts::connect(redis).await.unwrap()),
            },
        }
    }

    pub(crate) async fn mysql(url: &str) -> AsyncMysqlConnection {
        AsyncMysqlConnection::establish(url).await.unwrap_or_else(|error| panic!("{error}: {url}"))
    }

    /// Runs statements.
    pub async fn execute(&mut self, sql: &str) {
        self.run(sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Runs statements; `true` if they succeeded.
    pub async fn try_execute(&mut self, sql: &str) -> bool {
        self.run(sql).await.is_ok()
    }

    async fn run(&mut self, sql: &str) -> diesel::QueryResult<()> {
        match &mut self.connection {
            Engine::Sqlite(connection) => connection.batch_execute(sql),
            Engine::Mysql(connection) => connection.batch_execute(sql).await,
        }
    }

    /// The single number that a query returns in its column `n`.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let query = diesel::sql_query(sql);
        let outcome: Result<Number, _> = match &mut self.connection {
            Engine::Sqlite(connection) => query.get_result(connection),
            Engine::Mysql(connection) => diesel_async::RunQueryDsl::get_result(query, connection).await,
        };
        outcome.unwrap_or_else(|error| panic!("{error}: {sql}")).n
    }

    /// The texts that a query returns in its column `n`.
    pub async fn words(&mut self, sql: &str) -> Vec<String> {
        let query = diesel::sql_query(sql);
        let outcome: Result<Vec<Word>, _> = match &mut self.connection {
            Engine::Sqlite(connection) => query.load(connection),
            Engine::Mysql(connection) => diesel_async::RunQueryDsl::load(query, connection).await,
        };
        let words = outcome.unwrap_or_else(|error| panic!("{error}: {sql}"));
        words.into_iter().map(|word| word.n).collect()
    }

    /// Adds `count` buyers `b<first>`…, with ids from `first` on, each with one address of the same id.
    pub async fn add_buyers(&mut self, first: i32, count: i32) {
        // A server accepts no more than one packet at a time.
        const AT_ONCE: usize = 2_000;
        let ids: Vec<i32> = (first..first + count).collect();
        for ids in ids.chunks(AT_ONCE) {
            let mut sql = String::from("BEGIN;");
            for id in ids {
                sql.push_str(&format!(
                    "INSERT INTO user_profile (id, created_time, updated_time, username, password, email, phone, isActive) \
                     VALUES ({id}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'b{id}', '', '', '', 1);\
                     INSERT INTO address (id, created_time, updated_time, receiver, address, default_address, is_alive, \
                     postcode, receiver_mobile, tag, uid_id) VALUES ({id}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', \
                     '习瓜瓜', '北京市东城区珍贝大厦', 1, 1, '100000', '13691433520', '家', {id});"
                ));
            }
            sql.push_str("COMMIT;");
            self.execute(&sql).await;
        }
    }

    /// Adds a SKU that is for sale, of a product in the demo shop.
    pub async fn add_sku(&mut self, id: i32, price: &str, stock: i32) {
        self.execute(&format!(
            "INSERT INTO DDSC_SKU (id, create_time, update_time, name, caption, price, cost_price, market_price, stock, \
             sales, comments, is_launched, default_image_url, version, SPU_ID_id) \
             SELECT {id}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'SKU {id}', '', '{price}', '{price}', '{price}', \
             {stock}, 0, 0, 1, 'x.svg', 0, MIN(id) FROM DDSC_SPU"
        ))
        .await;
    }

    /// Puts a line into a buyer's cart, in the old shop's format. It replaces a line of the same SKU.
    pub async fn put_in_cart(&mut self, user_id: i32, sku_id: i32, count: i32) {
        self.write_to_cart(user_id, sku_id, &format!("{{\"count\": {count}, \"selected\": 1}}")).await;
    }

    /// Stores this value under a SKU in a buyer's cart.
    pub async fn write_to_cart(&mut self, user_id: i32, sku_id: i32, value: &str) {
        if let Some(carts) = &mut self.carts {
            return carts.put(user_id, sku_id, value).await.unwrap();
        }
        self.execute(&format!(
            "REPLACE INTO dashop_cart_line (user_id, sku_id, value) VALUES ({user_id}, {sku_id}, '{value}')"
        ))
        .await;
    }

    /// How many lines a buyer's cart has, readable or not.
    pub async fn lines_in_cart(&mut self, user_id: i32) -> i64 {
        if let Some(carts) = &mut self.carts {
            return carts.lines(user_id).await.unwrap();
        }
        self.number(&format!("SELECT COUNT(*) AS n FROM dashop_cart_line WHERE user_id = {user_id}")).await
    }

    /// Pieces of a SKU: in stock, sold, and in orders.
    pub async fn pieces(&mut self, sku_id: i32) -> (i64, i64, i64) {
        (
            self.number(&format!("SELECT stock AS n FROM DDSC_SKU WHERE id = {sku_id}")).await,
            self.number(&format!("SELECT sales AS n FROM DDSC_SKU WHERE id = {sku_id}")).await,
            self.number(&format!(
                "SELECT COALESCE(SUM(count), 0) AS n FROM tb_order_goods WHERE sku_id = {sku_id}"
            ))
            .await,
        )
    }

    /// Orders whose lines do not add up to their number of pieces.
    pub async fn half_written_orders(&mut self) -> i64 {
        self.number(
            "SELECT COUNT(*) AS n FROM tb_order_info o WHERE total_count <> \
             (SELECT COALESCE(SUM(count), 0) FROM tb_order_goods g WHERE g.order_id = o.order_id)",
        )
        .await
    }

    /// Everything about an order that a payment could change, as one text.
    pub async fn state_of(&mut self, order_id: &str) -> String {
        self.words(&format!(
            "SELECT CONCAT(status, ' ', total_amount, ' ', updated_time, ' ', \
             (SELECT COUNT(*) FROM dashop_order_timeline t WHERE t.order_id = o.order_id)) AS n \
             FROM tb_order_info o WHERE order_id = '{order_id}'"
        ))
        .await
        .join("")
    }
}
