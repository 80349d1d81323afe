//! The state machine in the checker's form.

use std::collections::BTreeSet;

use dashmap::DashSet;
use domain::{
    Cause, OrderLedger, ShopTime,
    ledger::{Command, Event, Refusal},
};
use stateright::{Model, Property};

use crate::{Rule, Step, World, outcomes::Core};

/// The function that decides: [`OrderLedger::decide`], or a deliberately wrong one.
pub type Decide = fn(&OrderLedger, &Command, &Cause, ShopTime) -> Result<Vec<Event>, Refusal>;

/// The limits of the model.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many trades are opened under the order's number.
    pub trades: usize,
    /// The most attempts to pay: 1 if the buyer never changes the product or the account.
    pub attempts: usize,
    /// Whether staff lower the amount.
    pub lowers: bool,
    /// Whether a trade may have another amount than the order.
    pub wrong_amount: bool,
    /// How many refunds are made at Alipay's console.
    pub console_refunds: usize,
    /// How many refunds staff request.
    pub staff_refunds: usize,
    /// How often staff put pieces back into stock without money.
    pub returns: u8,
    /// Whether a second order competes for the stock.
    pub rival: bool,
    /// Whether a SKU may be deleted.
    pub deleted_sku: bool,
}

/// The model: a ledger's decisions in a world with these bounds.
pub struct Shop {
    /// The limits of the model.
    pub bounds: Bounds,
    pub(crate) core: Core,
    /// States from which an end is reached.
    pub(crate) ending: DashSet<u64>,
}

impl Shop {
    /// A shop with this decision function.
    pub fn new(bounds: Bounds, decide: Decide) -> Self {
        Self { bounds, core: Core::new(decide), ending: DashSet::new() }
    }

    /// The number of different records of an order.
    pub fn records(&self) -> usize {
        self.core.records()
    }

    /// The kinds of events and refusals that occurred.
    pub fn seen(&self) -> BTreeSet<String> {
        self.core.seen()
    }
}

impl Model for Shop {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin(self)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        world.steps(self, steps);
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        world.after(self, step)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! rules {
            ($($rule:ident),* $(,)?) => {
                vec![$(Property::always(stringify!($rule), |_, world: &World| world.keeps(Rule::$rule))),*]
            };
        }
        let mut properties = rules![
            EventsApply,
            EventsTellAll,
            RepeatsChangeNothing,
            TimelineExplains,
            PaidIsNotCancelled,
            PaidOnce,
            PaidExactly,
            AskedForTheAmount,
            NothingKept,
            SumsAgree,
            NothingBeyondPayment,
            NothingShippedThatWentBack,
            PiecesAreOut,
            UnshippedIsInStock,
            StockIsConstant,
            AlipayAgrees,
            WaitingIsWatched,
        ];
        properties.push(Property::always("EndIsReached", |shop: &Self, world| shop.reaches_an_end(world)));
        let happens = World::HAPPENS.into_iter();
        properties.extend(happens.map(|(name, condition)| Property::sometimes(name, condition)));
        properties
    }
}
