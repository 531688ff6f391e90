//! An anomaly of a run → the narrowest exception for it, as TOML that a person has to complete.
//!
//! Owner and reason stay empty, which a policy is refused with. Text of the evidence can neither end a
//! string of TOML nor stand for more than itself: what holds a `*` is not written at all.

use super::recall::RecalledAnomaly;
use super::terminal::escaped;
use crate::baseline::policy::Policy;
use crate::baseline::policy::matching::Candidate;
use crate::baseline::toml_file::quoted;
use crate::model::Timestamp;
use crate::ports::identity::normalise_label;
use crate::ports::place::canonical;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt::Write;

/// Days that a suggested exception holds after the last capture.
const DAYS: i64 = 90;

/// The last day of what is suggested after a run whose last capture was then.
pub fn until(last_capture: Timestamp) -> Option<Date> {
    let days = jiff::SignedDuration::from_hours(DAYS.saturating_mul(24));
    let last = last_capture.checked_add(days).ok()?;
    Some(TimeZone::UTC.to_datetime(last).date())
}

/// The narrowest exception for an anomaly, or a comment that says why there is none; its lines.
pub fn suggestion(anomaly: &RecalledAnomaly, role: Option<&str>, until: Date) -> Vec<String> {
    let candidate = anomaly.candidate(role);
    let mut lines = vec![format!("# {}: {}", escaped(&anomaly.id), escaped(&anomaly.title))];
    let Some(keys) = keys(&candidate) else {
        lines
            .push("# no exception can say this and nothing more: nothing names its program".into());
        return lines;
    };
    let entry = |owner: &str| {
        vec![
            "[[exception]]".to_owned(),
            format!("id = {}", quoted(&format!("EX-{}", anomaly.id))),
            format!("owner = \"{owner}\""),
            format!("reason = \"{owner}\""),
            format!("until = {until}"),
            format!("match = {{ {keys} }}"),
        ]
    };
    // What is suggested must be what a policy reads, and fit what it was made for.
    let mut policy = Policy::default();
    let text = format!("schema = 1\n{}\n", entry("someone").join("\n"));
    let is_read = policy.add_policy("", &text).is_ok();
    if !is_read || !policy.exceptions.iter().any(|one| one.matcher.fits(&candidate)) {
        lines.push("# no exception can say this: its names cannot be written in a match".into());
        return lines;
    }
    if candidate.port.is_none() {
        lines.push("# names no port: it covers every anomaly of this program on this host".into());
    }
    lines.extend(entry(""));
    lines
}

/// The keys of the match; `None` if nothing names the program.
fn keys(candidate: &Candidate<'_>) -> Option<String> {
    let sayable = |text: &&str| !text.contains('*') && !text.trim().is_empty();
    let host = Some(candidate.host).filter(sayable)?;
    let label = candidate.label.filter(sayable).map(normalise_label);
    let path = candidate.path.filter(sayable).filter(|path| path.starts_with('/')).map(canonical);
    let mut keys = format!("host = {}", quoted(host));
    let mut add = |key: &str, value: &str| {
        // Writing into a String cannot fail.
        let _ = write!(keys, ", {key} = {value}");
    };
    match (&label, &path, candidate.process.filter(sayable)) {
        (None, None, None) => return None,
        (None, None, Some(process)) => add("process", &quoted(process)),
        _ => {}
    }
    for (key, text) in [("label", label.as_deref()), ("path", path.as_deref())] {
        if let Some(text) = text {
            add(key, &quoted(text));
        }
    }
    if let Some(direction) = candidate.direction {
        add("direction", &quoted(direction.as_str()));
    }
    if let Some(protocol) = candidate.protocol {
        add("protocol", &quoted(protocol.as_str()));
    }
    if let Some(port) = candidate.port {
        add("ports", &format!("[\"{port}\"]"));
    }
    if let Some(scope) = candidate.scope {
        add("scope", &quoted(scope.as_str()));
    }
    if let Some(remote) = candidate.remote {
        let remote = remote.to_canonical();
        let bits = if remote.is_ipv4() { 32 } else { 128 };
        add("remote", &format!("\"{remote}/{bits}\""));
    }
    Some(keys)
}
