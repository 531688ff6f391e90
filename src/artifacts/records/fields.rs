//! Fields of JSON records: nested or dotted keys, numbers that may be texts, times.

use crate::artifacts::Emitter;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{ProcessName, When};
use serde_json::Value;

/// The value at a dotted path, whether the record nests its keys or writes them with dots. Of an array of one
/// (`fields` of a search), the one.
pub(super) fn get<'v>(record: &'v Value, path: &str) -> Option<&'v Value> {
    let found = find(record, path)?;
    match found {
        Value::Array(items) => match items.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        Value::Null => None,
        other => Some(other),
    }
}

/// The same, arrays as they are.
pub(super) fn find<'v>(record: &'v Value, path: &str) -> Option<&'v Value> {
    let object = record.as_object()?;
    if let Some(found) = object.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(at, _)| {
        let (key, rest) = path.split_at(at);
        find(object.get(key)?, rest.get(1..)?)
    })
}

/// A text that is not empty.
pub(super) fn text<'v>(record: &'v Value, path: &str) -> Option<&'v str> {
    get(record, path)?.as_str().filter(|text| !text.is_empty())
}

/// The texts of an array, or of a single value.
pub(super) fn texts<'v>(record: &'v Value, path: &str) -> Vec<&'v str> {
    match find(record, path) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text],
        _ => Vec::new(),
    }
}

/// A number, or a text that is one.
pub(super) fn number(record: &Value, path: &str) -> Option<i64> {
    match get(record, path)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A process id: never negative; 0 is the kernel's and no sensor's.
pub(super) fn pid(record: &Value, path: &str) -> Option<u32> {
    u32::try_from(number(record, path)?).ok().filter(|pid| *pid > 0)
}

/// A time with an offset (`2026-05-12T08:15:40.123456789Z`), to the microsecond.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    let time = Timestamp::from_microsecond(time.as_microsecond()).ok()?;
    is_sane(time).then_some(time)
}

/// Seconds since 1970.
pub(super) fn seconds(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok().filter(|time| is_sane(*time))
}

/// No sensor existed before 2001; what says so has no clock.
fn is_sane(time: Timestamp) -> bool {
    time.as_second() > 978_307_200
}

/// The time of a record; undated where it has none.
pub(super) fn when(time: Option<Timestamp>) -> When {
    time.map_or(When::Undated, |time| When::Utc(Window::at(time)))
}

/// The name of a process by its own field, else by its path.
pub(super) fn name(
    own: Option<&str>,
    path: Option<&str>,
    out: &mut Emitter,
) -> Option<ProcessName> {
    let base = path.and_then(|path| path.rsplit('/').next()).filter(|base| !base.is_empty());
    let name = own.or(base)?;
    Some(ProcessName { text: out.text(name), cut: false })
}

/// `@timestamp=… event.action=…`: the fields of a record that it is cited by, with their values.
pub(super) fn row(record: &Value, paths: &[&str]) -> String {
    let mut row = String::new();
    for path in paths {
        let value = match get(record, path).or_else(|| find(record, path)) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => continue,
            Some(other) => other.to_string(),
        };
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(path);
        row.push('=');
        row.push_str(&value);
    }
    row
}
