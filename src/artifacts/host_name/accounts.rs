//! `/etc/passwd`, `dscl`, local account records → users and their uids.

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Emitter, Input, ParseError, property_list};
use crate::model::observation::{Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;
use plist::{Dictionary, Value};

/// A uid as printed; macOS shows `nobody` as -2.
fn uid(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().or_else(|| Some(text.parse::<i32>().ok()?.cast_unsigned()))
}

fn say(name: &str, uid: u32, locator: Locator, out: &mut Emitter) {
    let claim = HostClaim::User { name: out.text(name), uid };
    // No excerpt: the row may hold a password hash.
    out.fact(locator, When::Undated, Fact::Host(claim));
}

/// `name:*:uid:gid:gecos:home:shell`.
pub(super) fn read_passwd(input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
    for_each_line(input, out, |number, line, out| {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty());
        if let (Some(name), Some(uid)) = (name, fields.nth(1).and_then(uid)) {
            say(name, uid, Locator::Line(number), out);
        } else {
            let detail = "a line without a user and a uid";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        }
    })
}

/// `ana                     501`.
pub(super) fn read_list(input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
    for_each_line(input, out, |number, line, out| {
        let mut words = line.split_whitespace();
        let (name, id, more) = (words.next(), words.next().and_then(uid), words.next());
        match (name, id, more) {
            (Some(name), Some(uid), None) => say(name, uid, Locator::Line(number), out),
            (None, ..) => {}
            _ => {
                let detail = "a line that is not a user and a uid";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            }
        }
    })
}

/// A property list whose values are arrays: `name`, `uid`, and much that is secret.
pub(super) fn read_record(input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
    let record = property_list::read_dictionary(input, out)?;
    if let (Some(name), Some(uid)) = (first(&record, "name"), first(&record, "uid").and_then(uid)) {
        say(name, uid, Locator::Whole, out);
    } else {
        let detail = "an account without a name and a uid";
        out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
    }
    Ok(())
}

fn first<'a>(record: &'a Dictionary, key: &str) -> Option<&'a str> {
    match record.get(key)? {
        Value::Array(values) => values.first().and_then(Value::as_string),
        value => value.as_string(),
    }
}
