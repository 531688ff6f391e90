//! `.ips`: a line of JSON about the report, then JSON of what it says → the process.

use super::{Told, is_foreign, name, time, whole_path};
use crate::artifacts::{Emitter, ParseError};
use crate::model::observation::{Crash, ProblemKind, Process, Started};
use crate::model::provenance::Locator;
use serde_json::{Map, Value};

/// Kinds of reports of a crash: 309 in JSON, 109 with a body of text.
const CRASHES: &[&str] = &["309", "109"];

type Object = Map<String, Value>;

/// The system that the head of a report names, if it is one.
pub(super) fn version(text: &str) -> Option<String> {
    let first = text.lines().next().filter(|line| line.starts_with('{'))?;
    let head: Object = serde_json::from_str(first).ok()?;
    let is_one = head.contains_key("bug_type") && head.contains_key("incident_id");
    let version = head.get("os_version").and_then(Value::as_str).unwrap_or_default();
    is_one.then(|| version.to_owned())
}

/// Reads a report.
pub(super) fn read(text: &str, out: &mut Emitter) -> Result<(), ParseError> {
    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
    let malformed = |line, detail: &str| {
        let (locator, detail) = (Locator::Line(line), detail.to_owned());
        ParseError::Malformed { locator, detail }
    };
    let head: Object = serde_json::from_str(first)
        .map_err(|_| malformed(1, "the head of the report is no JSON"))?;
    let string =
        |object: &Object, key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    if string(&head, "os_version").is_some_and(|version| is_foreign(&version)) {
        return Err(ParseError::Foreign(super::FOREIGN.to_owned()));
    }
    let kind = string(&head, "bug_type").unwrap_or_default();
    if !body.trim_start().starts_with('{') {
        return super::text::read_body(body, CRASHES.contains(&kind.as_str()), out);
    }
    let body: Object = serde_json::from_str(body).map_err(|error| {
        let line = (error.line() as u64).saturating_add(1);
        malformed(line, "the report is cut off or damaged")
    })?;
    if string(&body, "procName").is_none() && !body.contains_key("pid") {
        out.skip("reports that are not of one process");
        return Ok(());
    }
    say(&kind, &body, out);
    Ok(())
}

fn say(kind: &str, body: &Object, out: &mut Emitter) {
    let string = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| body.get(key).and_then(Value::as_u64);
    let pid = number("pid").and_then(|pid| u32::try_from(pid).ok());
    let Some(pid) = pid else {
        let detail = "the process has no number";
        return out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
    };
    let mut at = |key: &str| match string(key) {
        "" => None,
        text => time(text, Locator::Whole, out),
    };
    let (captured, launched) = (at("captureTime"), at("procLaunch"));
    // What was captured before its start was captured by a clock that was set back.
    let launched =
        launched.filter(|launch| captured.is_none_or(|captured| launch.lo <= captured.hi));
    let crashed = CRASHES.contains(&kind) && body.contains_key("termination");
    let text = |key: &str, out: &mut Emitter| {
        Some(string(key)).filter(|it| !it.is_empty()).map(|it| out.text(it))
    };
    let bundle = body.get("bundleInfo").and_then(|it| it.get("CFBundleIdentifier"));
    let bundle = bundle.and_then(Value::as_str).map(|bundle| out.text(bundle));
    let process = Process {
        pid,
        ppid: number("parentPid").and_then(|pid| u32::try_from(pid).ok()),
        user: number("userID").map(|uid| out.text(&uid.to_string())),
        name: name(string("procName"), out),
        path: whole_path(string("procPath")).map(|path| out.text(path)),
        started: launched.map(Started::Within),
        ..Process::default()
    };
    let crash = Crash {
        process,
        ended: captured.filter(|_| crashed),
        parent: text("parentProc", out),
        coalition: text("coalitionName", out),
        bundle: bundle.or_else(|| text("codeSigningID", out)),
        team: text("codeSigningTeamID", out),
    };
    let keys = ["procName", "procPath", "procLaunch", "captureTime", "parentProc", "coalitionName"];
    let told: Vec<String> = keys
        .iter()
        .filter(|key| !string(key).is_empty())
        .map(|key| format!("{key} {:?}", string(key)))
        .collect();
    let row = format!("bug_type {kind:?}, pid {pid}, {}", told.join(", "));
    Told { crash: Some(crash), captured, row }.emit(Locator::Whole, out);
}
