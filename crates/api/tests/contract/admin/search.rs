//! `GET /v1/admin/orders`.

use domain::NumberRange;
use mockall::predicate::eq;
use ports::OrderSearch;

use super::*;

/// A store that finds these orders, and is asked once.
fn finding_orders(numbers: &[&str]) -> Mocks {
    let orders: Vec<_> = numbers.iter().map(|number| found(number)).collect();
    let mut mocks = Mocks::untouched();
    mocks.admin.expect_search().times(1).returning(move |_| Ok(orders.clone()));
    mocks
}

fn everything() -> OrderSearch {
    OrderSearch { numbers: NumberRange::all(), user_id: None, status: None, limit: 51 }
}

/// Asserts that the query results in this search.
async fn looks_for(query: &str, expected: OrderSearch) {
    let mut mocks = Mocks::untouched();
    mocks.users.expect_find().with(eq(username())).returning(|_| Ok(Some(USER)));
    mocks.admin.expect_search().times(1).returning(move |asked| {
        assert_eq!(*asked, expected);
        Ok(Vec::new())
    });
    let answer = done(&sent(mocks, get(&format!("{ORDERS}?{query}"))).await);
    assert_eq!(answer, json!({"orders": [], "next": null}), "{query}");
}

#[actix_web::test]
async fn an_order_in_each_status() {
    for status in OrderStatus::ALL {
        let mut mocks = Mocks::untouched();
        let order = FoundOrder { status, ..found(ORDER) };
        mocks.admin.expect_search().returning(move |_| Ok(vec![order.clone()]));
        let expected = json!({"orders": [summary(ORDER, status)], "next": null});
        assert_eq!(done(&sent(mocks, get(ORDERS)).await), expected);
    }
}

#[actix_web::test]
async fn an_old_order_of_a_user_who_is_gone() {
    let order = FoundOrder { username: Username(String::new()), expire_at: None, ..found(ORDER) };
    let mut mocks = Mocks::untouched();
    mocks.admin.expect_search().returning(move |_| Ok(vec![order.clone()]));
    let mut expected = summary(ORDER, OrderStatus::AwaitingPayment);
    expected["user"]["username"] = json!("");
    expected["expire_at"] = Value::Null;
    assert_eq!(done(&sent(mocks, get(ORDERS)).await)["orders"], json!([expected]));
}

#[actix_web::test]
async fn the_query_says_which_orders() {
    let all = NumberRange::all;
    let search = |numbers| OrderSearch { numbers, ..everything() };
    looks_for("", everything()).await;
    looks_for("number=&user=&status=&from=&to=&limit=&before=", everything()).await;
    looks_for("number=20191128", search(all().beginning_with(&order_id("20191128")))).await;
    looks_for("user=dada", OrderSearch { user_id: Some(USER), ..everything() }).await;
    for status in OrderStatus::ALL {
        let expected = OrderSearch { status: Some(status), ..everything() };
        looks_for(&format!("status={}", status.code()), expected).await;
    }
    looks_for("limit=1", OrderSearch { limit: 2, ..everything() }).await;
    looks_for("limit=200", OrderSearch { limit: 201, ..everything() }).await;
    looks_for(&format!("before={ORDER}"), search(all().below(&order_id(ORDER)))).await;
    let numbers =
        all().beginning_with(&order_id("2019")).not_before(at("00:00:00")).earlier_than(at("13:00:00"));
    let expected = OrderSearch {
        numbers: numbers.below(&order_id("2019112812")),
        user_id: Some(USER),
        status: Some(OrderStatus::Completed),
        limit: 11,
    };
    let query =
        "number=2019&user=dada&status=4&from=2019-11-28&to=2019-11-28%2013:00:00&limit=10&before=2019112812";
    looks_for(query, expected).await;
}

/// A day begins and ends at midnight. `from` includes its moment, `to` excludes it.
#[actix_web::test]
async fn from_and_to_are_days_or_moments() {
    let time = |text| ShopTime::parse(text).unwrap();
    let search = |numbers| OrderSearch { numbers, ..everything() };
    let from = |text| search(NumberRange::all().not_before(time(text)));
    let to = |text| search(NumberRange::all().earlier_than(time(text)));
    looks_for("from=2019-11-28", from("2019-11-28 00:00:00")).await;
    looks_for("from=2019-11-28+12:00:01", from("2019-11-28 12:00:01")).await;
    looks_for("to=2019-11-28", to("2019-11-29 00:00:00")).await;
    looks_for("to=2020-02-29", to("2020-03-01 00:00:00")).await;
    looks_for("to=2019-11-28%2012%3A00%3A01", to("2019-11-28 12:00:01")).await;
}

/// The first and the last possible date, for "from the beginning" and "for ever".
#[actix_web::test]
async fn the_first_and_the_last_day_limit_nothing() {
    let mut mocks = Mocks::untouched();
    mocks.admin.expect_search().times(1).returning(|asked| {
        assert!(asked.numbers.contains(&order_id(ORDER)), "{asked:?}");
        assert!(asked.numbers.contains(&order_id("9999123123595904")), "{asked:?}");
        Ok(Vec::new())
    });
    done(&sent(mocks, get(&format!("{ORDERS}?from=0001-01-01&to=9999-12-31"))).await);
}

#[actix_web::test]
async fn orders_of_nobody_are_not_looked_for() {
    let mut mocks = Mocks::untouched();
    mocks.users.expect_find().times(1).with(eq(Username("O'Neill %_".to_owned()))).returning(|_| Ok(None));
    let answer = done(&sent(mocks, get(&format!("{ORDERS}?user=O%27Neill+%25_"))).await);
    assert_eq!(answer, json!({"orders": [], "next": null}));
}

#[actix_web::test]
async fn a_page_says_where_the_next_one_begins() {
    let numbers = ["2019112820400803", "2019112820400802", "2019112820400801"];
    let status = OrderStatus::AwaitingPayment;
    let page = done(&sent(finding_orders(&numbers), get(&format!("{ORDERS}?limit=2"))).await);
    let shown = json!([summary(numbers[0], status), summary(numbers[1], status)]);
    assert_eq!(page, json!({"orders": shown, "next": "2019112820400802"}));
    let last = done(&sent(finding_orders(&numbers), get(&format!("{ORDERS}?limit=3"))).await);
    assert_eq!((last["orders"].as_array().unwrap().len(), &last["next"]), (3, &Value::Null));
}

#[actix_web::test]
async fn a_bad_parameter_is_named() {
    let long = "x".repeat(151);
    for (name, values) in [
        ("number", vec!["x", "-1", "2019-11", "1e3", "%00", "２"]),
        ("user", vec![&*long]),
        ("status", vec!["0", "7", "-1", "x", "1.0", "99999"]),
        (
            "from",
            vec![
                "2019",
                "2019-13-01",
                "2019-02-29",
                "2019-1-001",
                "28.11.2019",
                "%2B10000-1-1",
                "0000-12-31",
                "0000-12-31+12:00:00",
                "2019-11-28T12:00:00",
                "2019-11-28+24:00:00",
                "2019-11-28+12:00",
            ],
        ),
        ("to", vec!["x", "2019-11-31", "20191128", "-001-01-01", "2019-11-28+12:60:00", "1574913600"]),
        ("limit", vec!["0", "201", "-1", "x", "1.5", "4294967297"]),
        ("before", vec!["x", "-1", &"9".repeat(65)]),
    ] {
        for value in values {
            let uri = format!("{ORDERS}?{name}={}", percent(value));
            bad_parameter(get(&uri), &format!("{name} 应为")).await;
        }
    }
}

/// Percent-encodes what a URL cannot contain.
fn percent(text: &str) -> String {
    let escape =
        |byte: u8| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

#[actix_web::test]
async fn a_parameter_that_nobody_knows_or_that_stands_twice_is_named() {
    bad_parameter(get(&format!("{ORDERS}?stat=1")), "没有参数 stat").await;
    bad_parameter(get(&format!("{ORDERS}?Status=1")), "没有参数 Status").await;
    bad_parameter(get(&format!("{ORDERS}?status=1&status=2")), "status 重复").await;
    bad_parameter(get(&format!("{ORDERS}?limit=&limit=")), "limit 重复").await;
    let long = format!("{ORDERS}?{}=1", "x".repeat(5000));
    let message = refused(&sent(Mocks::untouched(), get(&long)).await, BAD_REQUEST);
    assert!(message.chars().count() < 150, "{message}");
}

#[actix_web::test]
async fn each_port_may_fail() {
    let query = format!("{ORDERS}?user=dada");
    let mut users = Mocks::untouched();
    users.users.expect_find().returning(|_| Err(store_down()));
    assert_eq!(refused(&sent(users, get(&query)).await, INTERNAL), "系统错误");
    let mut users = Mocks::untouched();
    users.users.expect_find().returning(|_| Err(rows_locked()));
    assert_eq!(refused(&sent(users, get(&query)).await, BUSY), "系统繁忙,请稍后重试");

    let mut admin = Mocks::untouched();
    admin.admin.expect_search().returning(|_| Err(store_down()));
    assert_eq!(refused(&sent(admin, get(ORDERS)).await, INTERNAL), "系统错误");
    let mut admin = Mocks::untouched();
    admin.admin.expect_search().returning(|_| Err(rows_locked()));
    assert_eq!(refused(&sent(admin, get(ORDERS)).await, BUSY), "系统繁忙,请稍后重试");
}
