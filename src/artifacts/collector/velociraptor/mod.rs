//! Velociraptor's offline collections: whose they are, when each artifact was collected, what it saw.

pub mod collection;
pub mod log;
pub mod results;

use crate::model::Timestamp;
use serde_json::{Map, Value};

/// An object of JSON by name.
type Object = Map<String, Value>;

/// The first of these keys that holds a text that is not empty.
fn text<'a>(object: &'a Object, keys: &[&str]) -> Option<&'a str> {
    let texts = keys.iter().filter_map(|key| object.get(*key)?.as_str());
    texts.map(str::trim).find(|text| !text.is_empty())
}

/// A whole number; from CSV it comes as text.
fn number(object: &Object, key: &str) -> Option<u64> {
    let value = object.get(key)?;
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// An instant: text with an offset, or a number since 1970 in seconds, milli-, micro- or nanoseconds, which
/// versions of Velociraptor differ in. Zero means that there is none (`0001-01-01`, 0).
fn instant(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        let told = text.parse::<Timestamp>().ok();
        let told = told.or_else(|| text.parse::<f64>().ok().and_then(since_1970));
        return told.filter(|time| time.as_second() > 0);
    }
    since_1970(value.as_f64()?)
}

/// The units that a number since 1970 may count: the least number that is one, and how many of it are a second.
const UNITS: &[(f64, f64)] = &[(1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (1.0, 1.0)];

fn since_1970(number: f64) -> Option<Timestamp> {
    let (_, unit) = UNITS.iter().find(|(least, _)| number >= *least)?;
    let seconds = jiff::SignedDuration::try_from_secs_f64(number / unit).ok()?;
    let micros = i64::try_from(seconds.as_micros()).ok()?;
    Timestamp::from_microsecond(micros).ok()
}
