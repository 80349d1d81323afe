//! A server, or a database user, with fewer connections than the program wants.

use tests::{Load, Server, Setup};

const STOCK: i32 = 100_000;

/// The orders of 32 buyers share four connections: each is placed, or asked to try again.
#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_for_a_connection_where_the_user_may_have_no_more() {
    let (mariadb, redis) = (Server::mariadb().await, Server::redis().await);
    let setup = Setup::on(&mariadb, &redis).await.as_plain_user(&mariadb).await;
    let dashop = setup.start().await;
    mariadb.execute("GRANT USAGE ON *.* TO shop@'127.0.0.1' WITH MAX_USER_CONNECTIONS 4").await;
    let setup = dashop.stop().await;
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 32).await;
    database.add_sku(901, "209.00", STOCK).await;
    let load = Load::of_direct_buys(&[&dashop], 1001..1033, 901);
    load.orders(300).await;
    let answers = load.stop().await;
    let codes = answers.codes();
    assert!(codes.keys().all(|code| [200, 50104].contains(code)), "{codes:?}");
    answers.are_kept(&mut database, 901, STOCK.into()).await;
}
