//! `aftermath.log` → when Aftermath ran, and when each step of it.

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{CollectionClaim, Fact, Known, ProblemKind, When};
use crate::model::provenance::Locator;
use jiff::civil::DateTime;
use jiff::{SignedDuration, ToSpan};

catalog::entry! {
    /// `aftermath.log` → when Aftermath ran, and when each step of it.
    ///
    /// ## What it proves
    /// That Aftermath collected, in which order, and how far apart its steps were. Whether it ran as root.
    ///
    /// ## What it does not
    /// The hour in UTC: its stamps end in `Z`, but they are the host's local time, written with the hours
    /// of a twelve-hour clock. The `Z` is ignored; which half of the day it was is decided by
    /// the starts of the processes that it lists, else by the times of the files beside it, else by another
    /// acquisition of the same Mac, else taken as printed. Times of access in `metadata.csv` are not used for it.
    ///
    /// ## Format source
    /// Aftermath (jamf/aftermath) 1.0 to 2.3: `2026-04-15T09:31:10Z - Module.swift - note`, from a date format
    /// of `yyyy-MM-dd'T'hh:mm:ss'Z'` without a zone. formats.md 3.3.
    pub AftermathLog
}

/// Seconds after which Aftermath stops a command that it runs.
const COMMAND: i64 = 30;

/// Hours by which a stamp must fall behind the one before it to mean that a half day has passed.
const HALF_DAY: i64 = 6;

/// What a step is called in the log, and the files that it writes, without their endings.
const STEPS: &[(&str, &[&str])] = &[
    ("results of lsof", &["lsof_output"]),
    ("network connections", &["lsof_output"]),
    ("network information", &["lsof_output"]),
    ("process dump", &["process_dump", "true_tree_output"]),
    ("collecting process", &["process_dump", "true_tree_output"]),
];

impl Artifact for AftermathLog {
    fn id(&self) -> &'static str {
        "aftermath-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let first = candidate.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let looks = split(first).is_some();
        let swift = split(first).is_some_and(|(_, note)| note.contains(".swift - "));
        match (candidate.name == "aftermath.log", looks) {
            (true, true) => Claim::Sure,
            // Its first line may be damaged.
            (true, false) if candidate.lines().any(|line| split(line).is_some()) => Claim::ByName,
            (false, true) if swift && first.to_lowercase().contains("aftermath") => {
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

/// The stamp of a line, as printed, and what follows it.
fn split(line: &str) -> Option<(DateTime, &str)> {
    let (stamp, note) = line.split_once(" - ").or_else(|| line.split_once(" -  "))?;
    let civil = stamp.strip_suffix('Z').filter(|civil| civil.len() == 19)?;
    let civil = civil.parse::<DateTime>().ok()?;
    // On a clock of twelve hours, twelve is the first of a half day.
    let hour = if civil.hour() == 12 { 0 } else { civil.hour() };
    let civil = civil.with().hour(hour).build().ok()?;
    Some((civil, note.trim()))
}

/// A line of the log.
struct Line {
    number: u64,
    at: DateTime,
    row: String,
    note: String,
}

#[derive(Default)]
struct Log {
    first: Option<(u64, DateTime, String)>,
    last: Option<Line>,
    /// Half days that have passed since the first line.
    halves: i64,
    /// Whether a line told the step by the name of its command.
    exact: Vec<&'static str>,
}

impl Log {
    fn read(&mut self, number: u64, row: &str, out: &mut Emitter) {
        let Some((at, note)) = split(row) else {
            let is_stamped = row.starts_with("20") && row.as_bytes().get(4) == Some(&b'-');
            if is_stamped {
                let detail = format!("a time that is cut or none: {:?}", cut(row, 60));
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            } else if !row.trim().is_empty() {
                out.skip("lines that continue the one before");
            }
            return;
        };
        let Some(at) = self.placed(at) else {
            let detail = format!("a time beyond the calendar: {:?}", cut(row, 60));
            return out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        };
        if let Some(before) = self.last.take() {
            self.say(&before, at, out);
        } else {
            let collector =
                CollectionClaim::Collector { name: Text::from("aftermath"), version: None };
            out.cite(Locator::Line(number), When::Undated, row, Fact::Collection(collector));
        }
        if note.to_lowercase().contains("run in non-root mode") {
            let claim = CollectionClaim::Privileged(Known::No);
            out.cite(Locator::Line(number), When::Undated, row, Fact::Collection(claim));
        }
        self.first.get_or_insert_with(|| (number, at, row.to_owned()));
        self.last = Some(Line { number, at, row: row.to_owned(), note: note.to_lowercase() });
    }

    /// The time of a line on a clock that goes on from the first line's half day.
    fn placed(&mut self, at: DateTime) -> Option<DateTime> {
        let half = |at: DateTime, halves: i64| {
            // The date tells of midnights by itself; only noon is lost.
            let noon = halves.checked_rem(2)?.checked_mul(12)?;
            at.checked_add(noon.hours()).ok()
        };
        let Some(last) = &self.last else { return half(at, self.halves) };
        let fits = |placed: &DateTime| {
            last.at.duration_since(*placed) < SignedDuration::from_hours(HALF_DAY)
        };
        if let Some(placed) = half(at, self.halves).filter(fits) {
            return Some(placed);
        }
        self.halves = self.halves.saturating_add(1);
        half(at, self.halves)
    }

    /// The step that a line begins lasts until the next line.
    fn say(&mut self, line: &Line, until: DateTime, out: &mut Emitter) {
        let step = STEPS.iter().position(|(words, _)| line.note.contains(words));
        let Some((words, files)) = step.and_then(|at| STEPS.get(at)) else { return };
        // "Gathering results of lsof" is nearer than "Started gathering network information".
        if line.note.contains("finished") || self.exact.iter().any(|file| files.contains(file)) {
            return;
        }
        if *words == "results of lsof" {
            self.exact.extend(*files);
        }
        let (lo, hi) = (line.at, until.max(line.at));
        for file in *files {
            let when = When::TwelveHour(lo, hi);
            let fact = Fact::Command(Text::from(*file));
            out.cite(Locator::Line(line.number), when, &line.row, fact);
        }
    }

    fn finish(mut self, out: &mut Emitter) {
        let Some(last) = self.last.take() else { return };
        let until = last.at.checked_add(COMMAND.seconds()).unwrap_or(last.at);
        self.say(&last, until, out);
        if let Some((number, at, row)) = &self.first {
            let fact = Fact::Collection(CollectionClaim::Started);
            out.cite(Locator::Line(*number), When::TwelveHour(*at, *at), row, fact);
        }
        let fact = Fact::Collection(CollectionClaim::Ended);
        out.cite(Locator::Line(last.number), When::TwelveHour(last.at, last.at), &last.row, fact);
    }
}
