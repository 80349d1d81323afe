//! What MySQL and MariaDB report about themselves.

use std::collections::BTreeMap;

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use domain::ShopTime;

use super::{Conn, queries::words};
use crate::sql::{facts::DatabaseFacts, failure::QueryError};

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text, column_name = "Variable_name")]
    name: String,
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

const SETTINGS: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'binlog_format', \
    'log_bin', 'innodb_flush_log_at_trx_commit', 'sync_binlog', 'transaction_isolation', 'tx_isolation', \
    'max_prepared_stmt_count')";
/// The global value is the default for new databases; the session's is that of the shop's database.
const CHARACTER_SET: &str = "SHOW SESSION VARIABLES LIKE 'character_set_database'";
/// Tables of this service or of the old shop whose engine is not InnoDB.
const UNSAFE_TABLES: &str = "SELECT CAST(CONCAT(table_name, ' (', COALESCE(engine, '?'), ')') AS CHAR) AS n \
    FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' \
    AND COALESCE(engine, '') <> 'InnoDB' \
    AND (table_name LIKE 'dashop%' OR table_name LIKE 'tb_order%' OR table_name LIKE 'DDSC%' \
    OR table_name IN ('address', 'user_profile'))";
const INDEXES: &str = "SELECT CAST(CONCAT(table_name, '.', column_name) AS CHAR) AS n \
    FROM information_schema.statistics WHERE table_schema = DATABASE() AND seq_in_index = 1";
const PRIVILEGES: &str = "SELECT CAST(privilege_type AS CHAR) AS n FROM information_schema.user_privileges \
    UNION SELECT CAST(privilege_type AS CHAR) FROM information_schema.schema_privileges \
    WHERE DATABASE() LIKE table_schema";
const CLOCK: &str = "SELECT DATE_FORMAT(NOW(), '%Y-%m-%d %H:%i:%s') AS n";

/// The table and first column of each index that the shop's queries need.
const NEEDED: [&str; 10] = [
    "tb_order_info.order_id",
    "tb_order_info.user_id",
    "tb_order_info.status",
    "tb_order_info.due_at",
    "tb_order_goods.order_id",
    "address.uid_id",
    "DDSC_SALE_ATTR_VALUE.sku_id",
    "dashop_payment.out_trade_no",
    "dashop_refund.status",
    "dashop_outbox.due_at",
];

pub(super) async fn version(conn: &mut Conn) -> Result<String, QueryError> {
    Ok(words(conn, "SELECT CAST(VERSION() AS CHAR) AS n").await?.pop().unwrap_or_default())
}

pub(super) async fn facts(conn: &mut Conn) -> Result<DatabaseFacts, QueryError> {
    let mut settings: Vec<Setting> = diesel::sql_query(SETTINGS).load(conn).await?;
    settings.extend(diesel::sql_query(CHARACTER_SET).load::<Setting>(conn).await?);
    let settings: BTreeMap<_, _> =
        settings.into_iter().map(|setting| (setting.name.to_lowercase(), setting.value)).collect();
    let indexes: Vec<String> =
        words(conn, INDEXES).await?.into_iter().map(|index| index.to_lowercase()).collect();
    let is_missing = |index: &&str| !indexes.contains(&index.to_lowercase());
    Ok(DatabaseFacts {
        version: version(conn).await?,
        settings,
        unsafe_tables: words(conn, UNSAFE_TABLES).await?,
        missing_indexes: NEEDED.iter().filter(|index| is_missing(index)).map(ToString::to_string).collect(),
        privileges: words(conn, PRIVILEGES).await?,
        clock: words(conn, CLOCK).await?.pop().and_then(|text| ShopTime::parse(&text)),
        damage: None,
    })
}
