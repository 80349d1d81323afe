//! The tables after all migrations, with only those columns that this crate reads or writes.
//!
//! A text column that may be NULL in the old shop's database is nullable here, even if our migrations make it
//! `NOT NULL`.

use super::types::Yuan;

diesel::table! {
    /// Buyers.
    user_profile (id) {
        /// Key.
        id -> Integer,
        created_time -> Timestamp,
        updated_time -> Timestamp,
        /// At most eleven characters.
        username -> Text,
        /// Unsalted MD5 in hexadecimal digits.
        password -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        #[sql_name = "isActive"]
        is_active -> Bool,
        /// Argon2id, as a PHC string; NULL until the first sign-in at dashop.
        dashop_password -> Nullable<Text>,
    }
}

diesel::table! {
    /// The buyers' address books.
    address (id) {
        id -> Integer,
        created_time -> Timestamp,
        updated_time -> Timestamp,
        receiver -> Nullable<Text>,
        #[sql_name = "address"]
        street -> Nullable<Text>,
        default_address -> Bool,
        is_alive -> Bool,
        postcode -> Nullable<Text>,
        receiver_mobile -> Nullable<Text>,
        tag -> Nullable<Text>,
        uid_id -> Integer,
    }
}

diesel::table! {
    /// Kinds of goods.
    #[sql_name = "DDSC_GOODS_CATALOG"]
    ddsc_goods_catalog (id) {
        id -> Integer,
        create_time -> Timestamp,
        update_time -> Timestamp,
        name -> Text,
    }
}

diesel::table! {
    /// Brands.
    #[sql_name = "DDSC_BRAND"]
    ddsc_brand (id) {
        id -> Integer,
        create_time -> Timestamp,
        update_time -> Timestamp,
        name -> Text,
        logo -> Nullable<Text>,
        first_letter -> Nullable<Text>,
    }
}

diesel::table! {
    /// Products; each is sold as one or more SKUs.
    #[sql_name = "DDSC_SPU"]
    ddsc_spu (id) {
        id -> Integer,
        create_time -> Timestamp,
        update_time -> Timestamp,
        name -> Text,
        sales -> Integer,
        comments -> Integer,
        brand_id -> Integer,
        catalog_id -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// SKUs, with prices and stock.
    #[sql_name = "DDSC_SKU"]
    ddsc_sku (id) {
        id -> Integer,
        create_time -> Timestamp,
        update_time -> Timestamp,
        name -> Nullable<Text>,
        caption -> Nullable<Text>,
        price -> Yuan,
        cost_price -> Nullable<Yuan>,
        market_price -> Nullable<Yuan>,
        stock -> Integer,
        sales -> Integer,
        comments -> Integer,
        is_launched -> Bool,
        default_image_url -> Nullable<Text>,
        version -> Integer,
        #[sql_name = "SPU_ID_id"]
        spu_id -> Integer,
    }
}

diesel::table! {
    /// Sale attributes of a product, in which its SKUs differ.
    #[sql_name = "DDSC_SPU_SALE_ATTR"]
    ddsc_spu_sale_attr (id) {
        id -> Integer,
        create_time -> Timestamp,
        update_time -> Timestamp,
        sale_attr_name -> Text,
        #[sql_name = "SPU_id_id"]
        spu_id -> Integer,
    }
}

diesel::table! {
    /// A SKU's values of the sale attributes.
    #[sql_name = "DDSC_SALE_ATTR_VALUE"]
    ddsc_sale_attr_value (id) {
        id -> Integer,
        create_time -> Timestamp,
        update_time -> Timestamp,
        sale_attr_value_name -> Text,
        #[sql_name = "sale_attr_id_id"]
        sale_attr_id -> Integer,
        sku_id -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// Orders.
    tb_order_info (order_id) {
        order_id -> Text,
        created_time -> Timestamp,
        updated_time -> Timestamp,
        total_count -> Integer,
        /// Goods plus freight, minus the discount.
        total_amount -> Yuan,
        freight -> Yuan,
        pay_method -> SmallInt,
        status -> SmallInt,
        address_id -> Integer,
        user_id -> Integer,
        /// This and the next three columns: the order's copy of the address; NULL in orders of the old back end.
        ship_title -> Nullable<Text>,
        ship_receiver -> Nullable<Text>,
        ship_mobile -> Nullable<Text>,
        ship_address -> Nullable<Text>,
        expire_at -> Nullable<Timestamp>,
        /// When the order's timer fires.
        due_at -> Nullable<Timestamp>,
        /// How often the order was claimed since the timer was last restarted.
        due_attempts -> Integer,
        carrier -> Nullable<Text>,
        tracking_number -> Nullable<Text>,
        shipped_at -> Nullable<Timestamp>,
        refunded_amount -> Yuan,
        /// A unique value that prevents a second order by a second click.
        repeat_guard -> Nullable<Text>,
        discount -> Yuan,
        /// How often the amount or the address was changed.
        amendments -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// Lines of orders.
    tb_order_goods (id) {
        id -> Integer,
        created_time -> Timestamp,
        updated_time -> Timestamp,
        #[sql_name = "count"]
        pieces -> Integer,
        price -> Yuan,
        order_id -> Text,
        sku_id -> Integer,
        /// This and the next two columns: the SKU when it was ordered; NULL in lines of the old back end.
        sku_name -> Nullable<Text>,
        sku_image_url -> Nullable<Text>,
        /// JSON: `[["颜色","红色"],…]`.
        sku_sale_attrs -> Nullable<Text>,
    }
}

diesel::table! {
    /// Every change of an order's status.
    dashop_order_timeline (id) {
        id -> Integer,
        order_id -> Text,
        from_status -> SmallInt,
        to_status -> SmallInt,
        actor -> Text,
        reason -> Text,
        at -> Timestamp,
        actor_name -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// Changes of orders besides their status, with the values before.
    dashop_order_amendment (id) {
        id -> Integer,
        order_id -> Text,
        kind -> Text,
        status -> SmallInt,
        amount_before -> Nullable<Yuan>,
        amount_after -> Nullable<Yuan>,
        old_title -> Nullable<Text>,
        old_receiver -> Nullable<Text>,
        old_mobile -> Nullable<Text>,
        old_street -> Nullable<Text>,
        actor -> Text,
        actor_name -> Nullable<Text>,
        request_id -> Nullable<Text>,
        reason -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// Attempts to pay an order. The first one is recorded only when its state changes.
    dashop_payment_attempt (id) {
        id -> Integer,
        /// The attempt's number at the channel.
        out_trade_no -> Text,
        order_id -> Text,
        channel -> Text,
        product -> Text,
        amount -> Yuan,
        state -> Text,
        opened_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        paid_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// Every payment that the channel has confirmed.
    dashop_payment (id) {
        id -> Integer,
        trade_no -> Text,
        channel -> Text,
        out_trade_no -> Text,
        trade_status -> Text,
        total_amount -> Yuan,
        refunded -> Yuan,
        buyer -> Nullable<Text>,
        paid_at -> Nullable<Timestamp>,
        status -> Text,
        source -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// Every refund: requested by dashop, or reported by the channel.
    dashop_refund (id) {
        id -> Integer,
        out_request_no -> Text,
        out_trade_no -> Text,
        channel -> Text,
        trade_no -> Text,
        amount -> Yuan,
        reason -> Text,
        kind -> Text,
        status -> Text,
        /// JSON: `[[4,1],…]`: SKU and number of pieces.
        restock -> Text,
        actor -> Text,
        actor_name -> Nullable<Text>,
        request_id -> Nullable<Text>,
        requested_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        failure -> Nullable<Text>,
        due_at -> Nullable<Timestamp>,
        due_attempts -> Integer,
    }
}

diesel::table! {
    /// Stock movements of an order after it was placed.
    dashop_stock_move (id) {
        id -> Integer,
        order_id -> Text,
        sku_id -> Integer,
        kind -> Text,
        pieces -> Integer,
        at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// The outbox: events of orders that webhooks deliver.
    dashop_outbox (id) {
        id -> BigInt,
        order_id -> Text,
        kind -> Text,
        from_status -> Nullable<SmallInt>,
        to_status -> SmallInt,
        amount -> Nullable<Yuan>,
        actor -> Text,
        reason -> Text,
        at -> Timestamp,
        due_at -> Nullable<Timestamp>,
        due_attempts -> Integer,
        delivered_at -> Nullable<Timestamp>,
        /// A UUID; NULL in rows that are older than this column.
        event_id -> Nullable<Text>,
        /// W3C's `traceparent` of the request that caused the event.
        traceparent -> Nullable<Text>,
        /// When the event was copied for the endpoints other than the first one.
        distributed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Yuan;

    /// Events for the webhook endpoints other than the first one; the columns are those of the outbox.
    dashop_webhook_delivery (id) {
        id -> BigInt,
        endpoint -> Text,
        order_id -> Text,
        kind -> Text,
        from_status -> Nullable<SmallInt>,
        to_status -> SmallInt,
        amount -> Nullable<Yuan>,
        actor -> Text,
        reason -> Text,
        at -> Timestamp,
        event_id -> Nullable<Text>,
        traceparent -> Nullable<Text>,
        due_at -> Nullable<Timestamp>,
        due_attempts -> Integer,
        delivered_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// The webhook endpoints of the settings.
    dashop_webhook_endpoint (name) {
        name -> Text,
        registered_at -> Timestamp,
        seen_at -> Timestamp,
        paused_at -> Nullable<Timestamp>,
        failing_since -> Nullable<Timestamp>,
        last_failure_at -> Nullable<Timestamp>,
        last_success_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// The delivery log: attempts to deliver events.
    dashop_webhook_attempt (id) {
        id -> BigInt,
        endpoint -> Text,
        event_id -> Text,
        order_id -> Text,
        kind -> Text,
        at -> Timestamp,
        took_ms -> Integer,
        outcome -> Text,
        http_status -> Nullable<SmallInt>,
    }
}

diesel::table! {
    /// Differences between the shop's records and a channel's bill of a day.
    dashop_difference (id) {
        id -> Integer,
        bill_date -> Text,
        channel -> Text,
        kind -> Text,
        trade_no -> Text,
        out_trade_no -> Text,
        out_request_no -> Nullable<Text>,
        ours -> Nullable<Text>,
        theirs -> Nullable<Text>,
        repair -> Nullable<Text>,
        found_at -> Timestamp,
    }
}

diesel::table! {
    /// Verified messages of channels that no other table can hold.
    dashop_refused_message (id) {
        id -> Integer,
        received_at -> Timestamp,
        reason -> Text,
        trade_no -> Text,
        out_trade_no -> Text,
        /// The body as it was received, cut to fit.
        message -> Text,
    }
}

diesel::table! {
    /// The direct buy that each user previewed last.
    dashop_direct_buy (user_id) {
        user_id -> Integer,
        sku_id -> Integer,
        quantity -> Integer,
        previewed_at -> Timestamp,
    }
}

diesel::table! {
    /// The order that was placed with each idempotency key.
    dashop_idempotency (user_id, idempotency_key) {
        user_id -> Integer,
        idempotency_key -> Text,
        digest -> Text,
        order_id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    /// Ordered lines that must still be removed from carts outside this database.
    dashop_cart_removal (order_id) {
        order_id -> Text,
        user_id -> Integer,
        /// JSON: `[[4,"<stored value>"],…]`.
        lines -> Text,
        recorded_at -> Timestamp,
        /// When the row was found to be unreadable; NULL if it was not.
        parked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// Carts of a shop without Redis.
    dashop_cart_line (user_id, sku_id) {
        user_id -> Integer,
        sku_id -> Integer,
        /// The value as Redis would hold it: `{"count": 2, "selected": 1}`.
        value -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    user_profile,
    address,
    ddsc_goods_catalog,
    ddsc_spu,
    ddsc_sku,
    ddsc_spu_sale_attr,
    ddsc_sale_attr_value,
    tb_order_info,
    tb_order_goods,
    dashop_cart_removal,
);
diesel::allow_tables_to_appear_in_same_query!(dashop_payment, dashop_refund, dashop_payment_attempt);
