use super::*;

#[test]
fn the_first_who_asks_is_the_only_one() {
    let recently = Recently::new(Duration::from_secs(3600), 10);
    assert_eq!(recently.ask("a"), Asked::First);
    assert_eq!(recently.ask("b"), Asked::First, "another key");
    recently.answered("a");
    assert_eq!((recently.ask("a"), recently.ask("b")), (Asked::Answered, Asked::Unanswered));
}

#[test]
fn after_the_span_there_is_another_first() {
    let recently = Recently::new(Duration::from_millis(1), 10);
    assert_eq!(recently.ask("a"), Asked::First);
    while recently.ask("a") != Asked::First {
        std::thread::yield_now();
    }
}

#[test]
fn memory_is_bounded() {
    let recently = Recently::new(Duration::from_secs(3600), 10);
    for key in 0..1_000 {
        recently.ask(key);
    }
    recently.0.run_pending_tasks();
    assert!(recently.0.entry_count() <= 10, "{}", recently.0.entry_count());
}
