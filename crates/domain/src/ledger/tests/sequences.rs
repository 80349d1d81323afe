//! Random sequences of events.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{OrderStatus, Shipment};

/// A step: a refund request with the pieces to take back, Alipay's answer to the oldest open request, or a refund
/// outside this service.
#[derive(Debug, Clone)]
enum Step {
    Ask(Option<i64>, i32, u32),
    Succeed,
    Refuse,
    External(i64),
    /// The oldest failed refund turns out to have succeeded.
    AfterAll,
    /// Staff request the oldest failed refund again, under its number.
    AskAgain,
    /// Staff take pieces back without a refund.
    GiveBack(i32, u32),
    Ship,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (proptest::option::of(0_i64..20_000), 4_i32..7, 0_u32..3).prop_map(|(a, b, c)| Step::Ask(a, b, c)),
        Just(Step::Succeed),
        Just(Step::Refuse),
        (1_i64..9_000).prop_map(Step::External),
        Just(Step::AfterAll),
        Just(Step::AskAgain),
        (4_i32..7, 0_u32..3).prop_map(|(a, b)| Step::GiveBack(a, b)),
        Just(Step::Ship),
    ]
}

/// Alipay and the ledger; Alipay never refunds more than was paid.
struct World {
    ledger: OrderLedger,
    gone: i64,
    numbers: usize,
}

const PAID: i64 = 32_391;

fn fen(amount: Money) -> i64 {
    amount.to_string().replace('.', "").parse().unwrap()
}

impl World {
    fn of(ledger: OrderLedger) -> Self {
        Self { ledger, gone: 0, numbers: 0 }
    }

    fn number(&mut self) -> String {
        self.numbers += 1;
        format!("r{}", self.numbers)
    }

    fn run(&mut self, command: &Command) -> Result<(), Refusal> {
        let (_, after) = decide(&self.ledger, command)?;
        assert_eq!(decide(&after, command).map(|(events, _)| events), Ok(vec![]), "{command:?} again");
        self.ledger = after;
        Ok(())
    }

    fn ask(&mut self, fen: Option<i64>, sku_id: i32, wish: u32) -> Result<Refund, Refusal> {
        let number = self.number();
        let asked = RefundAsk {
            amount: fen.map(|fen| Money::from_fen(fen).unwrap()),
            restock: (wish > 0).then(|| pieces(&[(sku_id, wish)])),
            out_request_no: number.clone(),
            ..ask(None)
        };
        self.run(&Command::RequestRefund { ask: asked, lease: Duration::ZERO })?;
        Ok(self.ledger.refund(&number).unwrap().clone())
    }

    /// Alipay answers the oldest refund with this status.
    fn answer(&mut self, status: RefundStatus, is_willing: bool) {
        let Some(refund) = self.ledger.refunds.iter().find(|refund| refund.status == status) else { return };
        let (out_request_no, amount) = (refund.out_request_no.clone(), fen(refund.amount));
        let can_be = self.gone + amount <= PAID;
        if !can_be && status == RefundStatus::Failed {
            return;
        }
        let answer = if is_willing && can_be {
            self.gone += amount;
            RefundAnswer::Succeeded
        } else {
            RefundAnswer::Refused { reason: "no".to_owned(), is_final: true }
        };
        let command = Command::RecordRefundAnswer { out_request_no, answer, attempts: 0 };
        let (_, after) = decide(&self.ledger, &command).unwrap();
        self.ledger = after;
    }

    fn ask_again(&mut self) -> Result<(), Refusal> {
        let failed = self.ledger.refunds.iter().find(|refund| refund.status == RefundStatus::Failed);
        let Some(failed) = failed.cloned() else { return Ok(()) };
        let asked = RefundAsk {
            amount: Some(failed.amount),
            restock: Some(failed.restock),
            out_request_no: failed.out_request_no,
            ..ask(None)
        };
        self.run(&Command::RequestRefund { ask: asked, lease: Duration::ZERO })
    }

    /// A refund at Alipay, outside this service.
    fn external(&mut self, fen: i64) {
        let fen = fen.min(PAID - self.gone);
        if fen == 0 {
            return;
        }
        self.gone += fen;
        let (out_request_no, amount) = (self.number(), Money::from_fen(fen).unwrap());
        let refund = ConfirmedRefund {
            channel: crate::Channel::Alipay,
            trade_no: "A".to_owned(),
            out_request_no,
            amount,
        };
        self.run(&Command::RecordRefund { refund, proof: None, is_number_in_use: false }).unwrap();
    }

    fn pieces_back(&self, sku_id: i32) -> u32 {
        let of_sku = self.ledger.movements.iter().filter(|moved| moved.sku_id.0 == sku_id);
        of_sku.map(|moved| moved.pieces).sum()
    }

    fn requested(&self) -> i64 {
        let open = self.ledger.refunds.iter().filter(|refund| refund.status == RefundStatus::Requested);
        open.map(|refund| fen(refund.amount)).sum()
    }
}

proptest! {
    /// In any sequence of requests, answers and refunds elsewhere: refunds never exceed the payment, no more pieces go
    /// back than were bought, nothing refunded is shipped, and the records agree with Alipay.
    #[test]
    fn never_more_than_was_paid_and_bought(steps in vec(step(), 0..60)) {
        let mut world = World::of(paid_ledger(&[]));
        for step in steps {
            match step {
                Step::Ask(amount, sku_id, wish) => {
                    let before = fen(world.ledger.refundable(Channel::Alipay.trade("A")));
                    match world.ask(amount, sku_id, wish) {
                        Ok(refund) => {
                            prop_assert_eq!(fen(refund.amount), amount.unwrap_or(before));
                            prop_assert!(refund.amount > Money::ZERO && fen(refund.amount) <= before);
                        }
                        Err(Refusal::NothingToRefund) => prop_assert!(amount.unwrap_or(before) == 0),
                        Err(Refusal::ExceedsPayment { left }) => {
                            prop_assert_eq!(fen(left), before);
                            prop_assert!(amount.is_some_and(|amount| amount > before));
                        }
                        Err(Refusal::ExceedsOrder(sku)) => prop_assert_eq!(sku, SkuId(sku_id)),
                        Err(Refusal::NotAllowed(_)) => prop_assert_eq!(before, 0),
                        Err(other) => prop_assert!(false, "{}", other),
                    }
                }
                Step::Succeed => world.answer(RefundStatus::Requested, true),
                Step::Refuse => world.answer(RefundStatus::Requested, false),
                Step::External(amount) => world.external(amount),
                Step::AfterAll => world.answer(RefundStatus::Failed, true),
                Step::AskAgain => match world.ask_again() {
                    Ok(())
                    | Err(
                        Refusal::ExceedsPayment { .. } | Refusal::ExceedsOrder(_) | Refusal::NotAllowed(_),
                    ) => {}
                    Err(other) => prop_assert!(false, "{}", other),
                },
                Step::GiveBack(sku_id, count) => {
                    let request_no = world.number();
                    let command = Command::ReturnPieces { pieces: pieces(&[(sku_id, count)]), request_no, expected_returned: None };
                    if let Err(refusal) = world.run(&command) {
                        prop_assert_eq!(refusal, Refusal::ExceedsOrder(SkuId(sku_id)));
                    }
                }
                Step::Ship => {
                    let held = world.ledger.held(SkuId(4)) + world.ledger.held(SkuId(5));
                    let money_is_left = !world.ledger.refundable(Channel::Alipay.trade("A")).is_zero();
                    let shipment = Shipment::new("顺丰速运", "SF1", later()).unwrap();
                    let command = Command::Ship { shipment, receipt_after: Duration::ZERO };
                    if let Ok((events, after)) = decide(&world.ledger, &command) {
                        prop_assert!(events.is_empty() || held > 0 && money_is_left);
                        world.ledger = after;
                    }
                }
            }
            let ledger = &world.ledger;
            prop_assert_eq!(fen(ledger.refunded(Channel::Alipay.trade("A"))), world.gone);
            prop_assert!(world.gone <= PAID);
            prop_assert_eq!(ledger.is_wholly_refunded(), world.gone == PAID);
            prop_assert_eq!(status_of(ledger) == OrderStatus::Refunded, world.gone == PAID);
            prop_assert_eq!(fen(ledger.order.as_ref().unwrap().refunded_amount), world.gone);
            let (open, left) = (world.requested(), fen(ledger.refundable(Channel::Alipay.trade("A"))));
            prop_assert_eq!(left, (PAID - world.gone - open).max(0));
            prop_assert_eq!(ledger.is_being_refunded(), left == 0);
            prop_assert!(world.pieces_back(4) <= 2 && world.pieces_back(5) <= 1 && world.pieces_back(6) == 0);
            for sku in [4, 5] {
                prop_assert_eq!(ledger.in_stock[&SkuId(sku)], 7 + world.pieces_back(sku));
            }
        }
    }

    /// Exactly the owed amount is refunded, even if parts of it are refunded elsewhere meanwhile.
    #[test]
    fn what_is_owed_goes_back_whole(elsewhere in vec(1_i64..12_000, 0..8), asked_after in 0_usize..8) {
        let payment = paid("A", PaymentStatus::Late);
        let refunds = vec![Refund::automatic(&payment).unwrap()];
        let owing = OrderLedger { payments: vec![payment], refunds, ..ledger(OrderStatus::Cancelled) };
        let mut world = World::of(owing);
        for (index, amount) in elsewhere.into_iter().enumerate() {
            if index == asked_after {
                world.answer(RefundStatus::Requested, true);
            }
            world.external(amount);
            let open = world.ledger.refunds.iter().filter(|refund| refund.status == RefundStatus::Requested);
            prop_assert!(open.count() <= 1);
        }
        world.answer(RefundStatus::Requested, true);
        prop_assert_eq!(world.gone, PAID);
        prop_assert_eq!(fen(world.ledger.refunded(Channel::Alipay.trade("A"))), PAID);
        let numbers: std::collections::BTreeSet<_> =
            world.ledger.refunds.iter().map(|refund| &refund.out_request_no).collect();
        prop_assert_eq!(numbers.len(), world.ledger.refunds.len(), "each has a number of its own");
    }
}
