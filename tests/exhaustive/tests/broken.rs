//! The model can fail: for each wrong way to decide, it finds steps that reveal it.
//!
//! The wrong decisions come from [`OrderLedger::decide`] with another ledger, or with changed events.

use domain::{
    AttemptState, Cause, OrderLedger, OrderStatus, PaymentStatus, ShopTime, SkuId, StockMoveKind,
    ledger::{Command, Event, RefundAnswer, Refusal},
};
use exhaustive::{Bounds, Decide, Shop};
use stateright::{Checker as _, Expectation, HasDiscoveries, Model as _};

const BOUNDS: Bounds = Bounds {
    attempts: 1,
    lowers: false,
    trades: 2,
    wrong_amount: false,
    console_refunds: 1,
    staff_refunds: 2,
    returns: 2,
    rival: true,
    deleted_sku: false,
};

type Decided = Result<Vec<Event>, Refusal>;

/// For errors when an order is lowered.
const LOWERING: Bounds = Bounds {
    attempts: 2,
    lowers: true,
    console_refunds: 0,
    staff_refunds: 0,
    returns: 0,
    rival: false,
    ..BOUNDS
};

/// Asserts that steps are found that break the rule, and that the same steps break none with the right decisions.
fn assert_found(rule: &'static str, decide: Decide) {
    assert_found_within(BOUNDS, rule, decide);
}

fn assert_found_within(bounds: Bounds, rule: &'static str, decide: Decide) {
    let checker = Shop::new(bounds, decide)
        .checker()
        .finish_when(HasDiscoveries::AnyOf([rule].into()))
        .spawn_bfs()
        .join();
    let path = checker.discovery(rule).unwrap_or_else(|| panic!("nothing breaks {rule}"));
    println!("{rule} is broken by {path}");
    let sound = Shop::new(bounds, OrderLedger::decide);
    let rules = sound.properties();
    let mut world = sound.init_states().remove(0);
    for step in path.into_actions() {
        world = sound.next_state(&world, step).unwrap_or(world);
        let broken = rules.iter().filter(|rule| rule.expectation == Expectation::Always);
        let broken: Vec<_> =
            broken.filter(|rule| !(rule.condition)(&sound, &world)).map(|rule| rule.name).collect();
        assert!(broken.is_empty(), "{broken:?} by {step:?}");
    }
}

/// Decides on the ledger after `change`.
fn decide_on(
    ledger: &OrderLedger,
    change: impl FnOnce(&mut OrderLedger),
    command: &Command,
    cause: &Cause,
    at: ShopTime,
) -> Decided {
    let mut shown = ledger.clone();
    change(&mut shown);
    shown.decide(command, cause, at)
}

#[test]
fn a_duplicate_payment_that_is_kept() {
    assert_found("NothingKept", |ledger, command, cause, at| {
        let mut events = ledger.decide(command, cause, at)?;
        let is_duplicate = |event: &Event| matches!(event, Event::PaymentRecorded(paid) if paid.status == PaymentStatus::Duplicate);
        if events.iter().any(is_duplicate) {
            events.retain(|event| !matches!(event, Event::RefundRequested { .. }));
        }
        Ok(events)
    });
}

#[test]
fn stock_that_is_returned_twice() {
    assert_found("PiecesAreOut", |ledger, command, cause, at| {
        let forget = |shown: &mut OrderLedger| {
            if let Command::ReturnPieces { request_no, .. } = command {
                let this = StockMoveKind::Returned(request_no.clone());
                shown.movements.retain(|moved| moved.kind == this);
            }
        };
        decide_on(ledger, forget, command, cause, at)
    });
}

#[test]
fn a_trade_that_went_back_and_is_not_closed() {
    assert_found("NothingShippedThatWentBack", |ledger, command, cause, at| match command {
        Command::CloseTrade { .. } => Ok(Vec::new()),
        _ => ledger.decide(command, cause, at),
    });
}

#[test]
fn a_refund_above_the_payment() {
    assert_found("NothingBeyondPayment", |ledger, command, cause, at| {
        let forget = |shown: &mut OrderLedger| {
            if let Command::RequestRefund { ask, .. } = command {
                shown.refunds.retain(|refund| refund.out_request_no == ask.out_request_no);
            }
        };
        decide_on(ledger, forget, command, cause, at)
    });
}

#[test]
fn a_paid_order_that_is_cancelled() {
    for rule in ["PaidIsNotCancelled", "TimelineExplains", "EventsApply", "EventsTellAll"] {
        assert_found(rule, |ledger, command, cause, at| {
            let forget = |shown: &mut OrderLedger| {
                let paid = shown.order.as_mut().filter(|order| order.status == OrderStatus::AwaitingShipment);
                if let (Some(order), Command::Cancel { .. }) = (paid, command) {
                    order.status = OrderStatus::AwaitingPayment;
                }
            };
            decide_on(ledger, forget, command, cause, at)
        });
    }
}

#[test]
fn a_shipped_order_whose_every_piece_went_back() {
    assert_found("NothingShippedThatWentBack", |ledger, command, cause, at| {
        let forget = |shown: &mut OrderLedger| {
            if let Command::Ship { .. } = command {
                shown.movements.clear();
                shown.refunds.iter_mut().for_each(|refund| refund.restock.clear());
            }
        };
        decide_on(ledger, forget, command, cause, at)
    });
}

#[test]
fn a_shipped_order_whose_money_went_back() {
    assert_found("NothingShippedThatWentBack", |ledger, command, cause, at| {
        let forget = |shown: &mut OrderLedger| {
            if let Command::Ship { .. } = command {
                shown.refunds.clear();
            }
        };
        decide_on(ledger, forget, command, cause, at)
    });
}

#[test]
fn an_order_that_two_payments_paid() {
    assert_found("PaidOnce", |ledger, command, cause, at| {
        let forget = |shown: &mut OrderLedger| {
            if let Command::RecordTrade { trade, .. } = command {
                shown.payments.retain(|payment| payment.trade.trade_no == trade.trade_no);
            }
        };
        decide_on(ledger, forget, command, cause, at)
    });
}

#[test]
fn a_refund_that_is_taken_for_done() {
    assert_found("AlipayAgrees", |ledger, command, cause, at| {
        let mut command = command.clone();
        if let Command::RecordRefundAnswer { answer, .. } = &mut command {
            *answer = RefundAnswer::Succeeded;
        }
        ledger.decide(&command, cause, at)
    });
}

#[test]
fn a_sum_without_the_last_refund() {
    assert_found("SumsAgree", |ledger, command, cause, at| {
        let mut events = ledger.decide(command, cause, at)?;
        for event in &mut events {
            if let Event::RefundSucceeded { refund, trade_refunded, .. } = event {
                *trade_refunded = ledger.refunded(refund.trade());
            }
        }
        Ok(events)
    });
}

#[test]
fn pieces_that_are_returned_anew_by_a_repeated_request() {
    assert_found("RepeatsChangeNothing", |ledger, command, cause, at| {
        let forget = |shown: &mut OrderLedger| {
            if let Command::ReturnPieces { .. } = command {
                shown.movements.clear();
            }
        };
        decide_on(ledger, forget, command, cause, at)
    });
}

#[test]
fn a_revived_order_whose_stock_is_gone() {
    assert_found("StockIsConstant", |ledger, command, cause, at| {
        let plenty = |shown: &mut OrderLedger| shown.in_stock = [1, 2].map(|id| (SkuId(id), 100)).into();
        decide_on(ledger, plenty, command, cause, at)
    });
}

#[test]
fn unshipped_pieces_that_are_forgotten() {
    assert_found("UnshippedIsInStock", |ledger, command, cause, at| {
        let mut events = ledger.decide(command, cause, at)?;
        if let Command::RecordRefund { .. } = command {
            events.retain(|event| !matches!(event, Event::StockReturned { .. }));
        }
        Ok(events)
    });
}

/// The job finds the order unpaid and asks Alipay; meanwhile it is cancelled, and may still be paid.
#[test]
fn a_timer_that_is_taken_off_while_the_order_is_looked_at() {
    assert_found("WaitingIsWatched", |ledger, command, cause, at| {
        let mut command = command.clone();
        if let (Command::SetTimer { found, .. }, Some(order)) = (&mut command, &ledger.order) {
            *found = order.status;
        }
        ledger.decide(&command, cause, at)
    });
}

#[test]
fn an_owed_refund_that_can_no_longer_happen() {
    assert_found("EndIsReached", |ledger, command, cause, at| {
        let mut events = ledger.decide(command, cause, at)?;
        if let Command::RecordRefund { .. } = command {
            let is_replaced = |event: &Event| matches!(event, Event::RefundFailed { .. });
            if let Some(at) = events.iter().position(is_replaced) {
                events.truncate(at);
            }
        }
        Ok(events)
    });
}

#[test]
fn an_order_that_its_old_amount_pays() {
    assert_found_within(LOWERING, "PaidExactly", |ledger, command, cause, at| {
        let undo = |shown: &mut OrderLedger| {
            if let (Some(order), Command::RecordTrade { .. }) = (&mut shown.order, command) {
                order.total_amount = order.listed_amount();
            }
        };
        decide_on(ledger, undo, command, cause, at)
    });
}

#[test]
fn a_paid_order_that_is_lowered() {
    assert_found_within(LOWERING, "EventsApply", |ledger, command, cause, at| {
        let forget = |shown: &mut OrderLedger| {
            if let (Some(order), Command::LowerAmount { .. }) = (&mut shown.order, command) {
                order.status = OrderStatus::AwaitingPayment;
            }
        };
        decide_on(ledger, forget, command, cause, at)
    });
}

/// The second attempt was opened after Alipay was asked about the first one.
#[test]
fn an_order_that_is_lowered_while_it_can_be_paid() {
    assert_found_within(LOWERING, "AskedForTheAmount", |ledger, command, cause, at| {
        let overlook = |shown: &mut OrderLedger| {
            if let Command::LowerAmount { .. } = command {
                let open = shown.attempts.iter_mut().filter(|attempt| attempt.state == AttemptState::Open);
                open.for_each(|attempt| attempt.state = AttemptState::GivenUp);
            }
        };
        decide_on(ledger, overlook, command, cause, at)
    });
}
