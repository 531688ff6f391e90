//! What is copied out of Console.app → records: times of day without a date, no pid.

use super::ahead::Log;
use super::blocks::read_log;
use super::export::{Export, IDLE, RECORD};
use super::lines::{Line, Lines};
use super::stamp::time_of_day;
use super::{Record, RecordKind, messages};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{TimeOfDay, When};
use crate::model::provenance::Locator;
use jiff::civil::Time;

catalog::entry! {
    /// Messages copied out of Console.app → what they say of sockets and jobs.
    ///
    /// ## What it proves
    /// The same as `log show` (`unified-log-text`), as far as the copied rows go.
    ///
    /// ## What it does not
    /// The date: it comes from the name of the file or its folder, from a dated collection, or from
    /// `--captured-at`; otherwise its records stay without a time. No row tells the pid or the subsystem of
    /// who wrote it: a program that names itself `kernel` or `launchd`, or that logs a line break and the
    /// text of a row, cannot be told from the real one.
    ///
    /// ## Format source
    /// Copies of macOS 15 and later in public repositories; unified-log.md B.5.
    pub UnifiedLogConsole
}

/// Hours by which the time must step back to be another day's.
const MIDNIGHT: i64 = 12;

impl Artifact for UnifiedLogConsole {
    fn id(&self) -> &'static str {
        "unified-log-console"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let rows = candidate.lines().take(12).filter(|line| row(line).is_some());
        if rows.count() > 0 { Claim::ByContent } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut copy = Copied { export: Export::of("Console"), ..Copied::default() };
        let result = read_log(input, &mut copy, out);
        let open = copy.open.as_ref().map(|(number, ..)| *number);
        copy.flush(out);
        // What is copied need not end with a line end: the record tells whether it is whole.
        let broken = out.problems.last().map(|one| one.locator);
        if let (Ok(false), Some(number)) = (&result, open)
            && broken == Some(Locator::Line(number))
        {
            out.ends_within(number);
        }
        let (last, days) = (copy.last, copy.days);
        copy.export.finish(out);
        for observation in &mut out.observations {
            if let (When::TimeOfDay(time), Some(last)) = (&mut observation.when, last) {
                time.last = last;
                time.days_back = days.saturating_sub(time.days_back);
            }
        }
        result.map(drop)
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Copied {
    export: Export,
    first: Option<Time>,
    last: Option<Time>,
    /// Midnights so far; until the end is met, `days_back` counts them from the beginning.
    days: u32,
    open: Option<(u64, String, When)>,
    /// Whether something in it may say something.
    matters: bool,
}

impl Copied {
    fn read(&mut self, line: &Line<'_>, out: &mut Emitter) {
        let (number, matters, line) = (line.number, line.matters, &*line.text());
        if let Some((time, offset, _, _)) = row(line) {
            self.flush(out);
            self.days = self.days_at(time);
            self.first = self.first.or(Some(time));
            self.last = Some(time);
            let partial =
                TimeOfDay { time, offset: Some(offset), last: time, days_back: self.days };
            let when = When::TimeOfDay(Box::new(partial));
            self.export.met(Locator::Line(number), &when);
            self.open = Some((number, line.to_owned(), when));
            self.matters = matters;
        } else if let Some((_, record, _)) = &mut self.open {
            self.matters |= matters;
            if record.len() < RECORD {
                record.push('\n');
                record.push_str(line);
            }
        } else if !line.trim().is_empty() {
            out.skip("lines before the first record");
        }
    }

    /// Midnights up to the next record.
    fn days_at(&self, time: Time) -> u32 {
        let back = |last: Time| last.duration_since(time).as_hours() >= MIDNIGHT;
        self.days.saturating_add(u32::from(self.last.is_some_and(back)))
    }

    fn flush(&mut self, out: &mut Emitter) {
        let Some((number, text, when)) = self.open.take() else { return };
        let parts = row(&text).filter(|_| self.matters);
        let Some((_, _, process, message)) = parts else { return out.skip(IDLE) };
        let record = Record {
            locator: Locator::Line(number),
            when,
            kind: RecordKind::Log,
            process,
            process_path: None,
            pid: None,
            sender: "",
            subsystem: "",
            category: "",
            message,
            boot: None,
            row: &text,
        };
        if !messages::read(&record, out) {
            out.skip(IDLE);
        }
    }
}

impl Log for Copied {
    fn read_lines(&mut self, lines: Lines<'_>, out: &mut Emitter) {
        lines.for_each(|line| self.read(&line, out));
    }

    fn apart(&self) -> Option<Self> {
        Some(Self { export: self.export.apart(), ..Self::default() })
    }

    /// Every row begins a record, whatever stands before it.
    fn begins(&self, line: &Line<'_>) -> bool {
        row(&line.text()).is_some()
    }

    fn join(&mut self, piece: &mut Self, found: &mut Emitter, out: &mut Emitter) -> bool {
        let Some(first) = piece.first.filter(|_| self.export.may_join(&piece.export)) else {
            return false;
        };
        self.flush(out);
        // The piece counts midnights from its own beginning.
        let days = self.days_at(first);
        let times = found.observations.iter_mut().map(|observation| &mut observation.when);
        let open = piece.open.iter_mut().map(|(_, _, when)| when);
        for when in times.chain(open).chain(piece.export.ends_mut()) {
            if let When::TimeOfDay(time) = when {
                time.days_back = time.days_back.saturating_add(days);
            }
        }
        out.append(std::mem::take(found));
        self.export.join(&mut piece.export);
        self.days = days.saturating_add(piece.days);
        self.last = piece.last;
        self.open = piece.open.take();
        self.matters = piece.matters;
        true
    }
}

/// `default<TAB>12:29:29.834980-0500<TAB>process<TAB>message`.
fn row(line: &str) -> Option<(Time, i32, &str, &str)> {
    let (level, rest) = line.split_once('\t')?;
    let levels = ["default", "info", "debug", "error", "fault"];
    let (clock, rest) = rest.split_once('\t').filter(|_| levels.contains(&level))?;
    let (time, offset) = time_of_day(clock)?;
    let (process, message) = rest.split_once('\t')?;
    Some((time, offset, process, message))
}
