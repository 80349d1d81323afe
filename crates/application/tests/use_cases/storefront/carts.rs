//! The content of a cart, and its changes.

use mockall::Sequence;

use super::*;

/// The removal of an ordered line is late: the buyer must not see the line, nor add pieces to it and buy them twice.
#[tokio::test]
async fn what_was_ordered_leaves_the_cart_before_it_is_shown_or_changed() {
    let ordering = || {
        let lines = cart(&[(4, 2, true)]).lines.into_iter().map(|line| (line.sku_id, line.stamp));
        let order_id = domain::OrderId::parse("2019112820400804").unwrap();
        ports::CartRemoval { order_id, user_id: USER, lines: lines.collect() }
    };
    let shop = || {
        let mut shop = Shop::with_user();
        let removed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let is_removed = Arc::clone(&removed);
        shop.carts.expect_load().returning(move |_| {
            let is_removed = is_removed.load(std::sync::atomic::Ordering::SeqCst);
            Ok(cart(if is_removed { &[(5, 1, true)] } else { &[(4, 2, true), (5, 1, true)] }))
        });
        let is_removed = Arc::clone(&removed);
        shop.carts
            .expect_remove_ordered()
            .times(1)
            .withf(move |removals| *removals == [ordering()])
            .returning(move |_| {
                is_removed.store(true, std::sync::atomic::Ordering::SeqCst);
                Ok(Vec::new())
            });
        let mut removals = MockCartRemovalQueue::new();
        let mut pending = vec![ordering()];
        removals
            .expect_pending_of()
            .withf(|user| *user == USER)
            .returning(move |_| Ok(std::mem::take(&mut pending)));
        removals.expect_forget().times(1).withf(|ids| ids.len() == 1).returning(|_| Ok(()));
        shop.removals = Some(removals);
        shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "1.00", 9), sku(5, "1.00", 9)])));
        shop
    };
    let (edit, ..) = shop().cart();
    let shown = edit.show_cart(&caller()).await.unwrap();
    assert_eq!(shown.iter().map(|(line, _)| line.sku_id).collect::<Vec<_>>(), [SkuId(5)]);
    let mut adding = shop();
    adding.carts.expect_write().times(1).returning(|_, changes| {
        assert_eq!(
            (changes.len(), changes[0].sku_id, &changes[0].was),
            (1, SkuId(4), &None),
            "as a new line"
        );
        Ok(true)
    });
    let (edit, ..) = adding.cart();
    edit.edit_cart(&caller(), CartEdit::Add { sku_id: SkuId(4), count: 1 }).await.unwrap();
    let mut merging = shop();
    merging.carts.expect_write().times(1).returning(|_, _| Ok(true));
    let (edit, ..) = merging.cart();
    let offline = [OfflineLine { sku_id: SkuId(4), count: 1 }];
    assert_eq!(edit.merge_cart(USER, &offline).await.unwrap(), 2);
}

/// The whole cart was ordered and its lines are removed, but the record of the removal still exists. It must be deleted
/// before the same SKU is added, because the new line would count as the ordered one.
#[tokio::test]
async fn what_was_ordered_is_forgotten_before_an_empty_cart_is_filled() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "1.00", 9)])));
    let mut order = Sequence::new();
    let ordered = || ports::CartRemoval {
        order_id: domain::OrderId::parse("2019112820400804").unwrap(),
        user_id: USER,
        lines: Vec::new(),
    };
    let mut removals = MockCartRemovalQueue::new();
    removals.expect_pending_of().times(1).in_sequence(&mut order).returning(move |_| Ok(vec![ordered()]));
    shop.carts.expect_remove_ordered().times(1).in_sequence(&mut order).returning(|_| Ok(Vec::new()));
    removals.expect_forget().times(1).in_sequence(&mut order).returning(|_| Ok(()));
    shop.carts.expect_write().times(1).in_sequence(&mut order).returning(|_, _| Ok(true));
    removals.expect_pending_of().returning(|_| Ok(Vec::new()));
    shop.removals = Some(removals);
    let (edit, ..) = shop.cart();
    edit.edit_cart(&caller(), CartEdit::Add { sku_id: SkuId(4), count: 1 }).await.unwrap();
}

#[tokio::test]
async fn merging_is_tried_again_on_what_is_there_by_then() {
    let mut shop = Shop::with_user();
    let mut stored = vec![cart(&[(4, 5, false), (5, 1, true)]), cart(&[(5, 1, true)])];
    shop.carts.expect_load().times(2).returning(move |_| Ok(stored.pop().unwrap()));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    let mut written = Vec::new();
    shop.carts.expect_write().times(2).returning(move |_, changes| {
        written.push((changes[0].was.is_some(), changes[0].count));
        Ok(written == [(false, 3), (true, 5)])
    });
    let (cart, ..) = shop.cart();
    let lines = cart.merge_cart(USER, &[OfflineLine { sku_id: SkuId(4), count: 3 }]).await.unwrap();
    assert_eq!(lines, 2);
}

#[tokio::test]
async fn a_cart_that_others_change_all_the_time_is_given_up() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    shop.carts.expect_write().times(8).returning(|_, _| Ok(false));
    let (cart, ..) = shop.cart();
    let refused = cart.edit_cart(&caller(), CartEdit::Add { sku_id: SkuId(4), count: 1 }).await;
    assert!(matches!(refused, Err(ShoppingError::Conflict)));
}

#[tokio::test]
async fn each_port_of_a_cart_may_fail() {
    let add = CartEdit::Add { sku_id: SkuId(4), count: 1 };
    let mut shop = Shop::default();
    shop.users.expect_authenticate().returning(|_| Ok(Err(NotAdmitted::UnknownUser)));
    assert!(matches!(
        shop.cart().0.show_cart(&caller()).await,
        Err(ShoppingError::NotAdmitted(NotAdmitted::UnknownUser))
    ));
    let mut shop = Shop::default();
    shop.users.expect_authenticate().returning(|_| Err(store_down()));
    assert!(matches!(shop.cart().0.edit_cart(&caller(), add).await, Err(ShoppingError::Store(_))));
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([])));
    let refused = shop.cart().0.edit_cart(&caller(), add).await;
    assert!(matches!(refused, Err(ShoppingError::Cart(CartRefusal::UnknownSku))));
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.catalog.expect_skus().returning(|_| Ok(shelf([sku(4, "209", 9)])));
    shop.carts.expect_write().returning(|_, _| Err(carts_down()));
    assert!(matches!(shop.cart().0.edit_cart(&caller(), add).await, Err(ShoppingError::Carts(_))));
    let mut shop = Shop::with_user();
    let order_id = || domain::OrderId::parse("2019112820400804").unwrap();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    shop.carts.expect_remove_ordered().returning(move |_| Ok(vec![order_id()]));
    let mut removals = MockCartRemovalQueue::new();
    let ordered =
        move |_| Ok(vec![ports::CartRemoval { order_id: order_id(), user_id: USER, lines: Vec::new() }]);
    removals.expect_pending_of().returning(ordered);
    removals.expect_forget().withf(|ids| ids.is_empty()).returning(|_| Ok(()));
    shop.removals = Some(removals);
    assert!(matches!(shop.cart().0.show_cart(&caller()).await, Err(ShoppingError::Carts(_))));
    let mut shop = Shop::with_user();
    shop.carts.expect_discard().returning(|_, _| Err(carts_down()));
    assert!(matches!(
        shop.cart().0.discard_from_cart(&caller(), &[SkuId(4)]).await,
        Err(ShoppingError::Carts(_))
    ));
}
