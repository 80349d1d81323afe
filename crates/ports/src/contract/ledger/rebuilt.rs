//! Random sequences of commands.

use std::{sync::Arc, time::Duration};

use domain::{
    EndedAttempt, PaymentProduct, RefundAsk, Trade,
    ledger::{Command, ConfirmedRefund, RefundAnswer},
};

use super::*;
use crate::contract::samples::shipping;

/// How many commands are decided, one after the other.
const STEPS: u64 = 120;

/// Numbers that look random and are the same each time: a linear congruential generator (Knuth, MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()]
    }
}

fn a_trade(numbers: &mut Numbers, ledger: &OrderLedger) -> Trade {
    let status = numbers.one_of(&[TradeStatus::Success, TradeStatus::Finished, TradeStatus::WaitBuyerPay]);
    // Mostly the order's present amount, sometimes the one before it was lowered, or another one.
    let present = ledger.order.as_ref().map_or(money("219.90"), |order| order.total_amount);
    let amount = numbers.one_of(&[present, present, present, present, money("219.90"), money("1.00")]);
    let trade_no = numbers.one_of(&["A1", "A2", "A3"]);
    let paid = payment(trade_no, ORDER, PaymentStatus::Settled).trade;
    Trade { status, total_amount: amount, ..paid }
}

/// Alipay's answers about the attempts; one attempt may be missing, because Alipay was not asked about it.
fn ended(numbers: &mut Numbers, ledger: &OrderLedger) -> Vec<EndedAttempt> {
    let skipped = numbers.below(9);
    let attempts = ledger.all_attempts().into_iter().zip(0..).filter(|(_, nth)| *nth != skipped);
    let ended = attempts.map(|(attempt, _)| EndedAttempt {
        out_trade_no: attempt.out_trade_no,
        is_final: numbers.below(2) > 0,
    });
    ended.collect()
}

fn a_command(numbers: &mut Numbers, ledger: &OrderLedger, sku_id: domain::SkuId) -> Command {
    let pieces = |count: u64| vec![Restock { sku_id, pieces: u32::try_from(count).unwrap() }];
    let number = format!("r{}", numbers.below(9));
    match numbers.below(12) {
        0 | 1 => Command::RecordTrade { trade: a_trade(numbers, ledger), source: EvidenceSource::Query },
        2 => match numbers.below(4) {
            0 => Command::Cancel { buyer: None, reason: "缺货".to_owned(), ended: Vec::new() },
            1 => Command::EndAttempts { ended: ended(numbers, ledger) },
            _ => Command::OpenAttempt {
                channel: domain::Channel::Alipay,
                product: numbers.one_of(&[PaymentProduct::Page, PaymentProduct::Wap]),
                expected: None,
                ended: ended(numbers, ledger),
            },
        },
        3 => {
            let shipment = Shipment::new("顺丰速运", "SF1", noon()).unwrap();
            Command::Ship { shipment, receipt_after: Duration::from_secs(60) }
        }
        4 => Command::ConfirmReceipt { buyer: None },
        5 => Command::ReturnPieces { pieces: pieces(1), request_no: number, expected_returned: None },
        6 => Command::RequestRefund {
            ask: RefundAsk {
                trade_no: None,
                amount: Some(money(numbers.one_of(&["0.01", "10.00", "100.00"])))
                    .filter(|_| numbers.below(5) > 0),
                reason: "质量问题".to_owned(),
                restock: Some(pieces(1)).filter(|_| numbers.below(2) > 0),
                out_request_no: number,
                expected_left: None,
            },
            lease: Duration::from_secs(60),
        },
        7 | 8 if !ledger.refunds.is_empty() => {
            let refund = &ledger.refunds[usize::try_from(numbers.below(99)).unwrap() % ledger.refunds.len()];
            let reason = "支付宝处理中".to_owned();
            let answer = match numbers.below(4) {
                0 => RefundAnswer::Refused { reason, is_final: true },
                1 => RefundAnswer::Unclear { reason },
                _ => RefundAnswer::Succeeded,
            };
            let out_request_no = refund.out_request_no.clone();
            Command::RecordRefundAnswer { out_request_no, answer, attempts: 1 }
        }
        9 => {
            let trade = a_trade(numbers, ledger);
            let refund = ConfirmedRefund {
                channel: domain::Channel::Alipay,
                trade_no: trade.trade_no.clone(),
                out_request_no: format!("x{}", numbers.below(3)),
                amount: money("9.90"),
            };
            let proof = Some((Trade { refunded: money("9.90"), ..trade }, EvidenceSource::Notification));
            let proof = proof.filter(|_| numbers.below(2) > 0);
            Command::RecordRefund { refund, proof, is_number_in_use: false }
        }
        10 => Command::ChangeAddress {
            buyer: None,
            expected: None,
            address: shipping(numbers.one_of(&["上海市", "天津市"])),
            address_id: None,
            reason: "搬家".to_owned(),
        },
        11 => {
            let present = ledger.order.as_ref().map_or(Money::ZERO, |order| order.total_amount);
            let amount = present.checked_sub(money("0.01")).unwrap_or(Money::ZERO);
            let ended = ended(numbers, ledger);
            Command::LowerAmount { expected: present, amount, reason: "优惠".to_owned(), ended }
        }
        _ if ledger.payments.is_empty() => Command::SetTimer {
            found: ledger.order.as_ref().map_or(OrderStatus::AwaitingPayment, |order| order.status),
            attempts: 0,
            failed: false,
        },
        _ => Command::WatchPayment,
    }
}

/// After every decision, the stored ledger equals the one rebuilt from the events, and the status follows from the
/// timeline.
pub async fn is_rebuilt_from_its_events(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    let (mut seen, mut amended) = ([0_u64; 2], [false; 2]);
    for (seed, number) in (1_u64..).zip([ORDER, OTHER]) {
        stocked.place(&[stocked.order(number)]).await;
        let mut numbers = Numbers(seed);
        let mut rebuilt = read(shop, number).await;
        for step in 0..STEPS {
            let mut command = a_command(&mut numbers, &rebuilt, stocked.sku_id);
            let attempts = rebuilt.all_attempts().into_iter().map(|attempt| attempt.out_trade_no);
            of_number(&mut command, number, &attempts.collect::<Vec<_>>());
            let locked = shop.ledgers().lock(number).await.unwrap();
            let at = micros(step * 1_000_000);
            let Ok(events) = locked.ledger().decide(&command, &Cause::system(), at) else { continue };
            for event in &events {
                rebuilt.apply(event).unwrap();
            }
            if let Err(error) = locked.append(&events).await {
                panic!("{number} {step} {command:?}: {error:?}");
            }
            let found = read(shop, number).await;
            assert_eq!(found, rebuilt, "{number} after {step} {command:?}");
            seen[usize::from(events.is_empty())] += 1;
            amended[0] |= events.iter().any(|event| matches!(event, Event::AmountLowered { .. }));
            amended[1] |= events.iter().any(|event| matches!(event, Event::AddressChanged { .. }));
        }
        let last = timeline(shop, number).await.last().map_or(AwaitingPayment, |entry| entry.to);
        assert_eq!(rebuilt.order.map(|order| order.status), Some(last));
    }
    assert!(seen[0] > 30, "{seen:?}");
    assert_eq!(amended, [true; 2]);
}

/// Makes the trades and request numbers of the two orders different.
fn of_number(command: &mut Command, number: &str, attempts: &[String]) {
    // The trade's number selects the attempt; if there is no such attempt, it is the first one.
    let attempt = |trade_no: &str| {
        let nth = usize::from(trade_no.as_bytes()[1] - b'1');
        attempts.get(nth).cloned().unwrap_or_else(|| number.to_owned())
    };
    let apart = |text: &mut String| text.push_str(&number[15..]);
    match command {
        Command::RecordTrade { trade, .. } => {
            trade.out_trade_no = attempt(&trade.trade_no);
            apart(&mut trade.trade_no);
        }
        Command::RequestRefund { ask, .. } => apart(&mut ask.out_request_no),
        Command::RecordRefund { refund, proof, .. } => {
            apart(&mut refund.trade_no);
            apart(&mut refund.out_request_no);
            if let Some((trade, _)) = proof {
                trade.out_trade_no = attempt(&trade.trade_no);
                apart(&mut trade.trade_no);
            }
        }
        Command::RecordRefundAnswer { .. }
        | Command::Cancel { .. }
        | Command::LowerAmount { .. }
        | Command::ChangeAddress { .. }
        | Command::OpenAttempt { .. }
        | Command::EndAttempts { .. }
        | Command::Ship { .. }
        | Command::ConfirmReceipt { .. }
        | Command::ReturnPieces { .. }
        | Command::WatchPayment
        | Command::CloseTrade { .. }
        | Command::SetTimer { .. } => {}
    }
}
