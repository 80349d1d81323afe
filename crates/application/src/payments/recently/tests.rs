use super::*;

#[test]
fn the_first_who_asks_is_the_only_one() {
    let recently = Recently::new(Duration::from_secs(3600), 10);
    assert!(recently.is_first("a"));
    assert!(recently.is_first("b"), "another key");
    assert!(!recently.is_first("a") && !recently.is_first("b"));
}

#[test]
fn after_the_span_there_is_another_first() {
    let recently = Recently::new(Duration::from_millis(1), 10);
    assert!(recently.is_first("a"));
    while !recently.is_first("a") {
        std::thread::yield_now();
    }
}

#[test]
fn memory_is_bounded() {
    let recently = Recently::new(Duration::from_secs(3600), 10);
    for key in 0..1_000 {
        recently.is_first(key);
    }
    recently.0.run_pending_tasks();
    assert!(recently.0.entry_count() <= 10, "{}", recently.0.entry_count());
}
