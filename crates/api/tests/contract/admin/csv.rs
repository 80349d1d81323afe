//! `GET /v1/admin/orders.csv`.

use domain::{NumberRange, OrderId, Shipment, SkuId, StockMove, StockMoveKind};
use mockall::predicate::eq;
use ports::{OrderSearch, ShippingListEntry};

use super::*;

const TABLE: &str = "/v1/admin/orders.csv";
const HEAD: &str = "\u{feff}\"订单编号\",\"状态\",\"下单时间\",\"买家\",\"收货人\",\"手机号\",\"收货地址\",\"商品编号\",\
                    \"商品名称\",\"规格\",\"单价\",\"数量\",\"小计\",\"运费\",\"订单金额\",\"已退款\",\"支付宝交易号\",\
                    \"付款时间\",\"物流公司\",\"运单号\",\"发货时间\",\"优惠\",\"已退件数\"\n";
/// How many orders one read returns.
const PAGE: usize = 500;

/// The sample order with the additional fields of a table.
fn listed(number: &str) -> ShippingListEntry {
    let order = Order { id: order_id(number), ..order(OrderStatus::AwaitingPayment) };
    ShippingListEntry { order, username: username(), payment: None, movements: Vec::new() }
}

/// A store that finds exactly these orders.
fn finding(orders: Vec<ShippingListEntry>) -> Mocks {
    let mut mocks = Mocks::untouched();
    let page: Vec<FoundOrder> = orders.iter().map(|listed| found(listed.order.id.as_str())).collect();
    let ids: Vec<OrderId> = page.iter().map(|order| order.id.clone()).collect();
    mocks.admin.expect_search().times(1).return_once(|_| Ok(page));
    let is_empty = ids.is_empty();
    mocks
        .admin
        .expect_shipping_list()
        .times(usize::from(!is_empty))
        .withf(move |asked| asked == ids)
        .return_once(|_| Ok(orders));
    mocks
}

/// The rows of the exported table of these orders, each as its fields; every field must be in quotes.
async fn rows_of(orders: Vec<ShippingListEntry>) -> Vec<Vec<String>> {
    let answer = sent(finding(orders), get(TABLE)).await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let rows = text.strip_prefix(HEAD).unwrap_or_else(|| panic!("{text}"));
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(rows.as_bytes());
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let quoted = |row: &Vec<String>| {
        let fields = row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
        format!("{}\n", fields.collect::<Vec<_>>().join(","))
    };
    assert_eq!(rows.iter().map(quoted).collect::<String>(), text[HEAD.len()..]);
    rows
}

/// This many orders, the newest first; the last one has this number.
fn orders_down_to(last: u64, many: usize) -> Vec<FoundOrder> {
    let numbers = (last..).take(many).collect::<Vec<_>>().into_iter().rev();
    numbers.map(|number| found(&number.to_string())).collect()
}

#[actix_web::test]
async fn a_table_to_send_goods_and_compare_money_from() {
    let mut sent_order = listed(ORDER);
    (sent_order.order.total_amount, sent_order.order.discount) = (money("313.91"), money("10.00"));
    sent_order.order.status = OrderStatus::AwaitingReceipt;
    sent_order.order.shipment = Some(Shipment {
        carrier: "顺丰速运".to_owned(),
        tracking_number: "0123456789".to_owned(),
        shipped_at: at("21:00:00"),
    });
    sent_order.payment = Some(payment());
    sent_order.movements = vec![StockMove {
        sku_id: SkuId(4),
        pieces: 1,
        kind: StockMoveKind::Returned("shop-1".to_owned()),
        at: at("22:00:00"),
    }];
    let rows = rows_of(vec![sent_order]).await;
    let common = |goods: [&str; 6], amounts: [&str; 3], last: [&str; 2]| {
        let order =
            ["2019112820400804\t", "待收货", "2019-11-28 20:40:08", "dada", "习瓜瓜", "13691433520\t"];
        let to = ["北京市东城区珍贝大厦"];
        let trade = [&*format!("{TRADE}\t"), "2019-11-28 20:45:00"].map(str::to_owned);
        let parcel = ["顺丰速运", "0123456789\t", "2019-11-28 21:00:00"];
        let mut row: Vec<String> =
            order.iter().chain(&to).chain(&goods).chain(&amounts).map(|text| (*text).to_owned()).collect();
        row.extend(trade);
        row.extend(parcel.map(str::to_owned));
        row.extend(last.map(str::to_owned));
        row
    };
    assert_eq!(rows.len(), 2, "a row a line of goods: {rows:?}");
    assert_eq!(
        rows[0],
        common(
            ["4\t", &rows[0][8], &rows[0][9], "104.95", "2", "209.90"],
            ["10.00", "313.91", "0.00"],
            ["10.00", "1"]
        )
    );
    assert_eq!(
        rows[1],
        common(["5\t", &rows[1][8], &rows[1][9], "104.01", "1", "104.01"], ["", "", ""], ["", "0"])
    );
    assert!(rows[0][9].contains(':'), "{}", rows[0][9]);
}

#[actix_web::test]
async fn a_table_is_a_download() {
    let answer = sent(finding(vec![listed(ORDER)]), get(TABLE)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"orders.csv\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(answer.body.starts_with(&[0xEF, 0xBB, 0xBF]), "by which spreadsheets know UTF-8");
}

#[actix_web::test]
async fn nothing_is_a_table_without_rows() {
    assert!(rows_of(Vec::new()).await.is_empty());
}

#[actix_web::test]
async fn an_order_in_each_status_an_old_one_and_one_without_goods() {
    for status in OrderStatus::ALL {
        let mut one = listed(ORDER);
        one.order.status = status;
        assert_eq!(rows_of(vec![one]).await[0][1], status.label());
    }
    let mut old = listed(ORDER);
    old.username = Username(String::new());
    old.order.goods.clear();
    let rows = rows_of(vec![old]).await;
    assert_eq!(
        (rows.len(), rows[0][3].as_str(), rows[0][7].as_str(), rows[0][14].as_str()),
        (1, "", "", "323.91")
    );
}

/// Text from buyers stays text in a spreadsheet, whatever it looks like.
#[actix_web::test]
async fn no_name_is_a_formula_or_a_column_of_its_own() {
    for (typed, written) in [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("=1,2", "'=1,2"),
        ("+86 139", "'+86 139"),
        ("-1+1", "'-1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠1", "'＠1"),
        ("a=1", "a=1"),
        ("王,小王", "王,小王"),
        ("小\"王\"", "小\"王\""),
        ("小\n王", "小\n王"),
        ("\"=1\"", "\"=1\""),
        ("", ""),
    ] {
        let mut one = listed(ORDER);
        let goods = one.order.goods[0].clone();
        one.order.goods = vec![domain::OrderGoods { name: typed.to_owned(), ..goods }];
        one.username = Username(typed.to_owned());
        one.order.shipping.receiver = typed.to_owned();
        one.order.shipping.address = typed.to_owned();
        one.order.shipping.mobile = typed.to_owned();
        let rows = rows_of(vec![one]).await;
        assert_eq!(rows.len(), 1, "{typed:?}");
        for column in [3, 4, 6, 8] {
            assert_eq!(rows[0][column], written, "{typed:?} in column {column}");
        }
        let mobile = if written.is_empty() { String::new() } else { format!("{written}\t") };
        assert_eq!(rows[0][5], mobile, "{typed:?}");
    }
}

#[actix_web::test]
async fn pages_follow_each_other_without_a_gap() {
    let pages = [orders_down_to(2019112820402000, PAGE), orders_down_to(2019112820401000, PAGE), Vec::new()];
    let limits = [None, Some("2019112820402000"), Some("2019112820401000")];
    let expected: String = pages.iter().flatten().map(|order| format!("{}\n", order.id)).collect();
    let mut mocks = Mocks::untouched();
    let mut asked = limits.into_iter().zip(pages);
    mocks.admin.expect_search().times(3).returning(move |search| {
        let (below, page) = asked.next().unwrap();
        let numbers = NumberRange::all();
        let numbers = below.map_or(numbers.clone(), |number| numbers.below(&order_id(number)));
        assert_eq!(*search, OrderSearch { numbers, user_id: None, status: None, limit: 500 });
        Ok(page)
    });
    mocks.admin.expect_shipping_list().times(2).returning(|ids| {
        let one_line = |id: &OrderId| {
            let mut one = listed(id.as_str());
            one.order.goods.truncate(1);
            one
        };
        Ok(ids.iter().map(one_line).collect())
    });
    mocks.admin.expect_exceeds().times(1).returning(|_| Ok(false));
    let answer = sent(mocks, get(TABLE)).await;
    let table = str::from_utf8(&answer.body).unwrap().strip_prefix(HEAD).unwrap();
    let number = |row: &str| format!("{}\n", row.split(',').next().unwrap().trim_matches('"').trim_end());
    assert_eq!(table.lines().map(number).collect::<String>(), expected);
}

#[actix_web::test]
async fn too_many_orders_are_refused_and_not_cut() {
    let mut mocks = Mocks::untouched();
    mocks.admin.expect_search().times(1).returning(|_| Ok(orders_down_to(2019112820402000, PAGE)));
    mocks.admin.expect_shipping_list().times(1).returning(|_| Ok(Vec::new()));
    let left = 100_000 - u32::try_from(PAGE).unwrap();
    mocks.admin.expect_exceeds().times(1).withf(move |search| search.limit == left).returning(|_| Ok(true));
    let answer = sent(mocks, get(TABLE)).await;
    assert_eq!(answer.status, 400);
    let said = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(said.contains("订单多于100000个"), "{said}");
}

#[actix_web::test]
async fn the_query_says_which_orders() {
    let mut mocks = Mocks::untouched();
    mocks.users.expect_find().times(1).with(eq(username())).returning(|_| Ok(Some(USER)));
    let numbers = NumberRange::all().beginning_with(&order_id("2019")).not_before(at("00:00:00"));
    let numbers = numbers.earlier_than(ShopTime::parse("2019-11-29 00:00:00").unwrap());
    let expected =
        OrderSearch { numbers, user_id: Some(USER), status: Some(OrderStatus::Refunded), limit: 500 };
    mocks.admin.expect_search().times(1).with(eq(expected)).returning(|_| Ok(Vec::new()));
    let query = "number=2019&user=dada&status=6&from=2019-11-28&to=2019-11-28";
    assert_eq!(sent(mocks, get(&format!("{TABLE}?{query}"))).await.body, HEAD.as_bytes());

    let mut nobody = Mocks::untouched();
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
        let mut mocks = Mocks::untouched();
        mocks.admin.expect_search().times(1).returning(move |_| Err(error()));
        refused(&sent(mocks, get(TABLE)).await, code);
        let mut mocks = Mocks::untouched();
        mocks.users.expect_find().times(1).returning(move |_| Err(error()));
        refused(&sent(mocks, get(&format!("{TABLE}?user=dada"))).await, code);
    }
    let mut mocks = Mocks::untouched();
    let mut pages = vec![Err(store_down()), Ok(orders_down_to(2019112820401000, PAGE))];
    mocks.admin.expect_search().times(2).returning(move |_| pages.pop().unwrap());
    mocks.admin.expect_shipping_list().times(1).returning(|_| Ok(Vec::new()));
    mocks.admin.expect_exceeds().times(1).returning(|_| Ok(false));
    assert!(
        mocks.open().await.cuts_off(get(TABLE)).await,
        "a table that ends as if it were whole would be a lie"
    );
}

/// The same table as a workbook.
mod workbook {
    use super::*;

    const WORKBOOK: &str = "/v1/admin/orders.xlsx";

    #[actix_web::test]
    async fn has_the_heads_and_a_row_a_line_of_goods() {
        let answer = sent(finding(vec![listed(ORDER)]), get(WORKBOOK)).await;
        assert_eq!(answer.status, 200);
        let sheets = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        assert_eq!(answer.header("content-type"), Some(sheets));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"orders.xlsx\""));
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&answer.body)).unwrap();
        let mut text = String::new();
        let mut sheet = archive.by_name("xl/worksheets/sheet1.xml").unwrap();
        std::io::Read::read_to_string(&mut sheet, &mut text).unwrap();
        assert_eq!(text.matches("<row ").count(), 3, "heads and two lines: {text}");
        for told in [
            "订单编号",
            "支付宝交易号",
            "运单号",
            "2019112820400804",
            "习瓜瓜",
            "<v>323.91</v>",
            "<v>209.9</v>",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert!(!text.contains("<v>2019112820400804</v>"), "an order number is text: {text}");
    }

    #[actix_web::test]
    async fn too_many_orders_are_refused_with_what_to_do() {
        let mut mocks = Mocks::untouched();
        let mut last = 2_019_112_820_400_000;
        mocks.admin.expect_search().times(21).returning(move |_| {
            last -= 500;
            Ok(orders_down_to(last, PAGE))
        });
        let page = vec![listed(ORDER); PAGE];
        mocks.admin.expect_shipping_list().returning(move |_| Ok(page.clone()));
        let answer = sent(mocks, get(WORKBOOK)).await;
        assert_eq!(answer.status, 400);
        let said = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(said.contains("订单多于10000个"), "{said}");
    }

    #[actix_web::test]
    async fn what_fails_is_told() {
        let mut mocks = Mocks::untouched();
        mocks.admin.expect_search().returning(|_| Err(store_down()));
        refused(&sent(mocks, get(WORKBOOK)).await, INTERNAL);
        bad_parameter(get(&format!("{WORKBOOK}?limit=1")), "没有参数 limit").await;
    }
}
