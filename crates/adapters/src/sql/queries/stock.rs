use async_trait::async_trait;
use diesel::{prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use domain::Allocation;
use ports::{StockOutcome, StockRepo, StoreError};

use super::{Conn, Unit, prepared::prepared};
use crate::sql::{failure::QueryError, schema::ddsc_sku, types::Amount};

#[async_trait]
impl StockRepo for Unit {
    async fn take(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        self.lease.call(|conn| take(conn, allocations, Terms::AsQuoted)).await
    }

    async fn retake(&mut self, allocations: &[Allocation]) -> Result<StockOutcome, StoreError> {
        self.lease.call(|conn| take(conn, allocations, Terms::WhateverTheyAre)).await
    }
}

/// On what terms stock may be taken.
#[derive(Debug, Clone, Copy)]
enum Terms {
    /// On the shelf, and at the price that was quoted.
    AsQuoted,
    /// The order exists already.
    WhateverTheyAre,
}

async fn take(conn: &mut Conn, allocations: &[Allocation], terms: Terms) -> Result<StockOutcome, QueryError> {
    for allocation in allocations {
        // A stock is an i32: more than it can hold is more than there is.
        let Ok(pieces) = i32::try_from(allocation.pieces) else { return Ok(StockOutcome::Changed) };
        let on_any_terms = match terms {
            Terms::AsQuoted => false,
            Terms::WhateverTheyAre => true,
        };
        let as_quoted = ddsc_sku::is_launched.eq(true).and(ddsc_sku::price.eq(Amount(allocation.price)));
        let available = ddsc_sku::id
            .eq(allocation.sku_id.0)
            .and(ddsc_sku::stock.ge(pieces))
            .and(on_any_terms.into_sql::<Bool>().or(as_quoted));
        let take = diesel::update(ddsc_sku::table.filter(available)).set((
            ddsc_sku::stock.eq(ddsc_sku::stock - pieces),
            ddsc_sku::sales.eq(ddsc_sku::sales + pieces),
            ddsc_sku::version.eq(ddsc_sku::version + 1),
        ));
        let taken = prepared(take).execute(conn).await?;
        if taken == 0 {
            return Ok(StockOutcome::Changed);
        }
    }
    Ok(StockOutcome::Taken)
}
