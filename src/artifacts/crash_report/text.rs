//! A report as text (`.crash`, `.spin`, `.hang`, `.diag`) → the process.

use super::{Told, is_foreign, name, time, whole_path};
use crate::artifacts::{Emitter, ParseError};
use crate::model::observation::{Crash, ProblemKind, Process, Started};
use crate::model::provenance::Locator;
use std::collections::BTreeMap;

/// Lines of a report that may be fields: what follows is of threads.
const FIELDS: usize = 120;

/// A field with the line it stands on.
type Fields<'a> = BTreeMap<&'a str, (u64, &'a str)>;

/// Whether a text begins as a report does.
pub(super) fn begins(text: &str) -> bool {
    let fields = fields(text);
    let has = |key: &str| fields.contains_key(key);
    let process = fields.get("Process").is_some_and(|(_, value)| numbered(value).is_some());
    let crash = process && has("Date/Time") && (has("Code Type") || has("Report Version"));
    crash || (has("Date/Time") && has("Command") && has("PID") && has("OS Version"))
}

/// `Key:   value` lines before the first thread; the first of a name counts.
fn fields(text: &str) -> Fields<'_> {
    let mut fields = Fields::new();
    for (number, line) in (1..).zip(text.lines().take(FIELDS)) {
        if line.starts_with("Thread 0") || line.starts_with("Binary Images:") {
            break;
        }
        if let Some((key, value)) = line.split_once(':').filter(|(key, _)| key.len() < 40) {
            fields.entry(key.trim()).or_insert((number, value.trim()));
        }
    }
    fields
}

/// `ferryd [412]`.
fn numbered(value: &str) -> Option<(&str, u32)> {
    let (name, rest) = value.rsplit_once('[')?;
    let pid = rest.trim_end().strip_suffix(']')?.parse().ok()?;
    Some((name.trim(), pid))
}

/// Reads a report without a head of JSON.
pub(super) fn read(text: &str, out: &mut Emitter) -> Result<(), ParseError> {
    read_body(text, true, out)
}

/// Reads a report; `may_crash` tells whether its kind is that of a crash.
pub(super) fn read_body(text: &str, may_crash: bool, out: &mut Emitter) -> Result<(), ParseError> {
    let fields = fields(text);
    let value = |key: &str| fields.get(key).map_or("", |(_, value)| *value);
    let line = |key: &str| Locator::Line(fields.get(key).map_or(1, |(line, _)| *line));
    if is_foreign(value("OS Version")) {
        return Err(ParseError::Foreign(super::FOREIGN.to_owned()));
    }
    let by_command = || Some((value("Command"), value("PID").parse().ok()?));
    let Some((shown, pid)) = numbered(value("Process")).or_else(by_command) else {
        if fields.is_empty() {
            let (locator, detail) = (Locator::Line(1), "no report of a process".to_owned());
            return Err(ParseError::Malformed { locator, detail });
        }
        let detail = "the report does not tell which process it is of";
        out.problem(line("Process"), ProblemKind::MalformedRecord, detail);
        return Ok(());
    };
    let mut at = |key: &str| match value(key) {
        "" => None,
        told => time(told, line(key), out),
    };
    let (captured, launched) = (at("Date/Time"), at("Launch Time"));
    let launched =
        launched.filter(|launch| captured.is_none_or(|captured| launch.lo <= captured.hi));
    // A guard or a limit on a resource may be broken without an end.
    let exception = value("Exception Type");
    let goes_on = ["EXC_RESOURCE", "EXC_GUARD"].iter().any(|kind| exception.starts_with(kind));
    let terminated = fields.keys().any(|key| key.starts_with("Termination "));
    let crashed = may_crash && !exception.is_empty() && (terminated || !goes_on);
    let parent = numbered(value("Parent Process")).or_else(|| numbered(value("Parent")));
    let coalition = value("Coalition").split(" [").next().unwrap_or_default();
    let text = |it: &str, out: &mut Emitter| (!it.is_empty()).then(|| out.text(it));
    let process = Process {
        pid,
        ppid: parent.map(|(_, pid)| pid),
        user: Some(value("User ID"))
            .filter(|uid| uid.parse::<u32>().is_ok())
            .map(|it| out.text(it)),
        name: name(shown, out),
        path: whole_path(value("Path")).map(|path| out.text(path)),
        started: launched.map(Started::Within),
        ..Process::default()
    };
    let crash = Crash {
        process,
        ended: captured.filter(|_| crashed),
        parent: parent.and_then(|(name, _)| text(name, out)),
        coalition: text(coalition, out),
        bundle: text(value("Identifier"), out),
        team: None,
    };
    let keys = ["Process", "Command", "PID", "Path", "Parent Process", "Launch Time", "Date/Time"];
    let told: Vec<String> = keys
        .iter()
        .filter(|key| !value(key).is_empty())
        .map(|key| format!("{key}: {}", value(key)))
        .collect();
    let place = if value("Process").is_empty() { line("Command") } else { line("Process") };
    Told { crash: Some(crash), captured, row: told.join("; ") }.emit(place, out);
    Ok(())
}
