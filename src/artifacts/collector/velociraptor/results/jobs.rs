//! Rows of `MacOS.Detection.Autoruns` → jobs and overrides: property lists, written as JSON.

use super::super::{Object, text};
use super::records::Record;
use crate::artifacts::Emitter;
use crate::artifacts::launchd::{overrides, plist};
use crate::artifacts::property_list::{Dictionary, Value};
use crate::evidence::limits;
use crate::model::observation::{Fact, ProblemKind, When};
use serde_json::Value as Json;

/// A launchd property list with its path on the Mac.
pub(super) fn read_job(record: &Record<'_>, out: &mut Emitter) {
    let Some((path, entries)) = placed(record, "LaunchdConfig", out) else { return };
    let before = out.problems.len();
    let mut job = plist::job(&entries, out);
    relocate(before, record, out);
    job.path = Some(out.text(&path));
    if job.label.is_empty() {
        let detail = "the property list has no Label, so launchd does not load it";
        out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        if job.executable().is_none() && job.declared.is_empty() {
            return;
        }
    }
    // Not the row: an environment may hold secrets.
    let row = format!("OSPath = {path}, Label = {}", job.label);
    out.cite(record.locator, When::Undated, &row, Fact::Job(Box::new(job)));
}

/// An override database with its path on the Mac.
pub(super) fn read_overrides(record: &Record<'_>, out: &mut Emitter) {
    let Some((path, entries)) = placed(record, "Disabled", out) else { return };
    let Some(domain) = overrides::domain(&path.to_lowercase()) else {
        return out.skip("property lists that are no override database");
    };
    let before = out.problems.len();
    overrides::read(&entries, domain, record.locator, out);
    relocate(before, record, out);
}

/// The path of a row, and the property list in one of its columns.
fn placed(record: &Record<'_>, column: &str, out: &mut Emitter) -> Option<(String, Dictionary)> {
    let path = path_of(record.object);
    let config = record.object.get(column).and_then(Json::as_object);
    let (Some(path), Some(config)) = (path, config) else {
        let detail = "the row has no path, or no property list that Velociraptor could read";
        out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        return None;
    };
    let mut left = limits::PLIST_NODES;
    let entries = dictionary(config, &mut left);
    if left == 0 {
        out.partial = true;
        out.problem(record.locator, ProblemKind::Limit, "the property list has too many values");
    }
    Some((path, entries))
}

/// `OSPath`, in older versions `FullPath`.
fn path_of(row: &Object) -> Option<String> {
    let nested = || row.get("OSPath")?.as_object().and_then(|path| text(path, &["Path", "path"]));
    let path = text(row, &["OSPath", "FullPath"]).or_else(nested)?;
    path.starts_with('/').then(|| path.to_owned())
}

/// Problems of a property list stand in its row.
fn relocate(before: usize, record: &Record<'_>, out: &mut Emitter) {
    for problem in out.problems.iter_mut().skip(before) {
        problem.locator = record.locator;
    }
}

fn dictionary(object: &Object, left: &mut usize) -> Dictionary {
    let mut entries = Dictionary::new();
    for (key, item) in object {
        if let Some(value) = value(item, left) {
            entries.insert(key.clone(), value);
        }
    }
    entries
}

/// A value of JSON as one of a property list; `null` has none. JSON itself is not nested deeper than 128.
fn value(json: &Json, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    Some(match json {
        Json::Null => return None,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Integer(number.into()),
            (None, Some(number)) => Value::Integer(number.into()),
            (None, None) => Value::Real(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => {
            Value::Array(items.iter().filter_map(|item| value(item, left)).collect())
        }
        Json::Object(object) => Value::Dictionary(dictionary(object, left)),
    })
}
