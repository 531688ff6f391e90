//! `log show --style json` and `ndjson`, `unifiedlog_iterator --format jsonl` → records.

mod pieces;
mod row;

use self::row::{Row, text};
use super::blocks::read_log;
use super::export::{Export, IDLE};
use super::iterator::{self, base_name};
use super::lines::Line;
use super::stamp::date_time;
use super::{Record, RecordKind, messages};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{ProblemKind, When};
use crate::model::provenance::Locator;
use memchr::memmem;
use serde_json::value::RawValue;

catalog::entry! {
    /// `log show --style json|ndjson`, `unifiedlog_iterator --format jsonl` → what it says of sockets, jobs and boots.
    ///
    /// ## What it proves
    /// The same as the text styles (`unified-log-text`), and besides in which boot each record was written.
    /// A message cannot forge a record: JSON escapes what it holds.
    ///
    /// ## What it does not
    /// An absence, for the reasons that `unified-log-text` gives. An `ndjson` export without its last line
    /// (`{"count":N,"finished":1}`) or an array without its `]` was cut: `coverage` says so. Nothing marks the
    /// end of what `unifiedlog_iterator` (Mandiant) writes: only a last line that is broken shows a cut.
    /// Its times of 1970 (it had no clock of the boot) date nothing. A process with pid 0 that is not the
    /// kernel was not found by it; it is believed neither as the kernel nor as launchd.
    ///
    /// ## Format source
    /// Exports of macOS 10.13 to 26 in public repositories; unified-log.md B.4. `log(1)`.
    /// `unifiedlog_iterator` of `mandiant/macos-UnifiedLogs`; unified-log.md B.6.
    pub UnifiedLogJson
}

/// Bytes of one record of an array.
const OBJECT: usize = 1 << 20;

/// Keys of which some two stand near the beginning of every record.
const KEYS: &[&str] = &[
    "\"eventMessage\"",
    "\"machTimestamp\"",
    "\"processImagePath\"",
    "\"senderImageUUID\"",
    "\"traceID\"",
    "\"timezoneName\"",
    "\"processImageUUID\"",
    "\"library_uuid\"",
    "\"activity_id\"",
    "\"process_uuid\"",
    "\"raw_message\"",
];

impl Artifact for UnifiedLogJson {
    fn id(&self) -> &'static str {
        "unified-log-json"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let begin =
            |line: &str| line.trim_start_matches('\u{feff}').trim_start().starts_with(['[', '{']);
        let begins = candidate.lines().take(6).any(begin);
        let keys = KEYS.iter().filter(|key| candidate.text.contains(*key)).count();
        if begins && keys >= 2 { Claim::ByContent } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut log = Log::default();
        let result = read_log(input, &mut log, out);
        log.end(matches!(result, Ok(false)), out);
        result.map(drop)
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Log {
    export: Export,
    /// The object being collected, with its first line.
    open: Option<(u64, String)>,
    /// Whether something in it may say something.
    matters: bool,
    /// The last object that was passed over unread, for the time of the last record.
    unread: Option<(u64, String)>,
    finished: bool,
    /// Blanks before the objects of an array.
    indent: usize,
    /// Whether the next object tells them.
    seeks_indent: bool,
    /// Whether an object broke off.
    broken_off: bool,
    /// Whether a record was taken apart, for the time of the first one.
    begun: bool,
    /// Whether the objects are those of an array.
    array: bool,
    /// Times of `unifiedlog_iterator`.
    clock: iterator::Clock,
    /// The last line that is a record, and the last that should be one.
    good: u64,
    broken: u64,
    /// Whether anything but lines that are records was met.
    mixed: bool,
}

/// Whether a line is an object, as far as its ends tell.
fn is_row(line: &Line<'_>) -> bool {
    line.bytes.starts_with(b"{\"") && line.bytes.ends_with(b"}")
}

impl Log {
    /// Reads a line; returns it if it is a record that says nothing, which is not taken apart.
    fn read<'a>(&mut self, line: &Line<'a>, out: &mut Emitter) -> Option<Line<'a>> {
        if is_row(line) {
            if self.export.layout.is_empty() {
                let own = iterator::is_json(line.bytes);
                self.set_layout(if own { iterator::JSONL } else { "ndjson" });
                self.export.unordered = own;
            }
            let ends =
                line.bytes.len() < 128 && memmem::find(line.bytes, b"\"finished\"").is_some();
            self.mixed |= ends;
            self.break_off(out);
            // Another export may follow the end of one.
            self.finished &= ends;
            if !line.matters && !ends && self.begun {
                self.pass(line, out);
                return Some(*line);
            }
            self.object(line.number, &line.text(), out);
            return None;
        }
        self.mixed = true;
        let text = line.text();
        // Objects of an array begin and end in one column (`log` writes them in the first, `jq` further in), what
        // is in them does not.
        let text = self.outdented(&text);
        match text.trim_end() {
            "[{" | "{" | "[" => {
                self.array |= text.starts_with('[');
                self.begin(line.number, out);
            }
            "},{" | "}," => {
                self.close(out);
                self.begin(line.number, out);
            }
            "}]" | "}" | "]" => {
                self.close(out);
                self.finished |= text.starts_with("}]") || text.starts_with(']');
            }
            text if text.starts_with("[{\"") || text.starts_with(",{\"") => {
                self.one_line(line.number, text, out);
            }
            text => self.collect(line, text, out),
        }
        None
    }

    /// A line less the blanks before the objects of the array; the first one tells how many.
    fn outdented<'t>(&mut self, text: &'t str) -> &'t str {
        let blanks = text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if text.starts_with('[') {
            self.indent = 0;
            self.seeks_indent = text.trim_end() == "[";
        } else if self.seeks_indent && text.trim() == "{" {
            self.indent = blanks;
            self.seeks_indent = false;
        }
        text.get(self.indent..).filter(|_| blanks >= self.indent).unwrap_or(text)
    }

    /// Counts a record that says nothing.
    fn pass(&mut self, line: &Line<'_>, out: &mut Emitter) {
        if self.export.layout != iterator::JSONL {
            return out.skip(IDLE);
        }
        let time = iterator::json_time(line.bytes);
        let lost = iterator::is_lost(line.bytes, &[b"\"message\":\""]);
        self.clock.pass((line.number, time), lost, &mut self.export, out);
    }

    /// Remembers the last record that was passed over; a later one may be known.
    fn keep(&mut self, unread: Option<Line<'_>>) {
        let known = self.unread.as_ref().map_or(0, |(number, _)| *number);
        if let Some(line) = unread.filter(|line| line.number > known) {
            self.unread = Some((line.number, line.text().into_owned()));
        }
    }

    fn set_layout(&mut self, layout: &'static str) {
        if self.export.layout.is_empty() {
            self.export.layout = layout;
        }
    }

    fn begin(&mut self, number: u64, out: &mut Emitter) {
        self.break_off(out);
        self.finished = false;
        self.set_layout("json");
        self.open = Some((number, String::from("{")));
        self.matters = false;
    }

    /// Another export begins, or an object lost its end: what was being collected is not whole.
    fn break_off(&mut self, out: &mut Emitter) {
        if let Some((number, _)) = self.open.take().filter(|(_, object)| object.len() > 1) {
            self.broken_off = true;
            let detail = "the record breaks off";
            out.problem(Locator::Line(number), ProblemKind::Truncated, detail);
        }
    }

    fn collect(&mut self, line: &Line<'_>, text: &str, out: &mut Emitter) {
        if let Some((_, object)) = &mut self.open {
            self.matters |= line.matters;
            if object.len() < OBJECT {
                object.push_str(text);
                object.push('\n');
            }
        } else if text.starts_with('{') {
            self.damaged(line.number, out);
        } else if !self.export.prelude(text, out) && !text.trim().is_empty() {
            out.skip("lines that are no records");
        }
    }

    /// An array, or a part of one, on one line (`jq -c`): object by object, as far as it goes.
    fn one_line(&mut self, number: u64, text: &str, out: &mut Emitter) {
        self.break_off(out);
        self.set_layout("json");
        self.array |= text.starts_with('[');
        self.finished = false;
        self.broken_off |= !self.objects_of(number, text, out);
    }

    /// Reads the objects of a line. Whether they are whole.
    fn objects_of(&mut self, number: u64, text: &str, out: &mut Emitter) -> bool {
        let mut rest = text;
        while let Some(object) = rest.trim_start().strip_prefix(['[', ',']) {
            let mut objects = serde_json::Deserializer::from_str(object).into_iter::<&RawValue>();
            let Some(Ok(found)) = objects.next() else {
                self.damaged(number, out);
                return false;
            };
            self.object(number, found.get(), out);
            rest = object.get(objects.byte_offset()..).unwrap_or_default();
        }
        self.finished |= rest.trim() == "]";
        let whole = matches!(rest.trim(), "]" | "");
        if !whole {
            self.damaged(number, out);
        }
        whole
    }

    fn close(&mut self, out: &mut Emitter) {
        let Some((number, mut object)) = self.open.take().filter(|open| open.1.len() > 1) else {
            return;
        };
        object.push('}');
        if self.matters || !self.begun {
            return self.object(number, &object, out);
        }
        out.skip(IDLE);
        self.unread = Some((number, object));
    }

    /// A whole object.
    fn object(&mut self, number: u64, object: &str, out: &mut Emitter) {
        match serde_json::from_str::<Row<'_>>(object) {
            Ok(row) if row.finished.is_some() => self.finished = true,
            Ok(row) => {
                self.begun = true;
                self.good = number;
                self.record(number, &row, object, out);
            }
            Err(_) => self.damaged(number, out),
        }
    }

    fn record(&mut self, number: u64, row: &Row<'_>, object: &str, out: &mut Emitter) {
        let locator = Locator::Line(number);
        if row.log_type.is_some() {
            if !self.clock.read(number, &row.log_data(), &mut self.export, out) {
                self.damaged(number, out);
            }
            return;
        }
        let Some(when) = self.met(locator, row) else {
            let detail = "a record without a time";
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        };
        let path = text(row.process_image_path.as_ref());
        let message = text(row.event_message.as_ref());
        let pid = row.process_id.and_then(|pid| u32::try_from(pid).ok());
        if !iterator::is_believable(base_name(path), pid) {
            return out.skip(iterator::NO_PID);
        }
        let record = Record {
            locator,
            when,
            kind: match row.event_type.as_deref() {
                Some("timesyncEvent") => RecordKind::Timesync,
                Some("lossEvent") => RecordKind::Loss,
                Some("logEvent") | None => RecordKind::Log,
                Some(_) => RecordKind::Other,
            },
            process: base_name(path),
            process_path: Some(path).filter(|path| !path.is_empty()),
            pid,
            sender: base_name(text(row.sender_image_path.as_ref())),
            subsystem: text(row.subsystem.as_ref()),
            category: text(row.category.as_ref()),
            message,
            boot: row.boot_uuid.as_deref().filter(|uuid| !uuid.is_empty()),
            row: if self.export.layout == "ndjson" { object } else { message },
        };
        if !messages::read(&record, out) {
            out.skip(IDLE);
        }
    }

    /// Notes the time and the boot of a record; `None` if it has no time.
    fn met(&mut self, locator: Locator, row: &Row<'_>) -> Option<When> {
        let stamp = format!("{} ", row.timestamp.as_deref()?);
        let when = date_time(&stamp)?.0.when()?;
        self.export.met(locator, &when);
        if let Some(uuid) = row.boot_uuid.as_deref() {
            self.export.ran(uuid, locator, &when);
        }
        Some(when)
    }

    fn damaged(&mut self, number: u64, out: &mut Emitter) {
        self.broken = number;
        let detail = "a record that is not JSON, or has no time";
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    }

    /// Says what the file is. `unended` tells whether its last line has no end.
    fn end(mut self, unended: bool, out: &mut Emitter) {
        if let Some((number, _)) = self.open.take() {
            self.broken = number;
            out.ends_within(number);
        }
        let own = self.export.layout == iterator::JSONL;
        // It may be older than the last one that was read.
        if let Some((number, object)) = self.unread.take().filter(|(number, _)| *number > self.good)
        {
            match serde_json::from_str::<Row<'_>>(&object) {
                Ok(_) if own => self.good = number,
                Ok(row) => drop(self.met(Locator::Line(number), &row)),
                Err(_) if own && number > self.broken => self.damaged(number, out),
                Err(_) => {}
            }
        }
        if unended && self.broken > 0 && self.broken >= self.good && !out.partial {
            out.ends_within(self.broken);
        }
        let ends = self.array || self.export.layout == "ndjson";
        self.export.cut =
            (ends && !self.finished) || self.broken_off || (own && self.broken > self.good);
        self.clock.finish(out);
        self.export.finish(out);
    }
}
