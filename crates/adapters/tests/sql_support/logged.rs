//! What the store logs.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use tracing::{Event, Level, Metadata, Subscriber, field::Field, span};

/// The table and the key of each error that this thread logs.
#[derive(Clone, Default)]
pub(crate) struct Errors(Arc<Mutex<Vec<String>>>);

impl Errors {
    /// The errors since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let (mut table, mut key) = (String::new(), String::new());
        let mut visit = |field: &Field, value: &dyn fmt::Debug| match field.name() {
            "table" => table = format!("{value:?}").trim_matches('"').to_owned(),
            "key" => key = format!("{value:?}"),
            _ => {}
        };
        event.record(&mut visit);
        self.0.lock().unwrap().push(format!("{table} {key}"));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
