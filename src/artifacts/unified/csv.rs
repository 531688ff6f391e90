//! `unifiedlog_iterator --format csv` → records.
//!
//! A record ends at the line that makes the number of its quotes even. If what was put together so is no
//! record, a quote was lost: reading goes on behind its first line. No line between two lines with an odd
//! number of quotes begins a record of several lines, so that no line is put together more than twice.

use super::ahead;
use super::blocks::read_log;
use super::export::Export;
use super::iterator::{Clock, LogData, is_lost};
use super::lines::{Line, Lines};
use super::stamp::iso;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use std::borrow::Cow;

catalog::entry! {
    /// `unifiedlog_iterator --format csv` (Mandiant) → what it says of sockets and jobs.
    ///
    /// ## What it proves
    /// The same as `unified-log-json`, to the millisecond. A message cannot forge a record: what holds a line
    /// break is quoted.
    ///
    /// ## What it does not
    /// An absence, for the reasons that `unified-log-text` gives. Nothing marks the end: an export cut
    /// between two records looks whole. Times of 1970 (the tool had no clock of the boot) date nothing. A
    /// process with pid 0 that is not the kernel was not found by the tool; it is believed neither as
    /// the kernel nor as launchd. Where a record is damaged (a lost quote, a cut head), lines of its
    /// message that look like records are read as records: what stands right behind such a problem row may be
    /// forged. What is behind a last record without its end is not read.
    ///
    /// ## Format source
    /// `unifiedlog_iterator` of `mandiant/macos-UnifiedLogs`; unified-log.md B.6.
    pub UnifiedLogCsv
}

/// How every header begins.
const HEADER: &str = "Timestamp,Event Type,Log Type,Subsystem,";

/// The header of today.
const NOW: &str = "Timestamp,Event Type,Log Type,Subsystem,Thread ID,PID,EUID,Library,Library UUID,\
                   Activity ID,Parent Activity ID,Category,Process,Process UUID,Message,Raw Message,\
                   Boot UUID,System Timezone Name";

/// Bytes of a time to the millisecond.
const TIME: usize = 24;

/// Bytes of a record.
const BYTES: usize = limits::LINE;

/// Lines of a record.
const LINES: usize = 1024;

/// The columns that are used.
const NAMES: [&str; 9] = [
    "Timestamp",
    "Event Type",
    "Subsystem",
    "PID",
    "Library",
    "Category",
    "Process",
    "Message",
    "Boot UUID",
];

/// Where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Columns {
    count: usize,
    at: [usize; NAMES.len()],
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let found = |name: &&str| header.split(',').position(|column| column == *name);
        let mut at = [0; NAMES.len()];
        for (at, name) in at.iter_mut().zip(&NAMES) {
            *at = found(name)?;
        }
        Some(Self { count: header.split(',').count(), at })
    }
}

impl Artifact for UnifiedLogCsv {
    fn id(&self) -> &'static str {
        "unified-log-csv"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let head = candidate.text.trim_start_matches('\u{feff}');
        if head.starts_with(HEADER) { Claim::ByContent } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut log = Log {
            export: Export::of("unifiedlog_iterator CSV"),
            columns: Columns::of(NOW).unwrap_or_default(),
            ..Log::default()
        };
        log.export.unordered = true;
        let result = read_log(input, &mut log, out);
        log.end(matches!(result, Ok(false)), out);
        result.map(drop)
    }
}

/// Lines of a record without its end.
#[derive(Debug)]
struct Opened {
    /// Its first line.
    number: u64,
    /// The lines, with breaks between them.
    bytes: Vec<u8>,
    /// Where each line ends, and whether something in it may say something.
    ends: Vec<(usize, bool)>,
}

impl Opened {
    fn push(&mut self, line: &Line<'_>) {
        if !self.ends.is_empty() {
            self.bytes.push(b'\n');
        }
        self.bytes.extend_from_slice(line.bytes);
        self.ends.push((self.bytes.len(), line.matters));
    }

    /// The lines behind the first.
    fn rest(&self) -> impl Iterator<Item = Line<'_>> {
        let starts = self.ends.iter().map(|(end, _)| end.saturating_add(1));
        let lines = starts.zip(self.ends.iter().skip(1)).zip(self.number.saturating_add(1)..);
        lines.filter_map(|((start, (end, matters)), number)| {
            Some(Line { number, bytes: self.bytes.get(start..*end)?, matters: *matters })
        })
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Log {
    export: Export,
    clock: Clock,
    columns: Columns,
    /// Whether a header told them.
    headed: bool,
    /// The record being collected.
    open: Option<Opened>,
    /// The last line, if it was passed over.
    unread: Option<(u64, Vec<u8>)>,
    /// Whether nothing whole was met since a damaged record.
    torn: bool,
}

impl Log {
    /// Reads a line. Whether it was passed over without being taken apart.
    fn read(&mut self, line: &Line<'_>, out: &mut Emitter) -> bool {
        let odd = is_odd(line);
        let Some(mut open) = self.open.take() else {
            if !odd || time(line.bytes).is_none() {
                return self.single(line, out);
            }
            let mut open = Opened { number: line.number, bytes: Vec::new(), ends: Vec::new() };
            open.push(line);
            self.open = Some(open);
            return false;
        };
        open.push(line);
        let fits = open.bytes.len() <= BYTES && open.ends.len() <= LINES;
        if fits && !odd {
            self.open = Some(open);
        } else if !fits || !self.record(open.number, &open.bytes, out) {
            self.damaged(open.number, &open.bytes, out);
            for line in open.rest() {
                self.read(&line, out);
            }
        }
        false
    }

    /// A line that is a whole record, or none.
    fn single(&mut self, line: &Line<'_>, out: &mut Emitter) -> bool {
        if line.bytes.is_empty() {
            return false;
        }
        if line.bytes.starts_with(HEADER.as_bytes())
            && let Some(columns) = Columns::of(&line.text())
        {
            self.columns = columns;
            self.headed = true;
            self.torn = false;
            return false;
        }
        let time = time(line.bytes);
        if time.is_none() || (line.matters && !self.record(line.number, line.bytes, out)) {
            self.damaged(line.number, line.bytes, out);
            return false;
        }
        if !line.matters {
            self.torn = false;
            let lost = is_lost(line.bytes, &[b",", b",\""]);
            self.clock.pass((line.number, time), lost, &mut self.export, out);
        }
        !line.matters
    }

    /// Reads a record. Whether it is one.
    fn record(&mut self, number: u64, bytes: &[u8], out: &mut Emitter) -> bool {
        let Some(cells) = cells(bytes, self.columns.count) else { return false };
        let cell = |at| String::from_utf8_lossy(cells.get(at).unwrap_or_default());
        let [time, event_type, subsystem, pid, library, category, process, message, boot] =
            self.columns.at.map(cell);
        let Ok(pid) = pid.parse() else { return false };
        let row = match std::str::from_utf8(bytes) {
            Ok(row) => Cow::Borrowed(row),
            Err(_) => String::from_utf8_lossy(bytes),
        };
        let data = LogData {
            time: &time,
            event_type: &event_type,
            process: &process,
            pid: Some(pid),
            library: &library,
            subsystem: &subsystem,
            category: &category,
            message: &message,
            boot: &boot,
            row: &row,
        };
        let read = self.clock.read(number, &data, &mut self.export, out);
        self.torn &= !read;
        read
    }

    /// What is no record. The lines behind a damaged one, up to the next that begins as a record does, are
    /// of it.
    fn damaged(&mut self, number: u64, bytes: &[u8], out: &mut Emitter) {
        if self.torn && time(bytes).is_none() {
            return out.skip("lines of damaged records");
        }
        self.torn = true;
        let detail = format!("not a record of {} columns", self.columns.count);
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    }

    fn end(mut self, unended: bool, out: &mut Emitter) {
        if let Some((number, bytes)) = self.unread.take()
            && cells(&bytes, self.columns.count).is_none()
        {
            self.damaged(number, &bytes, out);
        }
        if let Some(open) = self.open.take() {
            // What is behind its first line may be text of its message: nothing tells.
            let detail = format!(
                "the file ends within this record; {} lines behind its first are not read",
                open.ends.len().saturating_sub(1)
            );
            out.problem(Locator::Line(open.number), ProblemKind::Truncated, detail);
            self.torn = true;
        }
        let broken = out.problems.last().map(|one| one.locator);
        if let (true, Some(Locator::Line(number)), false) =
            (unended && self.torn, broken, out.partial)
        {
            out.ends_within(number);
        }
        self.export.cut = self.torn;
        self.clock.finish(out);
        self.export.finish(out);
    }
}

impl ahead::Log for Log {
    fn read_lines(&mut self, lines: Lines<'_>, out: &mut Emitter) {
        let mut last = None;
        for line in lines {
            last = Some(line).filter(|line| self.read(line, out));
        }
        self.unread = last.map(|line| (line.number, line.bytes.to_vec()));
    }

    fn apart(&self) -> Option<Self> {
        Some(Self { export: self.export.apart(), columns: self.columns, ..Self::default() })
    }

    /// A line that is a record unless it lies in the text of one: whether it does, only what is before it tells.
    fn begins(&self, line: &Line<'_>) -> bool {
        time(line.bytes).is_some() && !is_odd(line)
    }

    fn join(&mut self, piece: &mut Self, found: &mut Emitter, out: &mut Emitter) -> bool {
        let fits = self.open.is_none() && !piece.headed && self.columns == piece.columns;
        if !fits || !self.clock.may_join(&piece.clock) || !self.export.join(&mut piece.export) {
            return false;
        }
        out.append(std::mem::take(found));
        self.clock.join(&piece.clock);
        self.open = piece.open.take();
        self.unread = piece.unread.take();
        self.torn = piece.torn;
        true
    }
}

/// Whether quotes in a line have no partner in it.
fn is_odd(line: &Line<'_>) -> bool {
    memchr::memchr_iter(b'"', line.bytes).count() % 2 == 1
}

/// The time at the head of a record.
fn time(bytes: &[u8]) -> Option<&[u8]> {
    let time = bytes.get(..TIME)?;
    let shaped = time.get(10) == Some(&b'T') && time.last() == Some(&b'Z');
    (shaped && bytes.get(TIME) == Some(&b',')).then_some(time)
}

/// The cells of one record of so many columns.
fn cells(bytes: &[u8], count: usize) -> Option<csv::ByteRecord> {
    iso(std::str::from_utf8(time(bytes)?).ok()?)?;
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(bytes.len().max(1))
        .from_reader(bytes);
    let mut cells = csv::ByteRecord::new();
    let one = rows.read_byte_record(&mut cells).ok()? && cells.len() == count;
    let more = one && rows.read_byte_record(&mut csv::ByteRecord::new()).ok()?;
    (one && !more).then_some(cells)
}
