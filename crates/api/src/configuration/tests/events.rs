use adapters::webhook::WebhookSecret;

use super::*;

#[test]
fn events_are_kept_only_where_there_is_an_endpoint() {
    const URL: (&str, &str) = ("DASHOP_EVENTS_URL", "https://listener.example/hook?token=t");
    let unset = read(&[]).unwrap();
    assert!(unset.events.endpoints.is_empty() && unset.database.event_sink == EventSink::Dropped);
    assert!(refusal(&[URL]).contains("DASHOP_EVENTS_SECRET is missing"));
    let short = refusal(&[URL, ("DASHOP_EVENTS_SECRET", "fifteen bytes..")]);
    assert!(short.contains("DASHOP_EVENTS_SECRET must have at least 16 bytes"), "{short}");
    let configured = read(&[URL, ("DASHOP_EVENTS_SECRET", SECRET.1)]).unwrap();
    let secrets = |second: &str| {
        let settings = [URL, ("DASHOP_EVENTS_SECRET", SECRET.1), ("DASHOP_EVENTS_SECOND_SECRET", second)];
        read(&settings).map(|mut configuration| configuration.events.endpoints.remove(0).webhook.secrets)
    };
    let parsed = |text| WebhookSecret::parse(text).unwrap();
    assert_eq!(secrets("").unwrap(), [parsed(SECRET.1)]);
    assert_eq!(secrets("sixteen bytes ok").unwrap(), [parsed(SECRET.1), parsed("sixteen bytes ok")]);
    let short = secrets("fifteen bytes..").unwrap_err().to_string();
    assert!(short.starts_with("DASHOP_EVENTS_SECOND_SECRET must have"), "{short}");
    assert!(refusal(&[("DASHOP_EVENTS_SECOND_SECRET", SECRET.1)]).contains("of no use without"));
    assert_eq!(configured.database.event_sink, EventSink::Outbox);
    let shown = format!("{configured:?}");
    assert!(shown.contains("listener.example") && !shown.contains("token=t") && !shown.contains(SECRET.1));
}

#[test]
fn an_endpoint_is_paused_before_its_events_are_given_up() {
    let hours = |hours| refusal(&[("DASHOP_EVENTS_PAUSE_HOURS", hours)]);
    assert!(read(&[("DASHOP_EVENTS_PAUSE_HOURS", "72")]).is_ok());
    assert!(hours("73").contains("must be from 1 to 72"), "{}", hours("73"));
}

/// Reads the settings with a file that contains these tables.
fn read_file(toml: &str) -> Result<Configuration, ConfigurationError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dashop.toml");
    adapters::private_files::create(&file, toml.as_bytes()).unwrap();
    Source::new([], Some(&file)).and_then(Configuration::read)
}

#[test]
fn endpoints_are_tables_of_the_file() {
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let configured = read_file(&format!(
        "events_url = \"https://first.example/\"\nevents_secret = \"{0}\"\nevents_types = \"order.refund\"\n\
         events_pause_hours = 24\n[webhooks.erp]\nurl = \"https://erp.example/\"\nsecret = \"{KEY}\"\n\
         second_secret = \"{0}\"\ntypes = [\"order.created\", \"order.refund\"]\n\
         [webhooks.a-2]\nurl = \"https://a.example/\"\nsecret = \"{KEY}\"\n",
        SECRET.1
    ))
    .unwrap();
    let events = &configured.events;
    assert_eq!(events.pause_after, Duration::from_secs(24 * 3600));
    let shown: Vec<_> = events
        .endpoints
        .iter()
        .map(|one| {
            (
                one.webhook.name.as_str(),
                one.webhook.host(),
                one.webhook.secrets.len(),
                one.filter.kinds().count(),
            )
        })
        .collect();
    let expected =
        [("default", "first.example", 1, 1), ("a-2", "a.example", 1, 5), ("erp", "erp.example", 2, 2)];
    assert_eq!(shown, expected);
    assert!(!format!("{configured:?}").contains(KEY));
    let alone =
        read_file(&format!("[webhooks.erp]\nurl = \"https://erp.example/\"\nsecret = \"{KEY}\"")).unwrap();
    assert_eq!((alone.events.endpoints.len(), alone.database.event_sink), (1, EventSink::Outbox));
    let url = "url = \"https://erp.example/\"\n";
    let secret = format!("secret = \"{KEY}\"\n");
    for (toml, problem) in [
        ("[webhooks.erp]\n# url = \"x\"".to_owned(), "[webhooks.erp] is empty"),
        (format!("[webhooks.erp]\n{url}"), "[webhooks.erp] secret is missing"),
        (format!("[webhooks.erp]\n{secret}"), "[webhooks.erp] url is missing"),
        (format!("[webhooks.erp]\nurl = \"erp\"\n{secret}"), "[webhooks.erp] url must be a whole"),
        (format!("[webhooks.erp]\n{url}secret = \"whsec_x\""), "[webhooks.erp] secret must have base64"),
        (format!("[webhooks.erp]\n{url}{secret}colour = 1"), "[webhooks.erp] colour is not a setting"),
        (
            format!("[webhooks.erp]\n{url}{secret}types = [\"order.lost\"]"),
            "has order.lost, which is none of order.created",
        ),
        (format!("[webhooks.default]\n{url}{secret}"), "is the endpoint of DASHOP_EVENTS_URL"),
        (format!("[webhooks.ERP]\n{url}{secret}"), "ERP: must be 1 to 32 of a-z"),
        (format!("[other.erp]\n{url}{secret}"), "other must be a text"),
        ("webhooks = 1".to_owned(), "is not a setting of dashop"),
        ("[webhooks]\nurl = \"x\"".to_owned(), "webhooks.url must be a table"),
    ] {
        let refused = read_file(&toml).unwrap_err().to_string();
        assert!(refused.contains(problem), "{toml}: {refused}");
    }
    let many: String = (1..=17).map(|nth| format!("[webhooks.e{nth}]\n{url}{secret}")).collect();
    assert!(read_file(&many).unwrap_err().to_string().contains("at most 16 endpoints"));
}

#[test]
fn a_table_of_webhooks_stands_in_nobodys_way() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dashop.toml");
    std::fs::write(&file, "[webhooks.erp]\nurl = \"https://erp.example/\"\n").unwrap();
    let source = Source::new([], Some(&file)).unwrap();
    assert!(DatabaseConfiguration::read(source).is_ok(), "`dashop migrate` has no use for it");
}
