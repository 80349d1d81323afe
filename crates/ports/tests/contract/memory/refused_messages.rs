use async_trait::async_trait;
use domain::{RefusedMessage, ShopTime};
use ports::{REFUSED_MESSAGES_KEPT, RefusedMessages, StoreError};

use super::{Defect, Memory};

#[async_trait]
impl RefusedMessages for Memory {
    async fn keep_refused(&self, message: &RefusedMessage) -> Result<(), StoreError> {
        let cut = |text: &str, chars| text.chars().take(chars).collect();
        let mut tables = self.tables();
        tables.refused.push(RefusedMessage {
            received_at: message.received_at,
            reason: cut(&message.reason, 200),
            trade_no: cut(&message.trade_no, 64),
            out_trade_no: cut(&message.out_trade_no, 64),
            message: cut(&message.message, 16_000),
        });
        let most = usize::try_from(REFUSED_MESSAGES_KEPT).unwrap();
        if tables.refused.len() > most && !self.has(Defect::KeepsEveryMessage) {
            tables.refused.remove(0);
        }
        Ok(())
    }

    async fn forget_refused(&self, received_before: ShopTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let before = tables.refused.len();
        tables.refused.retain(|message| message.received_at >= received_before);
        Ok(u64::try_from(before - tables.refused.len()).unwrap())
    }
}
