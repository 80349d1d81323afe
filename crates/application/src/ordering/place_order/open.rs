use std::collections::BTreeSet;

use domain::SkuId;

use super::{BatchRequest, PlacedOrder, PlacementError, Unplaced, draft::OrderDraft};

/// What a request came to.
pub type Outcome = Result<PlacedOrder, Unplaced>;

/// The requests of a group, and what became of them so far.
pub(super) struct OpenRequests<'a> {
    requests: &'a [BatchRequest],
    outcomes: Vec<Option<Outcome>>,
    /// What each wants, as far as that is known.
    wanted: Vec<Vec<SkuId>>,
}

impl<'a> OpenRequests<'a> {
    pub(super) fn new(requests: &'a [BatchRequest]) -> Self {
        let outcomes = requests.iter().map(|_| None).collect();
        Self { requests, outcomes, wanted: vec![Vec::new(); requests.len()] }
    }

    /// Those without an outcome, in their order.
    pub(super) fn members(&self) -> Vec<usize> {
        let open = self.outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none());
        open.map(|(member, _)| member).collect()
    }

    pub(super) fn requests(&self, members: &[usize]) -> Vec<&'a BatchRequest> {
        members.iter().filter_map(|member| self.requests.get(*member)).collect()
    }

    /// Remembers what the members want.
    pub(super) fn note_wanted(&mut self, members: &[usize], drafts: &[Result<OrderDraft<'_>, Unplaced>]) {
        for (member, draft) in members.iter().zip(drafts) {
            if let (Some(wanted), Ok(draft)) = (self.wanted.get_mut(*member), draft) {
                *wanted = draft.purchase.sku_ids().collect();
            }
        }
    }

    pub(super) fn wanted(&self, member: usize) -> impl Iterator<Item = SkuId> {
        self.wanted.get(member).into_iter().flatten().copied()
    }

    pub(super) fn wants_any(&self, member: usize, skus: &BTreeSet<SkuId>) -> bool {
        self.wanted(member).any(|sku_id| skus.contains(&sku_id))
    }

    /// Notes the outcomes of these members; `None` leaves a member open.
    pub(super) fn settle(&mut self, members: &[usize], outcomes: Vec<Option<Outcome>>) {
        for (member, outcome) in members.iter().zip(outcomes) {
            if let Some(open) = self.outcomes.get_mut(*member) {
                *open = outcome;
            }
        }
    }

    /// Gives all that are open the same outcome.
    pub(super) fn settle_all(&mut self, error: &PlacementError) {
        for open in self.outcomes.iter_mut().filter(|outcome| outcome.is_none()) {
            *open = Some(Err(error.clone().into()));
        }
    }

    /// The outcomes in the order of the requests; for those that are still open the shop was too busy.
    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        let outcomes = self.outcomes.into_iter();
        outcomes.map(|outcome| outcome.unwrap_or_else(|| Err(PlacementError::Busy.into()))).collect()
    }
}
