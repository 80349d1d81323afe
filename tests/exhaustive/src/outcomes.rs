//! The effect of a command, and the checks on the way.
//!
//! `decide` is pure, so the effect is computed once for each record and stored.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use dashmap::DashMap;
use domain::{
    Cause, SkuId,
    ledger::{Event, Refusal},
};

use crate::{
    Cmd, Decide, Known, Record, Rule,
    command::{Answer, BOUGHT},
    record::{Key, Stock},
    rules::{self, Broken},
};

/// The effect of a command.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) order: Known,
    pub(crate) stock: Stock,
    pub(crate) is_refused: bool,
    /// The rules that were broken on the way.
    pub(crate) broken: Broken,
}

/// The records, and the effect of each command on each of them.
pub(crate) struct Core {
    decide: Decide,
    records: DashMap<Key, Known>,
    outcomes: DashMap<(Known, Cmd, Stock), Outcome>,
    seen: Mutex<BTreeSet<String>>,
}

impl Core {
    pub(crate) fn new(decide: Decide) -> Self {
        Self { decide, records: DashMap::new(), outcomes: DashMap::new(), seen: Mutex::default() }
    }

    /// Stores the record once.
    pub(crate) fn keep(&self, record: Record) -> Known {
        let key = Key(record);
        if let Some(known) = self.records.get(&key) {
            return known.clone();
        }
        let broken = rules::broken_by(&key.0);
        let known = Known::new(key.0.clone(), broken);
        self.records.entry(key).or_insert(known).clone()
    }

    /// The number of different records.
    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    /// The kinds of events and refusals that occurred.
    pub(crate) fn seen(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The effect of a command.
    pub(crate) fn outcome(&self, order: &Known, cmd: Cmd, stock: Stock) -> Outcome {
        let key = (order.clone(), cmd, stock);
        if let Some(outcome) = self.outcomes.get(&key) {
            return outcome.clone();
        }
        let outcome = self.work_out(order, cmd, stock);
        self.outcomes.insert(key, outcome.clone());
        outcome
    }

    fn work_out(&self, order: &Known, cmd: Cmd, stock: Stock) -> Outcome {
        let mut before = Record::clone(order);
        before.ledger.in_stock = BOUGHT
            .iter()
            .zip(stock)
            .filter_map(|((sku_id, _), pieces)| Some((*sku_id, u32::from(pieces?))))
            .collect();
        let mut outcome = match self.decide(&before, cmd) {
            Err(refusal) => {
                let mut broken = Broken::default();
                if matches!(refusal, Refusal::Contradiction(_)) {
                    broken.add(Rule::EventsApply);
                }
                Outcome { is_refused: true, ..Outcome::unchanged(order, stock, broken) }
            }
            Ok(events) if events.is_empty() => Outcome::unchanged(order, stock, Broken::default()),
            Ok(events) => self.write(before, &events, cmd, stock),
        };
        if let Cmd::CloseTrade(message) = cmd
            && rules::is_left(&outcome.order.ledger, &message.to_domain(&order.ledger.number, order.now(cmd)))
        {
            outcome.broken.add(Rule::NothingShippedThatWentBack);
        }
        outcome
    }

    /// Writes the events, and checks the rules about changes.
    fn write(&self, before: Record, events: &[Event], cmd: Cmd, stock: Stock) -> Outcome {
        let mut broken = Broken::default();
        let mut applied = before.ledger.clone();
        if events.iter().try_for_each(|event| applied.apply(event)).is_err() {
            broken.add(Rule::EventsApply);
        }
        let mut after = before;
        for event in events {
            broken.add_all(rules::broken_by_event(&after.ledger, event));
            after.write(event);
        }
        if after.ledger != applied {
            broken.add(Rule::EventsTellAll);
        }
        if !self.changes_nothing_again(&after, cmd) {
            broken.add(Rule::RepeatsChangeNothing);
        }
        if let Cmd::RequestRefund(_, ask) = cmd
            && ask.names_pieces()
        {
            after.pieces_are_decided = true;
        }
        let pieces = |(sku_id, _): (SkuId, u8)| after.ledger.in_stock.get(&sku_id).copied();
        let [first, second] = BOUGHT.map(pieces);
        let in_stock = |before: Option<u8>, after: Option<u32>| {
            before.and(after).map(|pieces| u8::try_from(pieces).unwrap_or(u8::MAX))
        };
        let stock = [in_stock(stock[0], first), in_stock(stock[1], second)];
        after.forget_times();
        Outcome { order: self.keep(after), stock, is_refused: false, broken }
    }

    /// Whether the same command changes nothing after it was carried out.
    fn changes_nothing_again(&self, after: &Record, cmd: Cmd) -> bool {
        let again = self.decide(after, cmd);
        match cmd {
            // Asking twice about the same thing is no error, and neither is waiting twice.
            Cmd::RecordTrade(_)
            | Cmd::CloseTrade(_)
            | Cmd::SetTimer { .. }
            | Cmd::RecordAnswer(
                _,
                Answer::Refused | Answer::NotNow | Answer::NotNowForLong | Answer::Unclear,
            ) => {
                let Ok(events) = again else { return false };
                let mut twice = after.clone();
                events.iter().for_each(|event| twice.write(event));
                let (mut once, stock) = (after.clone(), twice.ledger.in_stock == after.ledger.in_stock);
                once.forget_times();
                twice.forget_times();
                stock && once == twice
            }
            Cmd::Ship
            | Cmd::RecordRefund { .. }
            | Cmd::RequestRefund(..)
            | Cmd::RecordAnswer(_, Answer::Succeeded)
            | Cmd::Cancel { .. }
            | Cmd::CancelAll(_)
            | Cmd::OpenAttempt(_)
            | Cmd::LowerAmount(_)
            | Cmd::EndAttempts
            | Cmd::ConfirmReceipt { .. }
            | Cmd::ReturnPieces(..) => again.is_ok_and(|events| events.is_empty()),
        }
    }

    fn decide(&self, record: &Record, cmd: Cmd) -> Result<Vec<Event>, Refusal> {
        let at = record.now(cmd);
        let command = cmd.to_domain(&record.ledger.number, at);
        let decided = (self.decide)(&record.ledger, &command, &Cause::system(), at);
        let words = match &decided {
            Ok(events) => events.iter().map(first_word).collect(),
            Err(refusal) => vec![format!("refused: {}", first_word(refusal))],
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for word in words {
            seen.insert(word);
        }
        decided
    }
}

/// The name of an enum's variant.
fn first_word(of: &impl fmt::Debug) -> String {
    struct Word(String);
    impl fmt::Write for Word {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = text.find(|char: char| !char.is_alphanumeric()).unwrap_or(text.len());
            self.0.push_str(text.get(..end).unwrap_or_default());
            if end < text.len() { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut word = Word(String::new());
    // Writing stops after the first word.
    let _stopped = write!(word, "{of:?}");
    word.0
}

impl Outcome {
    fn unchanged(order: &Known, stock: Stock, broken: Broken) -> Self {
        Self { order: order.clone(), stock, is_refused: false, broken }
    }

    /// Whether the command has an effect. The stock changes only together with the record.
    pub(crate) fn changes(&self, before: &Known) -> bool {
        self.order != *before || self.broken.is_any()
    }
}
