use super::*;

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn so_many_may_fail_and_others_are_not_concerned() {
    let failures = Failures::new(2, LONG, 10);
    for _ in 0..2 {
        assert!(!failures.are_too_many(&failures.of("a")));
        failures.of("a").add();
    }
    assert!(failures.are_too_many(&failures.of("a")));
    assert!(!failures.are_too_many(&failures.of("b")));
    failures.of("a").forgive();
    assert!(!failures.are_too_many(&failures.of("a")));
}

#[test]
fn they_are_forgotten_after_the_window() {
    let failures = Failures::new(1, Duration::from_millis(1), 10);
    failures.of("a").add();
    while failures.are_too_many(&failures.of("a")) {
        std::thread::yield_now();
    }
}

#[test]
fn memory_is_bounded() {
    let failures = Failures::new(1, LONG, 10);
    for key in 0..1_000 {
        failures.of(key).add();
    }
    failures.remembered.run_pending_tasks();
    assert!(failures.remembered.entry_count() <= 10, "{}", failures.remembered.entry_count());
}
