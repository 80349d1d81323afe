words! {
    /// What the amount of the old back end's orders is.
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
    /// Whether `sales` counts the pieces in orders from the first order on.
    #[derive(Default)]
    pub enum OldSales {
        /// It does.
        #[default]
        Counted = "counted",
        /// It began with a number that no order explains.
        BeganElsewhere = "began_elsewhere",
    }
}

/// How the old back end's rows are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditTerms {
    /// Their amounts.
    pub old_totals: OldTotals,
    /// The sales of SKUs.
    pub old_sales: OldSales,
}

/// How many of the old back end's orders with freight have which amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OldTotalsSeen {
    /// Goods and freight.
    pub with_freight: u64,
    /// The goods alone.
    pub goods_alone: u64,
}

impl OldTotalsSeen {
    /// What the old orders look like; `None` if none of them tells.
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
