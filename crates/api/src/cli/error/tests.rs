use std::io;

use domain::ledger::Refusal;

use super::*;
use crate::error_chain::chain;

fn order() -> OrderId {
    OrderId::parse("2019112820400804").unwrap()
}

fn unanswered() -> TransactError {
    StoreError::OutcomeUnknown(io::Error::from(io::ErrorKind::ConnectionReset).into()).into()
}

fn unavailable() -> TransactError {
    StoreError::Unavailable(io::Error::from(io::ErrorKind::ConnectionRefused).into()).into()
}

/// If something may have been done, the message does not say that it was not: repeated with another number, it would be
/// done twice.
#[test]
fn what_may_have_happened_is_not_said_not_to_have() {
    let order = order();
    let of_order = "dashop order 2019112820400804 finds out";
    for (error, what, how) in [
        (CommandError::ship(&order, unanswered()), "was shipped", of_order),
        (CommandError::cancel(&order, unanswered().into()), "was cancelled", of_order),
        (CommandError::lower_amount(&order, unanswered().into()), "costs less", of_order),
        (CommandError::change_address(&order, unanswered().into()), "goes to the new address", of_order),
        (
            CommandError::returning(&order, "r1", unanswered()),
            "went back into stock",
            "the same with --request-id r1 finds out",
        ),
    ] {
        let said = chain(&error);
        assert!(said.starts_with("it is not known whether ") && said.contains(what), "{said}");
        assert!(said.contains(&format!("; {how}: ")), "{said}");
    }
}

#[test]
fn a_refund_that_failed_at_the_database_may_have_been_made() {
    for cause in [unanswered(), unavailable(), TransactError::Conflict] {
        let said = chain(&CommandError::refund("OLD-7", "r1", cause.into()));
        let begin =
            "it is not known whether order OLD-7 was refunded; the same with --request-id r1 finds out: ";
        assert!(said.starts_with(begin), "{said}");
    }
    let refused = TransactError::from(Refusal::NothingToRefund).into();
    assert_eq!(
        chain(&CommandError::refund("OLD-7", "r1", refused)),
        "request r1: order OLD-7 was not refunded: there is nothing to refund"
    );
}

#[test]
fn what_was_not_done_is_said_with_its_request() {
    let order = order();
    let said = chain(&CommandError::returning(&order, "r1", unavailable()));
    let begin = "request r1: no pieces of order 2019112820400804 went back into stock: ";
    assert!(said.starts_with(begin), "{said}");
    let said = chain(&CommandError::ship(&order, unavailable()));
    assert!(
        said.starts_with("order 2019112820400804 was not shipped: the database is not available"),
        "{said}"
    );
}
