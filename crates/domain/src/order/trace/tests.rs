use super::*;

fn parsed(text: &str) -> Option<String> {
    TraceParent::parse(text).map(|trace| trace.as_str().to_owned())
}

#[test]
fn is_what_w3c_says() {
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(parsed(given).as_deref(), Some(given));
    assert_eq!(TraceParent::parse(given).unwrap().to_string(), given);
    assert_eq!(TraceParent::parse(given).unwrap().trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
    assert_eq!(parsed(later).as_deref(), Some(given));
    for wrong in [
        "",
        "00",
        &given.to_uppercase(),
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    ] {
        assert_eq!(parsed(wrong), None, "{wrong}");
    }
}
