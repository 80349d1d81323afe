use super::*;

#[test]
fn names_are_short_and_plain() {
    for name in ["default", "a", "erp_2", "x-1", &"a".repeat(32)] {
        let parsed = EndpointName::parse(name).unwrap();
        assert_eq!((parsed.to_string().as_str(), parsed.is_first()), (name, name == "default"));
    }
    for wrong in ["", "ERP", "a.b", "仓库", "a b", &"a".repeat(33)] {
        assert_eq!(EndpointName::parse(wrong), Err(InvalidEndpointName), "{wrong}");
    }
    assert!(EndpointName::first().is_first());
}

#[test]
fn filters_name_what_passes() {
    let filter = EventFilter::Kinds(vec![OrderEventKind::Refund]);
    assert!(filter.wants(OrderEventKind::Refund) && !filter.wants(OrderEventKind::Created));
    assert_eq!(filter.kinds().collect::<Vec<_>>(), [OrderEventKind::Refund]);
    assert_eq!(EventFilter::All.kinds().collect::<Vec<_>>(), OrderEventKind::ALL);
}

#[test]
fn outcomes_are_stored_as_words() {
    for outcome in [
        AttemptOutcome::Delivered(204),
        AttemptOutcome::Refused(503),
        AttemptOutcome::Unreachable,
        AttemptOutcome::CutOff,
    ] {
        let stored = (outcome.as_str(), outcome.http_status());
        assert_eq!(AttemptOutcome::from_stored(stored.0, stored.1), Some(outcome));
    }
    assert_eq!(AttemptOutcome::from_stored("delivered", None), None);
    assert_eq!(AttemptOutcome::from_stored("lost", Some(200)), None);
}

#[test]
fn failing_goes_on_while_it_is_tried() {
    let begin = ShopTime::parse("2019-11-28 12:00:00").unwrap();
    let later = |hours: u64| begin.after(Duration::from_secs(hours * 3600));
    assert_eq!(failing_since(None, None, begin), begin);
    assert_eq!(failing_since(None, Some(begin), later(1)), later(1), "it succeeded between them");
    assert_eq!(failing_since(Some(begin), Some(later(70)), later(71)), begin);
    assert_eq!(failing_since(Some(begin), Some(later(1)), later(5)), later(5), "nothing was tried for hours");
}
