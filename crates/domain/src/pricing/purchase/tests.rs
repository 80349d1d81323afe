use super::*;
use crate::QuantityLimit;

fn sku(id: i32, price: &str, is_launched: bool) -> (SkuId, Sku) {
    let sku = Sku {
        id: SkuId(id),
        name: format!("SKU {id}"),
        default_image_url: String::new(),
        price: price.parse().unwrap(),
        stock: 0,
        is_launched,
        attributes: Vec::new(),
    };
    (sku.id, sku)
}

fn purchase(lines: &[(i32, i64)]) -> Purchase {
    let limit = QuantityLimit::new(1_000_000).unwrap();
    Purchase::new(lines.iter().map(|(id, n)| (SkuId(*id), limit.quantity(*n).unwrap())).collect()).unwrap()
}

fn flat_ten() -> Pricing {
    Pricing { freight: "10".parse().unwrap(), free_from: None }
}

#[test]
fn the_recorded_order_costs_what_it_cost() {
    // The old system charged 323 for this order of 323.91.
    let skus = BTreeMap::from([sku(4, "104.95", true), sku(5, "104.01", true)]);
    let quote = purchase(&[(5, 1), (4, 2)]).quote(&skus, &flat_ten()).unwrap();
    assert_eq!(quote.lines.iter().map(|line| line.sku.id.0).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(quote.total_count, 3);
    assert_eq!(quote.goods_amount.to_string(), "313.91");
    assert_eq!(quote.payment_amount.to_string(), "323.91");
}

#[test]
fn what_cannot_be_bought_is_named_and_costs_nothing() {
    let skus = BTreeMap::from([sku(1, "5", true), sku(2, "7", false)]);
    let quote = purchase(&[(1, 1), (2, 1), (3, 1)]).quote(&skus, &flat_ten()).unwrap();
    assert_eq!(quote.payment_amount.to_string(), "15.00");
    let reasons: Vec<_> = quote.unavailable.iter().map(|line| (line.sku_id.0, line.reason)).collect();
    assert_eq!(reasons, [(2, UnavailableReason::OffShelf), (3, UnavailableReason::Gone)]);
}

#[test]
fn a_count_matters_of_what_can_be_bought_alone() {
    let skus = BTreeMap::from([sku(1, "5", true), sku(2, "7", false)]);
    let limit = QuantityLimit::new(200).unwrap();
    let of_cart = |lines: &[(i32, i64)]| {
        let lines = lines.iter().map(|(id, count)| (SkuId(*id), *count)).collect();
        Purchase::of_cart(&lines, &skus, limit)
    };
    let quote = of_cart(&[(1, 2), (2, 0), (3, 201)]).unwrap().unwrap().quote(&skus, &flat_ten()).unwrap();
    assert_eq!((quote.total_count, quote.unavailable.len()), (2, 2));
    assert_eq!(quote.goods_amount.to_string(), "10.00");
    assert_eq!(of_cart(&[(1, 201), (2, 1)]), Err(InvalidQuantity { most: 200 }));
    assert_eq!(of_cart(&[]), Ok(None));
}

#[test]
fn nothing_to_deliver_costs_no_freight() {
    let quote = purchase(&[(9, 1)]).quote(&BTreeMap::new(), &flat_ten()).unwrap();
    assert_eq!(Quote { unavailable: Vec::new(), ..quote }, Quote::default());
}

#[test]
fn a_sum_too_large_is_refused() {
    let skus = BTreeMap::from([sku(1, "99999999.99", true), sku(2, "99999995.00", true)]);
    assert_eq!(purchase(&[(1, 2)]).quote(&skus, &flat_ten()), Err(AmountTooLarge));
    assert_eq!(purchase(&[(1, 1), (2, 1)]).quote(&skus, &flat_ten()), Err(AmountTooLarge));
    assert_eq!(purchase(&[(2, 1)]).quote(&skus, &flat_ten()), Err(AmountTooLarge), "freight on top");
}
