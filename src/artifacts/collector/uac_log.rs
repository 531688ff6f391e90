//! `uac.log` → when each command ran.

use crate::artifacts::date::offset_seconds;
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{CollectionClaim, Fact, HostClaim, Known, ProblemKind, When};
use crate::model::provenance::Locator;
use jiff::tz::Offset;

catalog::entry! {
    /// `uac.log` → when each command ran.
    ///
    /// ## What it proves
    /// Between which two instants, in UTC, UAC ran each command: what dates the files it saved. Also the
    /// host's offset from UTC during the acquisition, UAC's version, whether it ran as root, whether it
    /// read the running system (`Mount point: /`), and which steps failed.
    ///
    /// ## What it does not
    /// That the clock was right. Version 3 writes a line when a command has ended, version 2 before it
    /// begins: the command ran between that line and its neighbour. A step that printed nothing leaves
    /// no file; that is not a failure. Lines that mention a password are never shown.
    ///
    /// ## Format source
    /// UAC (tclahr/uac): `2026-04-15 09:13:02 -0300 CMD netstat -anp tcp`, with what it printed on
    /// stderr behind ` 2> ` and its line ends as `/n` (3.x); levels `COMMAND`, `INFO`, `ERROR` in 2.x,
    /// `CMD`, `INF`, `ERR` in 3.x. formats.md 3.1, time.md 7.1.
    pub UacLog
}

impl Artifact for UacLog {
    fn id(&self) -> &'static str {
        "uac-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let first = candidate.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let line = Line::split(first);
        match (candidate.name == "uac.log", line) {
            (true, Some(_)) => Claim::Sure,
            // Its first line may be damaged; a log of another tool has none like it.
            (true, None) if candidate.lines().any(|line| Line::split(line).is_some()) => {
                Claim::ByName
            }
            (false, Some(line)) if line.text.contains("Unix-like Artifacts Collector") => {
                Claim::ByContent
            }
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut log = Log::default();
        let result = for_each_line(input, out, |number, line, out| log.read(number, line, out));
        log.finish(out);
        result
    }
}

/// A line of the log.
struct Line<'a> {
    time: Timestamp,
    offset: i32,
    level: &'a str,
    text: &'a str,
}

impl<'a> Line<'a> {
    /// `2026-04-15 09:13:02 -0300 CMD netstat -anp tcp`.
    fn split(line: &'a str) -> Option<Self> {
        let mut parts = line.splitn(5, ' ');
        let (date, clock) = (parts.next()?, parts.next()?);
        let offset = offset_seconds(parts.next()?)?;
        let level = parts.next()?;
        if date.len() != 10 || clock.len() != 8 {
            return None;
        }
        let civil = date.parse::<jiff::civil::Date>().ok()?;
        let civil = civil.to_datetime(clock.parse::<jiff::civil::Time>().ok()?);
        let time = Offset::from_seconds(offset).ok()?.to_timestamp(civil).ok()?;
        Some(Self { time, offset, level, text: parts.next().unwrap_or_default() })
    }
}

/// A command whose end is not yet known (version 2).
struct Begun {
    number: u64,
    time: Timestamp,
    row: String,
}

/// Where a time stands, and how.
#[derive(Clone)]
struct Stamped {
    number: u64,
    time: Timestamp,
    raw: String,
}

#[derive(Default)]
struct Log {
    first: Option<Stamped>,
    last: Option<Stamped>,
    offset: Option<i32>,
    begun: Option<Begun>,
    named: bool,
    version_2: bool,
}

impl Log {
    fn read(&mut self, number: u64, row: &str, out: &mut Emitter) {
        if row.trim().is_empty() {
            return;
        }
        let locator = Locator::Line(number);
        let Some(line) = Line::split(row) else {
            if self.version_2 {
                // Version 2 prints line ends inside a command as they are.
                return out.skip("lines that continue the one before");
            }
            let detail = "a line without time, offset and level";
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        };
        let before = self.last.as_ref().map(|last| last.time);
        if let Some(before) = before.filter(|before| line.time < *before) {
            let seconds = before.as_second().saturating_sub(line.time.as_second());
            let detail = format!("the clock went back by {seconds} s since the line before");
            out.problem(locator, ProblemKind::AmbiguousTime, detail);
        }
        self.end_begun(line.time, out);
        let when = When::Utc(Window::at(line.time));
        if self.offset != Some(line.offset) {
            let claim = HostClaim::Offset { rank: 0, seconds: line.offset };
            let stamp = row.get(..25).unwrap_or_default();
            out.cite(locator, when.clone(), stamp, Fact::Host(claim));
            self.offset = Some(line.offset);
        }
        let raw = row.get(..25).unwrap_or_default().to_owned();
        let stamped = Stamped { number, time: line.time, raw };
        self.first.get_or_insert_with(|| stamped.clone());
        if mentions_secret(row) {
            out.skip("lines that mention a password");
        } else {
            self.say(number, row, &line, out);
        }
        self.last = Some(stamped);
    }

    fn say(&mut self, number: u64, row: &str, line: &Line<'_>, out: &mut Emitter) {
        let locator = Locator::Line(number);
        match line.level {
            "CMD" => {
                let from = self.last.as_ref().map_or(line.time, |last| last.time);
                let (command, printed) = match line.text.split_once(" 2> ") {
                    Some((command, printed)) => (command.trim_end(), Some(printed)),
                    None => (line.text.trim_end(), None),
                };
                let when = When::Utc(Window::new(from, line.time));
                let fact = Fact::Command(out.text(command));
                out.cite(locator, when.clone(), row, fact);
                if let Some(printed) = printed.filter(|printed| is_failure(printed)) {
                    let text = format!("{}: {}", cut(command, 80), cut(printed, 200));
                    let claim = CollectionClaim::Failed(text.as_str().into());
                    out.cite(locator, when, row, Fact::Collection(claim));
                }
            }
            "COMMAND" => {
                self.version_2 = true;
                self.begun = Some(Begun { number, time: line.time, row: row.to_owned() });
            }
            "ERR" | "ERROR" => {
                let claim = CollectionClaim::Failed(cut(line.text, 280).as_str().into());
                let when = When::Utc(Window::at(line.time));
                out.cite(locator, when, row, Fact::Collection(claim));
            }
            "INF" | "INFO" => {
                self.version_2 = self.version_2 || line.level == "INFO";
                self.say_info(locator, line, row, out);
            }
            "DBG" | "DEBUG" | "WRN" | "WARNING" => {
                out.skip("messages that say nothing of the evidence");
            }
            level => {
                let detail = format!("a line of the unknown level {:?}", cut(level, 20));
                out.problem(locator, ProblemKind::MalformedRecord, detail);
            }
        }
    }

    /// A command of version 2 ended when the next line was written.
    fn end_begun(&mut self, until: Timestamp, out: &mut Emitter) {
        if let Some(Begun { number, time, row }) = self.begun.take() {
            let command = row.split_once(" COMMAND ").map_or("", |(_, command)| command).trim_end();
            let fact = Fact::Command(out.text(command));
            out.cite(Locator::Line(number), When::Utc(Window::new(time, until)), &row, fact);
        }
    }

    fn say_info(&mut self, locator: Locator, line: &Line<'_>, row: &str, out: &mut Emitter) {
        let when = When::Utc(Window::at(line.time));
        if let Some(version) = collector_version(line.text) {
            self.named = true;
            let version = (!version.is_empty()).then(|| out.text(version));
            let claim = CollectionClaim::Collector { name: out.text("uac"), version };
            return out.cite(locator, when, row, Fact::Collection(claim));
        }
        let Some((key, value)) = line.text.split_once(": ") else {
            return out.skip("messages that say nothing of the evidence");
        };
        match info_fact(key, value.trim()) {
            Some(fact) => out.cite(locator, when, row, fact),
            None => out.skip("messages that say nothing of the evidence"),
        }
    }

    fn finish(mut self, out: &mut Emitter) {
        if let Some(Stamped { number, time, raw }) = self.last.take() {
            if self.begun.is_some() {
                out.note("the log ends with a command that may not have ended");
            }
            self.end_begun(time, out);
            let fact = Fact::Collection(CollectionClaim::Ended);
            out.cite(Locator::Line(number), When::Utc(Window::at(time)), &raw, fact);
        }
        if let Some(Stamped { number, time, raw }) = self.first.take() {
            let (locator, when) = (Locator::Line(number), When::Utc(Window::at(time)));
            if !self.named {
                let claim = CollectionClaim::Collector { name: out.text("uac"), version: None };
                out.cite(locator, when.clone(), &raw, Fact::Collection(claim));
            }
            out.cite(locator, when, &raw, Fact::Collection(CollectionClaim::Started));
        }
    }
}

/// The version in `Unix-like Artifacts Collector 3.3.0` and `UAC (Unix-like Artifacts Collector) 2.9.1`.
pub(super) fn collector_version(text: &str) -> Option<&str> {
    let (before, version) = text.split_once("Unix-like Artifacts Collector")?;
    let known = ["", "UAC (", "Created by UAC ("].contains(&before);
    known.then(|| version.trim_start_matches(')').trim())
}

/// What a `key: value` message says about host or acquisition.
fn info_fact(key: &str, value: &str) -> Option<Fact> {
    if value.is_empty() {
        return None;
    }
    let field = |field| CollectionClaim::CaseField { field, value: value.into() };
    Some(match key {
        "Hostname" => Fact::Host(HostClaim::Name { rank: 0, name: value.into() }),
        "Operating system" if value != "macos" => Fact::Host(HostClaim::NotMacOs(value.into())),
        "Mount point" => Fact::Collection(CollectionClaim::MountPoint(value.into())),
        "Running as" => Fact::Collection(CollectionClaim::Privileged(Known::from(value == "root"))),
        "Case number" => Fact::Collection(field("case_id")),
        "Evidence number" => Fact::Collection(field("evidence_id")),
        "Examiner" => Fact::Collection(field("examiner")),
        "Notes" => Fact::Collection(field("notes")),
        _ => return None,
    })
}

/// What commands print when they could not do their work; warnings are not among it.
fn is_failure(printed: &str) -> bool {
    let printed = printed.to_lowercase();
    ["not permitted", "permission denied", "not found", "no such file", "killed", "illegal option"]
        .iter()
        .any(|word| printed.contains(word))
}

/// Whether a line may hold a password: a command line, or a message about one.
fn mentions_secret(row: &str) -> bool {
    let row = row.to_lowercase();
    ["password", "passphrase", "secret", "token", "command line: "]
        .iter()
        .any(|word| row.contains(word))
}
