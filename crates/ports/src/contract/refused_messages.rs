//! [`crate::RefusedMessages`].

use std::{sync::Arc, time::Duration};

use domain::RefusedMessage;

use super::{Shop, samples::noon};
use crate::REFUSED_MESSAGES_KEPT;

fn message(trade_no: &str) -> RefusedMessage {
    RefusedMessage {
        received_at: noon(),
        reason: "trade_no has 65 characters".to_owned(),
        trade_no: trade_no.to_owned(),
        out_trade_no: "2019112812000001".to_owned(),
        message: "trade_no=1&sign=a%2Bb%3D".to_owned(),
    }
}

/// Every field is stored; long texts are cut.
pub async fn are_kept_as_far_as_there_is_room(shop: Arc<dyn Shop>) {
    let long = RefusedMessage {
        reason: "因".repeat(300),
        out_trade_no: "号".repeat(300),
        message: "文".repeat(70_000),
        ..message(&"9".repeat(300))
    };
    shop.refused().keep_refused(&message("A")).await.unwrap();
    shop.refused().keep_refused(&long).await.unwrap();
    let cut = RefusedMessage {
        reason: "因".repeat(200),
        out_trade_no: "号".repeat(64),
        message: "文".repeat(16_000),
        ..message(&"9".repeat(64))
    };
    assert_eq!(shop.refused_messages().await, [message("A"), cut]);
}

/// Only the latest messages are kept, up to the limit.
pub async fn are_bounded(shop: Arc<dyn Shop>) {
    for number in 0..REFUSED_MESSAGES_KEPT + 3 {
        shop.refused().keep_refused(&message(&number.to_string())).await.unwrap();
    }
    let kept: Vec<_> = shop.refused_messages().await.into_iter().map(|message| message.trade_no).collect();
    let expected: Vec<_> = (3..REFUSED_MESSAGES_KEPT + 3).map(|number| number.to_string()).collect();
    assert_eq!(kept, expected);
}

/// Only messages before the given moment are deleted.
pub async fn are_forgotten_by_age(shop: Arc<dyn Shop>) {
    let old = message("A");
    let young = RefusedMessage { received_at: old.received_at.after(Duration::from_secs(1)), ..message("B") };
    shop.refused().keep_refused(&old).await.unwrap();
    shop.refused().keep_refused(&young).await.unwrap();
    assert_eq!(shop.refused().forget_refused(old.received_at).await.unwrap(), 0);
    assert_eq!(shop.refused().forget_refused(young.received_at).await.unwrap(), 1);
    assert_eq!(shop.refused_messages().await, [young]);
}
