use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{ANONYMOUS, AddressId, OrderStatus, ShopTime};
use ports::{Anonymised, PersonalData, StoreError};

use super::{Conn, Database, dialect};
use crate::sql::{
    failure::QueryError,
    schema::{address, dashop_order_amendment, dashop_payment, dashop_payment_attempt, tb_order_info},
    types::Moment,
};

#[async_trait]
impl PersonalData for Database {
    async fn anonymise_orders(
        &self,
        ended_before: ShopTime,
        after: Option<&str>,
        limit: u32,
        apply: bool,
    ) -> Result<Anonymised<String>, StoreError> {
        self.transact(async |conn| orders(conn, ended_before, after, limit, apply).await).await
    }

    async fn anonymise_addresses(
        &self,
        removed_before: ShopTime,
        after: Option<AddressId>,
        limit: u32,
    ) -> Result<Anonymised<AddressId>, StoreError> {
        self.transact(async |conn| addresses(conn, removed_before, after, limit).await).await
    }
}

async fn orders(
    conn: &mut Conn,
    ended_before: ShopTime,
    after: Option<&str>,
    limit: u32,
    apply: bool,
) -> Result<Anonymised<String>, QueryError> {
    let ended = OrderStatus::ALL.into_iter().filter(|status| status.has_ended()).map(OrderStatus::code);
    let ended: Vec<i16> = ended.collect();
    // The phone shows whether an order is anonymous: a name may be any text, but a phone has digits.
    let is_known =
        tb_order_info::ship_mobile.is_null().or(tb_order_info::ship_mobile.assume_not_null().ne(ANONYMOUS));
    let numbers: Vec<String> = tb_order_info::table
        .filter(tb_order_info::order_id.gt(after.unwrap_or_default()))
        .filter(tb_order_info::status.eq_any(&ended))
        .filter(tb_order_info::updated_time.gt(no_date()))
        .filter(tb_order_info::updated_time.lt(Moment(ended_before)))
        .filter(is_known)
        .order(tb_order_info::order_id)
        .limit(limit.into())
        .select(tb_order_info::order_id)
        .load(conn)
        .await?;
    if apply && !numbers.is_empty() {
        // The conditions are checked again: an order may have been revived meanwhile.
        let these = tb_order_info::table
            .filter(tb_order_info::order_id.eq_any(&numbers))
            .filter(tb_order_info::updated_time.gt(no_date()))
            .filter(tb_order_info::updated_time.lt(Moment(ended_before)))
            .filter(tb_order_info::status.eq_any(&ended));
        diesel::update(these)
            .set((
                tb_order_info::ship_title.eq(""),
                tb_order_info::ship_receiver.eq(ANONYMOUS),
                tb_order_info::ship_mobile.eq(ANONYMOUS),
                tb_order_info::ship_address.eq(ANONYMOUS),
            ))
            .execute(conn)
            .await?;
        let forgotten: Vec<String> = tb_order_info::table
            .filter(tb_order_info::order_id.eq_any(&numbers))
            .filter(tb_order_info::ship_mobile.eq(ANONYMOUS))
            .select(tb_order_info::order_id)
            .load(conn)
            .await?;
        // Earlier addresses of the order; a reason may also name people.
        let redirected = dashop_order_amendment::table
            .filter(dashop_order_amendment::order_id.eq_any(&forgotten))
            .filter(dashop_order_amendment::kind.eq("address"));
        diesel::update(redirected)
            .set((
                dashop_order_amendment::old_title.eq(""),
                dashop_order_amendment::old_receiver.eq(ANONYMOUS),
                dashop_order_amendment::old_mobile.eq(ANONYMOUS),
                dashop_order_amendment::old_street.eq(ANONYMOUS),
                dashop_order_amendment::reason.eq(""),
            ))
            .execute(conn)
            .await?;
        let attempts: Vec<String> = dashop_payment_attempt::table
            .filter(dashop_payment_attempt::order_id.eq_any(&forgotten))
            .select(dashop_payment_attempt::out_trade_no)
            .load(conn)
            .await?;
        for paid_under in [forgotten, attempts] {
            let payments = dashop_payment::table.filter(dashop_payment::out_trade_no.eq_any(paid_under));
            diesel::update(payments).set(dashop_payment::buyer.eq(None::<String>)).execute(conn).await?;
        }
    }
    let found = numbers.len();
    Ok(done(numbers.into_iter(), found, limit))
}

async fn addresses(
    conn: &mut Conn,
    removed_before: ShopTime,
    after: Option<AddressId>,
    limit: u32,
) -> Result<Anonymised<AddressId>, QueryError> {
    let is_known =
        address::receiver_mobile.is_null().or(address::receiver_mobile.assume_not_null().ne(ANONYMOUS));
    let removed: Vec<(i32, i32)> = address::table
        .filter(address::id.gt(after.map_or(0, |AddressId(id)| id)))
        .filter(address::is_alive.eq(false))
        .filter(address::updated_time.gt(no_date()))
        .filter(address::updated_time.lt(Moment(removed_before)))
        .filter(is_known)
        .order(address::id)
        .limit(limit.into())
        .select((address::id, address::uid_id))
        .load(conn)
        .await?;
    let (ids, owners): (Vec<i32>, Vec<i32>) = removed.iter().copied().unzip();
    // Orders of the old back end have no copy of the address until they are anonymous, so they need the entry. This is
    // a separate query because MariaDB reads every order for a NOT EXISTS.
    let mut needed = tb_order_info::table
        .filter(tb_order_info::address_id.eq_any(&ids))
        .filter(tb_order_info::ship_receiver.is_null())
        .select(tb_order_info::address_id)
        .into_boxed();
    // With an index, orders of any user count: the old back end let buyers order to the addresses of other users.
    if !dialect::HAS_ADDRESS_INDEX {
        needed = needed.filter(tb_order_info::user_id.eq_any(&owners));
    }
    let needed: BTreeSet<i32> = needed.load(conn).await?.into_iter().collect();
    let entries: Vec<i32> = ids.iter().copied().filter(|id| !needed.contains(id)).collect();
    let these = address::table.filter(address::id.eq_any(&entries)).filter(address::is_alive.eq(false));
    let changed = diesel::update(these)
        .set((
            address::receiver.eq(ANONYMOUS),
            address::street.eq(ANONYMOUS),
            address::receiver_mobile.eq(ANONYMOUS),
            // Not NULL, because the old shop's columns may not allow it.
            address::postcode.eq(""),
            address::tag.eq(""),
        ))
        .execute(conn)
        .await?;
    Ok(done(ids.into_iter().map(AddressId), changed, limit))
}

/// A lower bound that excludes zero dates of the old shop, which do not show how old a row is.
fn no_date() -> Moment {
    Moment(ShopTime::UNIX_EPOCH)
}

/// The result of a batch that changed `changed` rows. It has a last key only if the batch was full.
fn done<K>(keys: impl ExactSizeIterator<Item = K>, changed: usize, limit: u32) -> Anonymised<K> {
    let is_full = keys.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let count = u64::try_from(changed).unwrap_or(u64::MAX);
    Anonymised { count, last: keys.last().filter(|_| is_full) }
}
