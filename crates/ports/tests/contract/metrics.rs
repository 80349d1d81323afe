//! The names of metrics.

use ports::metric::{ALL, Kind};

#[test]
fn names_say_what_they_count() {
    for metric in ALL {
        let ends = |ending| metric.name.ends_with(ending);
        match metric.kind {
            Kind::Counter => assert!(ends("_total"), "{}", metric.name),
            Kind::Seconds => assert!(ends("_seconds"), "{}", metric.name),
            Kind::Gauge | Kind::Sizes => {}
        }
        assert!(!metric.help.is_empty() && !metric.help.starts_with(' '), "{}", metric.name);
    }
}
