//! The form of a moment in the state file: `2025-01-02 03:05:09.123456`, in Asia/Shanghai.

use chrono::NaiveDateTime;
use domain::ShopTime;
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

const FORMAT: &str = "%Y-%m-%d %H:%M:%S%.6f";

pub(crate) fn serialize<S: Serializer>(moment: &ShopTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&moment.to_shanghai().format(FORMAT))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ShopTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    NaiveDateTime::parse_from_str(&text, FORMAT).map(ShopTime::from_shanghai).map_err(D::Error::custom)
}

/// The same for an optional moment.
pub(crate) mod optional {
    use domain::ShopTime;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Moment(#[serde(with = "crate::moment")] ShopTime);

    pub(crate) fn serialize<S: Serializer>(
        moment: &Option<ShopTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(Moment).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ShopTime>, D::Error> {
        Ok(Option::<Moment>::deserialize(deserializer)?.map(|moment| moment.0))
    }
}
