//! Background jobs that cannot work, as an operator sees them.

use std::time::Duration;

use tests::{Browser, Dashop, Setup};
use tokio::time::{sleep, timeout};

/// Waits until the program answers with this status, and returns the answer's text.
async fn until_ready_says(dashop: &Dashop, status: u16) -> String {
    let asked = async {
        loop {
            let reply = Browser::new().get(&dashop.url("/readyz")).await;
            if reply.status == status {
                return reply.text;
            }
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(Duration::from_secs(60), asked).await.expect("it never says so")
}

/// Waits until the log has these words. A job logs at its next pass; `/readyz` changes at once.
async fn until_log_says(dashop: &Dashop, words: &str) {
    let said = async {
        while !dashop.log().contains(words) {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(60), said).await.expect(words);
}

/// Meanwhile the other jobs work, and buyers can order.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_does_not_succeed_makes_the_program_not_ready_until_it_does() {
    let dashop = Setup::embedded().with("DASHOP_JOBS_STALLED_AFTER", "10").start().await;
    let mut database = dashop.database().await;
    until_ready_says(&dashop, 200).await;

    database.execute("ALTER TABLE dashop_refund RENAME TO taken_away").await;
    let missing = until_ready_says(&dashop, 503).await;
    assert!(missing.contains("job due_refunds: no success for"), "{missing}");
    assert!(!missing.contains("order_timers"), "{missing}");
    until_log_says(&dashop, "due_refunds has not succeeded for so long").await;

    database.execute("ALTER TABLE taken_away RENAME TO dashop_refund").await;
    until_ready_says(&dashop, 200).await;
    until_log_says(&dashop, "due_refunds succeeds again").await;
    dashop.stop().await;
}
