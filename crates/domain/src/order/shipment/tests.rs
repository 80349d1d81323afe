use super::*;

#[test]
fn a_shipment_is_two_short_lines() {
    let at = ShopTime::parse("2026-11-25 10:00:00").unwrap();
    let shipment = Shipment::new(" 顺丰速运 ", "SF1234567890", at).unwrap();
    assert_eq!((shipment.carrier.as_str(), shipment.tracking_number.as_str()), ("顺丰速运", "SF1234567890"));
    assert_eq!(Shipment::new(&"顺".repeat(33), "SF1", at), Err(InvalidShipment::Carrier));
    assert_eq!(Shipment::new("顺丰\n", "SF1\u{7}2", at), Err(InvalidShipment::TrackingNumber));
    assert_eq!(Shipment::new("顺丰", &"1".repeat(65), at), Err(InvalidShipment::TrackingNumber));
}
