//! `GET /v1/admin/orders.csv`.

use domain::NumberRange;
use mockall::predicate::eq;
use ports::OrderSearch;

use super::*;

const TABLE: &str = "/v1/admin/orders.csv";
const HEAD: &str = "\u{feff}order_id,status,status_text,user_id,username,total_count,total_amount,freight,\
                    refunded_amount,receiver,created_at,expire_at\n";
const ROW: &str =
    "2019112820400804,1,待付款,4,dada,3,323.91,10.00,0.00,习瓜瓜,2019-11-28 20:40:08,2019-11-28 21:10:08\n";
/// How many orders are read at once.
const PAGE: usize = 500;

/// The office, which finds these orders and no more.
fn finding_orders(orders: Vec<FoundOrder>) -> Parts {
    let mut parts = Parts::untouched();
    parts.office.expect_search().times(1).return_once(|_| Ok(orders));
    parts
}

async fn table_of(orders: Vec<FoundOrder>) -> String {
    let answer = sent(finding_orders(orders), get(TABLE)).await;
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// So many orders, the newest first, the last of which has this number.
fn orders_down_to(last: u64, many: usize) -> Vec<FoundOrder> {
    let numbers = (last..).take(many).collect::<Vec<_>>().into_iter().rev();
    numbers.map(|number| found(&number.to_string())).collect()
}

#[actix_web::test]
async fn a_table_for_spreadsheets() {
    let answer = sent(finding_orders(vec![found(ORDER)]), get(TABLE)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"orders.csv\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(str::from_utf8(&answer.body), Ok(&*format!("{HEAD}{ROW}")));
    assert!(answer.body.starts_with(&[0xEF, 0xBB, 0xBF]), "by which spreadsheets know UTF-8");
}

#[actix_web::test]
async fn nothing_is_a_table_without_rows() {
    assert_eq!(table_of(Vec::new()).await, HEAD);
}

#[actix_web::test]
async fn an_order_in_each_status_and_an_old_one() {
    for status in OrderStatus::ALL {
        let row = ROW.replace("1,待付款", &format!("{},{}", status.code(), status.label()));
        assert_eq!(table_of(vec![FoundOrder { status, ..found(ORDER) }]).await, format!("{HEAD}{row}"));
    }
    let old = FoundOrder { username: Username(String::new()), expire_at: None, ..found(ORDER) };
    let row = ROW.replace("dada", "").replace("2019-11-28 21:10:08", "");
    assert_eq!(table_of(vec![old]).await, format!("{HEAD}{row}"));
}

/// What buyers typed is text, whatever a spreadsheet would make of it.
#[actix_web::test]
async fn no_name_is_a_formula_or_a_column_of_its_own() {
    for (typed, written) in [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("=1,2", "\"'=1,2\""),
        ("+86 139", "'+86 139"),
        ("-1+1", "'-1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "\"'\r=1\""),
        ("\n=1", "\"'\n=1\""),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠1", "'＠1"),
        ("a=1", "a=1"),
        ("王,小王", "\"王,小王\""),
        ("小\"王\"", "\"小\"\"王\"\"\""),
        ("小\n王", "\"小\n王\""),
        ("\"=1\"", "\"\"\"=1\"\"\""),
        ("", ""),
    ] {
        let row = |order: FoundOrder| table_of(vec![order]);
        let receiver = FoundOrder { receiver: typed.to_owned(), ..found(ORDER) };
        assert_eq!(row(receiver).await, format!("{HEAD}{}", ROW.replace("习瓜瓜", written)), "{typed:?}");
        let username = FoundOrder { username: Username(typed.to_owned()), ..found(ORDER) };
        assert_eq!(row(username).await, format!("{HEAD}{}", ROW.replace("dada", written)), "{typed:?}");
    }
}

#[actix_web::test]
async fn pages_follow_each_other_without_a_gap() {
    let pages = [orders_down_to(2019112820402000, PAGE), orders_down_to(2019112820401000, PAGE), Vec::new()];
    let limits = [None, Some("2019112820402000"), Some("2019112820401000")];
    let expected: String = pages.iter().flatten().map(|order| format!("{}\n", order.id)).collect();
    let mut parts = Parts::untouched();
    let mut asked = limits.into_iter().zip(pages);
    parts.office.expect_search().times(3).returning(move |search| {
        let (below, page) = asked.next().unwrap();
        let numbers = NumberRange::all();
        let numbers = below.map_or(numbers.clone(), |number| numbers.below(&order_id(number)));
        assert_eq!(*search, OrderSearch { numbers, user_id: None, status: None, limit: 500 });
        Ok(page)
    });
    let answer = sent(parts, get(TABLE)).await;
    let table = str::from_utf8(&answer.body).unwrap().strip_prefix(HEAD).unwrap();
    let numbers: String = table.lines().map(|row| format!("{}\n", row.split(',').next().unwrap())).collect();
    assert_eq!(numbers, expected);
}

#[actix_web::test]
async fn the_query_says_which_orders() {
    let mut parts = Parts::untouched();
    parts.users.expect_find().times(1).with(eq(username())).returning(|_| Ok(Some(USER)));
    let numbers = NumberRange::all().beginning_with(&order_id("2019")).not_before(at("00:00:00"));
    let numbers = numbers.earlier_than(ShopTime::parse("2019-11-29 00:00:00").unwrap());
    let expected =
        OrderSearch { numbers, user_id: Some(USER), status: Some(OrderStatus::Refunded), limit: 500 };
    parts.office.expect_search().times(1).with(eq(expected)).returning(|_| Ok(Vec::new()));
    let query = "number=2019&user=dada&status=6&from=2019-11-28&to=2019-11-28";
    assert_eq!(sent(parts, get(&format!("{TABLE}?{query}"))).await.body, HEAD.as_bytes());

    let mut nobody = Parts::untouched();
    nobody.users.expect_find().times(1).returning(|_| Ok(None));
    assert_eq!(sent(nobody, get(&format!("{TABLE}?user=x"))).await.body, HEAD.as_bytes());
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    for (query, named) in [
        ("number=x", "number 应为"),
        ("status=7", "status 应为"),
        ("from=x", "from 应为"),
        ("to=x", "to 应为"),
        ("limit=1", "没有参数 limit"),
        ("before=1", "没有参数 before"),
        ("status=1&status=1", "status 重复"),
    ] {
        bad_parameter(get(&format!("{TABLE}?{query}")), named).await;
    }
    bad_parameter(get(&format!("{TABLE}?user={}", "x".repeat(151))), "user 应为").await;
}

#[actix_web::test]
async fn what_fails_at_once_is_told_and_what_fails_later_ends_the_table() {
    for (error, code) in [(store_down as fn() -> _, INTERNAL), (rows_locked, BUSY)] {
        let mut parts = Parts::untouched();
        parts.office.expect_search().times(1).returning(move |_| Err(error()));
        refused(&sent(parts, get(TABLE)).await, code);
        let mut parts = Parts::untouched();
        parts.users.expect_find().times(1).returning(move |_| Err(error()));
        refused(&sent(parts, get(&format!("{TABLE}?user=dada"))).await, code);
    }
    let mut parts = Parts::untouched();
    let mut pages = vec![Err(store_down()), Ok(orders_down_to(2019112820401000, PAGE))];
    parts.office.expect_search().times(2).returning(move |_| pages.pop().unwrap());
    assert!(
        parts.open().await.cuts_off(get(TABLE)).await,
        "a table that ends as if it were whole would be a lie"
    );
}
