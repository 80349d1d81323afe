words! {
    /// What the amount of an order of the old back end contains.
    #[derive(Default)]
    pub enum OldTotals {
        /// Goods and freight, as dashop reads it.
        #[default]
        WithFreight = "with_freight",
        /// The goods alone, as one version of the old back end wrote it.
        GoodsAlone = "goods_alone",
    }
}

words! {
    /// Whether `sales` counts the pieces of all orders, from the first one on.
    #[derive(Default)]
    pub enum OldSales {
        /// `sales` is the number of pieces that the orders hold.
        #[default]
        Counted = "counted",
        /// `sales` started at a number that no order explains.
        BeganElsewhere = "began_elsewhere",
    }
}

/// How the audit reads the old back end's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditTerms {
    /// The amounts of orders.
    pub old_totals: OldTotals,
    /// The sales of SKUs.
    pub old_sales: OldSales,
}

/// How many orders of the old back end, among those with freight, have each kind of amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OldTotalsSeen {
    /// The number of orders whose amount is goods and freight.
    pub with_freight: u64,
    /// The number of orders whose amount is the goods alone.
    pub goods_alone: u64,
}

impl OldTotalsSeen {
    /// The kind that most of the counted orders have; `None` if none was counted.
    pub fn looks_like(self) -> Option<OldTotals> {
        if self.with_freight == 0 && self.goods_alone == 0 {
            None
        } else if self.goods_alone > self.with_freight {
            Some(OldTotals::GoodsAlone)
        } else {
            Some(OldTotals::WithFreight)
        }
    }
}
