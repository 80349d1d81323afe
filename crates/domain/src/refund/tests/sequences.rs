//! Whatever happens in whatever order.

use proptest::{collection::vec, prelude::*};

use super::*;

/// Something that happens to a payment: what is asked for and what the shop would take back, how Alipay answers the
/// oldest question that is open, or a refund past this service.
#[derive(Debug, Clone)]
enum Step {
    Ask(Option<i64>, i32, u32),
    Succeed,
    Refuse,
    External(i64),
    /// The oldest refund that was taken for failed turns out to have happened.
    AfterAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (proptest::option::of(0_i64..20_000), 4_i32..7, 0_u32..3).prop_map(|(a, b, c)| Step::Ask(a, b, c)),
        Just(Step::Succeed),
        Just(Step::Refuse),
        (1_i64..9_000).prop_map(Step::External),
        Just(Step::AfterAll),
    ]
}

/// Alipay and the ledger; Alipay never sends back more than was paid.
struct World {
    books: Record,
    gone: i64,
    numbers: usize,
}

const PAID: i64 = 32_391;

fn fen(amount: Money) -> i64 {
    amount.to_string().replace('.', "").parse().unwrap()
}

impl World {
    fn of(books: Record) -> Self {
        Self { books, gone: 0, numbers: 0 }
    }

    fn number(&mut self) -> String {
        self.numbers += 1;
        format!("r{}", self.numbers)
    }

    fn ask(&mut self, fen: Option<i64>, sku_id: i32, wish: u32) -> Result<Refund, RefundRefusal> {
        let asked = RefundAsk {
            amount: fen.map(|fen| Money::from_fen(fen).unwrap()),
            restock: pieces(&[(sku_id, wish)]),
            out_request_no: self.number(),
            ..ask(None)
        };
        let refund = self.books.decide(&asked)?;
        self.books.refunds.push(refund.clone());
        Ok(refund)
    }

    /// Alipay's answer about the oldest refund that is open.
    fn answer(&mut self, is_willing: bool) {
        let open = self.books.refunds.iter_mut().find(|refund| refund.status == Requested);
        let Some(refund) = open else { return };
        if !is_willing || self.gone + fen(refund.amount) > PAID {
            refund.status = Failed;
            return;
        }
        refund.status = Succeeded;
        let done = refund.clone();
        self.book(&done);
    }

    /// What follows from a refund that succeeded.
    fn book(&mut self, done: &Refund) {
        self.gone += fen(done.amount);
        self.books.moves.extend(done.restock.iter().map(|back| taken_back(back.sku_id.0, back.pieces)));
        if self.books.view().is_wholly_refunded()
            && let Some(order) = &mut self.books.order
            && let Ok(crate::Transition::To(status)) = order.status.on(OrderEvent::FullyRefunded)
        {
            order.status = status;
        }
    }

    fn after_all(&mut self) {
        let failed = self.books.refunds.iter().position(|refund| refund.status == Failed);
        let Some(index) = failed else { return };
        let Refund { out_request_no, amount, .. } = self.books.refunds[index].clone();
        if self.gone + fen(amount) > PAID {
            return;
        }
        let done = self.books.view().happened_after_all("A", &out_request_no, amount, noon()).unwrap();
        self.books.refunds[index] = done.clone();
        self.book(&done);
    }

    /// A refund at Alipay, past this service, and what follows from it here.
    fn external(&mut self, fen: i64) {
        let fen = fen.min(PAID - self.gone);
        if fen == 0 {
            return;
        }
        self.gone += fen;
        let number = self.number();
        let amount = Money::from_fen(fen).unwrap();
        let external = self.books.view().external("A", &number, amount, noon()).unwrap();
        self.books.refunds.push(external);
        if let Some(superseded) = self.books.view().superseded("A", noon()) {
            let refunds = self.books.refunds.iter_mut();
            for refund in refunds.filter(|refund| refund.out_request_no == superseded.out_request_no) {
                refund.status = Failed;
            }
            self.books.refunds.extend(superseded.rest);
        }
    }

    fn pieces_back(&self, sku_id: i32) -> u32 {
        let of_sku = self.books.moves.iter().filter(|moved| moved.sku_id.0 == sku_id);
        of_sku.map(|moved| moved.pieces).sum()
    }

    fn sum(&self, counts: impl Fn(&Refund) -> bool) -> i64 {
        self.books.refunds.iter().filter(|refund| counts(refund)).map(|refund| fen(refund.amount)).sum()
    }
}

proptest! {
    /// Whatever is asked for, answered and done elsewhere: the shop sends no more than was paid, no line goes back
    /// more often than it was bought, and the books know what Alipay knows.
    #[test]
    fn never_more_than_was_paid_and_bought(steps in vec(step(), 0..60)) {
        let mut world = World::of(record(&[]));
        for step in steps {
            match step {
                Step::Ask(amount, sku_id, wish) => {
                    let before = fen(world.books.view().refundable("A"));
                    match world.ask(amount, sku_id, wish) {
                        Ok(refund) => {
                            prop_assert_eq!(fen(refund.amount), amount.unwrap_or(before));
                            prop_assert!(refund.amount > Money::ZERO && fen(refund.amount) <= before);
                        }
                        Err(RefundRefusal::NothingToRefund) => {
                            prop_assert!(amount.unwrap_or(before) == 0);
                        }
                        Err(RefundRefusal::ExceedsPayment { left }) => {
                            prop_assert_eq!(fen(left), before);
                            prop_assert!(amount.is_some_and(|amount| amount > before));
                        }
                        Err(RefundRefusal::ExceedsOrder(sku)) => prop_assert_eq!(sku, SkuId(sku_id)),
                        Err(RefundRefusal::NotAllowed(_)) => prop_assert_eq!(before, 0),
                    }
                }
                Step::Succeed => world.answer(true),
                Step::Refuse => world.answer(false),
                Step::External(amount) => world.external(amount),
                Step::AfterAll => world.after_all(),
            }
            let books = world.books.view();
            prop_assert_eq!(fen(books.gone_back("A")), world.gone);
            prop_assert!(world.gone <= PAID);
            prop_assert_eq!(books.is_wholly_refunded(), world.gone == PAID);
            let (open, left) = (world.sum(|refund| refund.status == Requested), fen(books.refundable("A")));
            prop_assert_eq!(left, (PAID - world.gone - open).max(0));
            prop_assert_eq!(books.is_given_up(), left == 0);
            prop_assert!(world.pieces_back(4) <= 2 && world.pieces_back(5) <= 1 && world.pieces_back(6) == 0);
        }
    }

    /// What is owed goes back to the last fen, and no further, however much of it is refunded elsewhere meanwhile.
    #[test]
    fn what_is_owed_goes_back_whole(elsewhere in vec(1_i64..12_000, 0..8), asked_after in 0_usize..8) {
        let mut world = World::of(owing(&[]));
        for (index, amount) in elsewhere.into_iter().enumerate() {
            if index == asked_after {
                world.answer(true);
            }
            world.external(amount);
            let open = world.books.refunds.iter().filter(|refund| refund.status == Requested);
            prop_assert!(open.count() <= 1);
        }
        world.answer(true);
        prop_assert_eq!(world.gone, PAID);
        prop_assert_eq!(fen(world.books.view().gone_back("A")), PAID);
        let numbers: std::collections::BTreeSet<_> =
            world.books.refunds.iter().map(|refund| &refund.out_request_no).collect();
        prop_assert_eq!(numbers.len(), world.books.refunds.len(), "each has a number of its own");
    }
}
