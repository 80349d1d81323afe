//! Changes of orders besides their status.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    Actor, AddressId, Amendment, Cause, Money, OrderId, OrderStatus, ShippingAddress, ShopTime, TimelineEntry,
};

use super::{
    Conn,
    columns::{cut, name, status},
};
use crate::sql::{
    failure::{QueryError, word},
    schema::{dashop_order_amendment, tb_order_info},
    types::{Amount, Moment},
};

/// How many characters of a reason are kept.
const REASON_CHARS: usize = 200;
const KIND: &str = "dashop_order_amendment.kind";

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = dashop_order_amendment, treat_none_as_default_value = false)]
struct AmendmentRow {
    order_id: String,
    kind: String,
    status: i16,
    amount_before: Option<Amount>,
    amount_after: Option<Amount>,
    old_title: Option<String>,
    old_receiver: Option<String>,
    old_mobile: Option<String>,
    old_street: Option<String>,
    actor: String,
    actor_name: Option<String>,
    request_id: Option<String>,
    reason: String,
    at: Moment,
}

/// Who made a change, why and when.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) cause: &'a Cause,
    pub(super) reason: &'a str,
    pub(super) at: ShopTime,
}

/// Lowers the amount. Returns false, and writes nothing, if the order is not 待付款 or its amount is not `before`.
pub(super) async fn lower_amount(
    conn: &mut Conn,
    number: &str,
    [before, after, discount]: [Money; 3],
    origin: Origin<'_>,
) -> Result<bool, QueryError> {
    let status = OrderStatus::AwaitingPayment;
    let unchanged = tb_order_info::table
        .find(number)
        .filter(tb_order_info::status.eq(status.code()))
        .filter(tb_order_info::total_amount.eq(Amount(before)));
    let compare_and_set = diesel::update(unchanged).set((
        tb_order_info::total_amount.eq(Amount(after)),
        tb_order_info::discount.eq(Amount(discount)),
        tb_order_info::amendments.eq(tb_order_info::amendments + 1),
        tb_order_info::updated_time.eq(Moment(origin.at)),
    ));
    if compare_and_set.execute(conn).await? == 0 {
        return Ok(false);
    }
    record(conn, number, status, &Amendment::Amount { before, after }, origin).await?;
    Ok(true)
}

/// Changes the address. Returns false, and writes nothing, if the order has another status.
pub(super) async fn change_address(
    conn: &mut Conn,
    number: &str,
    status: OrderStatus,
    [before, after]: [&ShippingAddress; 2],
    address_id: Option<AddressId>,
    origin: Origin<'_>,
) -> Result<bool, QueryError> {
    let in_status = tb_order_info::table.find(number).filter(tb_order_info::status.eq(status.code()));
    let compare_and_set = diesel::update(in_status).set((
        tb_order_info::ship_title.eq(&after.title),
        tb_order_info::ship_receiver.eq(&after.receiver),
        tb_order_info::ship_mobile.eq(&after.mobile),
        tb_order_info::ship_address.eq(&after.address),
        // None leaves the column as it is.
        address_id.map(|id| tb_order_info::address_id.eq(id.0)),
        tb_order_info::amendments.eq(tb_order_info::amendments + 1),
        tb_order_info::updated_time.eq(Moment(origin.at)),
    ));
    if compare_and_set.execute(conn).await? == 0 {
        return Ok(false);
    }
    record(conn, number, status, &Amendment::Address { before: before.clone() }, origin).await?;
    Ok(true)
}

async fn record(
    conn: &mut Conn,
    number: &str,
    status: OrderStatus,
    amendment: &Amendment,
    Origin { cause, reason, at }: Origin<'_>,
) -> Result<(), QueryError> {
    let (amounts, address) = match amendment {
        Amendment::Amount { before, after } => (Some((Amount(*before), Amount(*after))), None),
        Amendment::Address { before } => (None, Some(before)),
    };
    let row = AmendmentRow {
        order_id: number.to_owned(),
        kind: amendment.as_str().to_owned(),
        status: status.code(),
        amount_before: amounts.map(|(before, _)| before),
        amount_after: amounts.map(|(_, after)| after),
        old_title: address.map(|before| before.title.clone()),
        old_receiver: address.map(|before| before.receiver.clone()),
        old_mobile: address.map(|before| before.mobile.clone()),
        old_street: address.map(|before| before.address.clone()),
        actor: cause.actor.as_str().to_owned(),
        actor_name: cause.name.as_deref().map(name),
        request_id: cause.request_id.as_deref().map(name),
        reason: cut(reason, REASON_CHARS),
        at: Moment(at),
    };
    diesel::insert_into(dashop_order_amendment::table).values(row).execute(conn).await?;
    Ok(())
}

/// The amendments of an order, the oldest first.
pub(super) async fn of_order(conn: &mut Conn, id: &OrderId) -> Result<Vec<TimelineEntry>, QueryError> {
    let rows: Vec<AmendmentRow> = dashop_order_amendment::table
        .filter(dashop_order_amendment::order_id.eq(id.as_str()))
        .order(dashop_order_amendment::id)
        .select(AmendmentRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(TimelineEntry::try_from).collect()
}

impl TryFrom<AmendmentRow> for TimelineEntry {
    type Error = QueryError;

    fn try_from(row: AmendmentRow) -> Result<Self, QueryError> {
        let amendment = match (row.kind.as_str(), row.amount_before, row.amount_after) {
            ("amount", Some(before), Some(after)) => Amendment::Amount { before: before.0, after: after.0 },
            ("address", None, None) => Amendment::Address {
                before: ShippingAddress {
                    title: row.old_title.unwrap_or_default(),
                    receiver: row.old_receiver.unwrap_or_default(),
                    mobile: row.old_mobile.unwrap_or_default(),
                    address: row.old_street.unwrap_or_default(),
                },
            },
            _other => return Err(QueryError::corrupt(KIND, &row.kind)),
        };
        let status = status("dashop_order_amendment.status", row.status)?;
        let actor = word("dashop_order_amendment.actor", &row.actor, Actor::from_word)?;
        Ok(Self {
            from: Some(status),
            to: status,
            cause: Cause { actor, name: row.actor_name, request_id: row.request_id },
            reason: row.reason,
            amendment: Some(amendment),
            at: row.at.0,
        })
    }
}
