//! The anomalies of a run → the narrowest exception for each, as TOML that a person has to complete.
//!
//! Owner and reason stay empty, which a policy is refused with. Text of the evidence can neither end a
//! string of TOML nor stand for more than itself: what holds a `*` is not written at all.

use super::recall::{Recalled, RecalledAnomaly};
use super::terminal::escaped;
use crate::baseline::policy::matching::{Candidate, Match};
use crate::baseline::policy::validity::Standing;
use crate::baseline::policy::{Exception, Policy};
use crate::baseline::toml_file::quoted;
use crate::model::Timestamp;
use crate::model::network::{Protocol, Scope};
use crate::model::particulars::Particulars;
use crate::model::service::Direction;
use crate::ports::identity::{normalise_label, without_versions};
use crate::ports::place::file_name;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Days that a suggested exception holds after the last capture.
const DAYS: i64 = 90;

/// Anomalies that a comment names before it only counts them.
const NAMED: usize = 3;

/// An exception for each anomaly that nothing covers, or a comment that says why there is none; its lines.
pub fn suggestions(policy: &Policy, run: &Recalled, today: Timestamp) -> Vec<String> {
    let Some(until) = run.last.and_then(|last| until(last.time())) else {
        return vec![
            "# nothing tells when the run's evidence was captured: no exception holds".into(),
        ];
    };
    let mut lines = Vec::new();
    if until < TimeZone::UTC.to_datetime(today).date() {
        lines
            .push(format!("# until = {until} is over today: these exceptions cover this run, and"));
        lines.push("# nothing that is captured from now on".to_owned());
    }
    let open = run.anomalies.iter().filter(|anomaly| {
        anomaly.exception.is_none() && policy.verdict(&anomaly.particulars).covered_by().is_none()
    });
    for anomaly in open {
        let (id, title) = (escaped(&anomaly.id), escaped(&anomaly.title));
        lines.extend([String::new(), format!("# {id}: {title}")]);
        match suggestion(anomaly, policy, run, until) {
            Ok(suggested) => lines.extend(suggested),
            Err(why) => lines.push(format!("# {why}")),
        }
    }
    lines
}

/// The last day of what is suggested after a run whose last capture was then.
fn until(last_capture: Timestamp) -> Option<Date> {
    let days = jiff::SignedDuration::from_hours(DAYS.saturating_mul(24));
    let last = last_capture.checked_add(days).ok()?;
    Some(TimeZone::UTC.to_datetime(last).date())
}

/// The narrowest exception for an anomaly, or why there is none.
fn suggestion(
    anomaly: &RecalledAnomaly,
    policy: &Policy,
    run: &Recalled,
    until: Date,
) -> Result<Vec<String>, &'static str> {
    let known = &anomaly.particulars;
    if known.seen.is_none() {
        return Err("no exception can hold: when this was observed is not known");
    }
    let keys = keys(known)
        .ok_or("no exception can say this and nothing more: nothing names its program")?;
    let id = free_id(&anomaly.id, policy);
    let entry = |owner: &str| {
        vec![
            "[[exception]]".to_owned(),
            format!("id = {}", quoted(&id)),
            format!("owner = \"{owner}\""),
            format!("reason = \"{owner}\""),
            format!("until = {until}"),
            format!("match = {{ {} }}", keys.join(", ")),
        ]
    };
    // What is suggested must be what a policy reads, and cover what it was made for.
    let text = format!("schema = 1\n{}\n", entry("someone").join("\n"));
    let mut alone = Policy::default();
    let is_read = alone.add_policy("", &text).is_ok();
    let made = alone.exceptions.first().filter(|made| is_read && covers(made, known));
    let made = made.ok_or("no exception can say this: its names cannot be written in a match")?;
    let mut lines = warnings(known, &made.matcher);
    lines.extend(others(made, anomaly, run));
    lines.extend(entry(""));
    Ok(lines)
}

/// `EX-` and the anomaly's id; with a number where the policy has that already.
fn free_id(anomaly: &str, policy: &Policy) -> String {
    let is_free = |id: &String| policy.exceptions.iter().all(|exception| exception.id != *id);
    let first = format!("EX-{anomaly}");
    let next = (2_u64..).map(|number| format!("{first}-{number}"));
    std::iter::once(first.clone()).chain(next).find(is_free).unwrap_or(first)
}

fn covers(exception: &Exception, known: &Particulars) -> bool {
    let holds = known.seen.map(|seen| exception.validity.within(seen.last));
    exception.matcher.fits(&Candidate::of(known)) && holds == Some(Some(Standing::Valid))
}

/// What the match leaves open, because it is not known.
fn warnings(known: &Particulars, matcher: &Match) -> Vec<String> {
    let names_peer = matcher.remote.is_some();
    let open = match known.direction {
        Some(Direction::Unknown) => Some("the direction is not known: it covers any, to any peer"),
        Some(Direction::Outbound | Direction::Inbound) if !names_peer => {
            Some("the peer is not known: it covers any peer")
        }
        _ => None,
    };
    let no_port = "names no port: it covers every anomaly of this program on this host";
    let no_port = Some(no_port).filter(|_| matcher.ports.is_empty());
    open.into_iter().chain(no_port).map(|text| format!("# {text}")).collect()
}

/// The other anomalies of the run that it would cover.
fn others(made: &Exception, anomaly: &RecalledAnomaly, run: &Recalled) -> Option<String> {
    let others = run.anomalies.iter().filter(|other| other.id != anomaly.id);
    let covered = others.filter(|other| covers(made, &other.particulars));
    let ids: Vec<String> = covered.map(|other| escaped(&other.id).into_owned()).collect();
    let named = ids.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!ids.is_empty()).then(|| format!("# covers {named}{more} too"))
}

/// The keys of the match; `None` if nothing names the program.
fn keys(known: &Particulars) -> Option<Vec<String>> {
    let sayable = |text: &&str| !text.contains('*') && !text.trim().is_empty();
    let host = Some(known.host.as_str()).filter(sayable)?;
    let label = known.label.as_deref().filter(sayable).map(normalise_label);
    let path = known.path.as_deref().filter(sayable).filter(is_file).map(any_version);
    let process = known.process.as_deref().filter(sayable);
    if label.is_none() && path.is_none() && process.is_none() {
        return None;
    }
    let direction = known.direction.filter(|way| *way != Direction::Unknown);
    let texts = [
        ("host", Some(host)),
        ("label", label.as_deref()),
        ("path", path.as_deref()),
        ("process", process),
        ("direction", direction.map(Direction::as_str)),
        ("protocol", known.protocol.map(Protocol::as_str)),
    ];
    let says = |(key, text): (&str, Option<&str>)| Some(format!("{key} = {}", quoted(text?)));
    let mut keys: Vec<String> = texts.into_iter().filter_map(says).collect();
    if !known.ports.is_empty() && known.ports != ["any"] {
        let ports: Vec<String> = known.ports.iter().map(|port| quoted(port)).collect();
        keys.push(format!("ports = [{}]", ports.join(", ")));
    }
    let scope = known.scope.map(Scope::as_str).filter(|scope| !scope.is_empty());
    keys.extend(scope.map(|scope| format!("scope = {}", quoted(scope))));
    keys.extend(known.remote.map(|remote| {
        let remote = remote.to_canonical();
        let bits = if remote.is_ipv4() { 32 } else { 128 };
        format!("remote = \"{remote}/{bits}\"")
    }));
    Some(keys)
}

/// A path, with a `*` for what an upgrade changes in it.
fn any_version(path: &str) -> String {
    let path = without_versions(path, "*");
    if path.starts_with('<') { format!("/{path}") } else { path }
}

/// Whether a path names a file: what ends like a folder would stand for all that is in it.
fn is_file(path: &&str) -> bool {
    path.starts_with('/') && !matches!(file_name(path), "" | "." | "..")
}
