//! `runtime.log` of a run → when each of its files was written, and which step failed.

use super::name::RunFile;
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Emitter, Input, ParseError, cut};
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{CollectionClaim, Fact, Known, ProblemKind, When};
use crate::model::provenance::Locator;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Whether a line begins as the log's lines do.
pub(super) fn is_line(line: &str) -> bool {
    split(line).is_some_and(|(_, message)| message.starts_with("Started automactc"))
}

/// Whether a line is one of such a log.
pub(super) fn is_of_log(line: &str) -> bool {
    split(line).is_some()
}

/// Whether a file is named as the log is, without the name of its run.
pub(super) fn is_named(name: &str) -> bool {
    let name = name.to_lowercase();
    let ending = name.rsplit('.').next();
    name.starts_with("runtime") && matches!(ending, Some("log" | "json"))
}

/// The time and the message of `2026-04-15T12:13:02+0000 - automactc[812] - INFO - Running LSOF (v1.0.0)`, or of
/// the same as JSON. The tool sets its clock to UTC before it writes anything.
fn split(line: &str) -> Option<(Timestamp, String)> {
    if line.starts_with('{') {
        let object: Map<String, Value> = serde_json::from_str(line).ok()?;
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        return Some((stamp(text("logtime")?)?, text("message")?.to_owned()));
    }
    let mut parts = line.splitn(4, " - ");
    let time = stamp(parts.next()?)?;
    let message = parts.nth(2)?;
    Some((time, message.to_owned()))
}

/// `2026-04-15T12:13:02+0000`.
fn stamp(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text).ok()
}

/// Reads the log.
pub(super) fn read(
    input: &mut Input<'_>,
    file: Option<&RunFile<'_>>,
    out: &mut Emitter,
) -> Result<(), ParseError> {
    let mut log = Log { run: file.map(|file| file.started), ..Log::default() };
    let read = for_each_line(input, out, |number, line, out| log.line(number, line, out));
    log.finish(out);
    read
}

#[derive(Default)]
struct Log {
    run: Option<Timestamp>,
    /// Modules that are running, with the time at which they began and the row that says so.
    running: BTreeMap<String, (u64, Timestamp, String)>,
    first: Option<(u64, Timestamp)>,
    last: Option<(u64, Timestamp)>,
    named: bool,
    finished: bool,
}

impl Log {
    fn line(&mut self, number: u64, row: &str, out: &mut Emitter) {
        if row.trim().is_empty() {
            return;
        }
        let locator = Locator::Line(number);
        let Some((time, message)) = split(row) else {
            // A traceback is printed in one line; other tools of the same process log in their own way.
            let detail = "a line without time, program, level and message";
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        };
        if let Some((_, before)) = self.last.filter(|(_, before)| time < *before) {
            let seconds = before.as_second().saturating_sub(time.as_second());
            let detail = format!("the clock went back by {seconds} s since the line before");
            out.problem(locator, ProblemKind::AmbiguousTime, detail);
        }
        self.first.get_or_insert((number, time));
        self.last = Some((number, time));
        self.say(number, time, row, &message, out);
    }

    fn say(&mut self, number: u64, time: Timestamp, row: &str, message: &str, out: &mut Emitter) {
        let (locator, when) = (Locator::Line(number), When::Utc(Window::at(time).shifted(0, 1)));
        if let Some(rest) = message.strip_prefix("Started automactc (v. ") {
            self.named = true;
            let version = rest.split(')').next().filter(|version| !version.is_empty());
            let version = version.map(|version| out.text(version));
            let claim = CollectionClaim::Collector { name: out.text("automactc"), version };
            out.cite(locator, when.clone(), row, Fact::Collection(claim));
            // The tool ends at once where it is not run by root.
            let claim = CollectionClaim::Privileged(Known::Yes);
            out.cite(locator, when.clone(), row, Fact::Collection(claim));
            out.cite(locator, when, row, Fact::Collection(CollectionClaim::Started));
        } else if let Some(rest) = message.strip_prefix("Running ") {
            let module = rest.split(" (v").next().unwrap_or(rest).to_lowercase();
            self.running.insert(module, (number, time, row.to_owned()));
        } else if message.starts_with("Finished program at ") {
            self.finished = true;
            out.cite(locator, when, row, Fact::Collection(CollectionClaim::Ended));
        } else if let Some((module, _)) = message.split_once(" finished in ") {
            let module = module.split(" (v").next().unwrap_or(module).to_lowercase();
            let began = self.running.remove(&module);
            ran(&module, began, time, out);
        } else if message.contains(" failed: ") || message.contains("Module did not run") {
            let claim = CollectionClaim::Failed(cut(message, 280).as_str().into());
            out.cite(locator, when, row, Fact::Collection(claim));
        } else {
            out.skip("messages that say nothing of the evidence");
        }
    }

    fn finish(mut self, out: &mut Emitter) {
        let Some((number, last)) = self.last else { return };
        for (module, began) in std::mem::take(&mut self.running) {
            ran(&module, Some(began), last, out);
        }
        let locator = Locator::Line(number);
        let when = When::Utc(Window::at(last).shifted(0, 1));
        if !self.finished {
            out.note("the log ends before the run does");
            out.fact(locator, when, Fact::Collection(CollectionClaim::Ended));
        }
        if let Some((number, first)) = self.first.filter(|_| !self.named) {
            let when = When::Utc(Window::at(first).shifted(0, 1));
            let claim = CollectionClaim::Collector { name: out.text("automactc"), version: None };
            out.fact(Locator::Line(number), when.clone(), Fact::Collection(claim));
            out.fact(Locator::Line(number), when, Fact::Collection(CollectionClaim::Started));
        }
        if let (Some(run), Some((_, first))) = (self.run, self.first)
            && first.duration_since(run).as_secs().abs() > DIFFERENT
        {
            let detail = "the log does not begin when its name says that the run did";
            out.problem(Locator::Whole, ProblemKind::AmbiguousTime, detail);
        }
    }
}

/// Seconds between the time in the name and the log's first line from which on one of them is wrong.
const DIFFERENT: i64 = 600;

/// A module ran from one line to another.
fn ran(module: &str, began: Option<(u64, Timestamp, String)>, until: Timestamp, out: &mut Emitter) {
    let Some((number, from, row)) = began else {
        return out.skip("ends of modules whose beginning is not in the log");
    };
    let when = When::Utc(Window::new(from, until).shifted(0, 1));
    let fact = Fact::Command(out.text(module));
    out.cite(Locator::Line(number), when, &row, fact);
}
