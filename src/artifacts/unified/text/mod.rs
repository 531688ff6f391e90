//! `log show` in the styles `default`, `compact` and `syslog` → records.

mod head;

use self::head::{Head, Style, head, is_header, is_twofold, tail};
use super::ahead;
use super::blocks::read_log;
use super::export::{Export, IDLE, RECORD};
use super::lines::{Line, Lines};
use super::stamp::Stamp;
use super::{Record, messages};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use jiff::civil::DateTime;

catalog::entry! {
    /// `log show` as text (`default`, `compact`, `syslog`) → what it says of sockets, jobs and boots.
    ///
    /// ## What it proves
    /// What the kernel wrote of single sockets (who listened, connected, failed to, from when to when; redacted
    /// addresses stay unknown), what programs that use Network.framework wrote of their own connections and
    /// listeners (on loopback too), which ports were registered with mDNSResponder, who logged in by ssh or
    /// Screen Sharing, what the application firewall decided, what `LuLu` asked its user, what launchd and
    /// Background Task Management wrote of jobs, and when the host started.
    ///
    /// ## What it does not
    /// An absence. The kernel logs no loopback, no UDP bind, at most 1,000 lines a minute, and before macOS
    /// 15.5 nothing at all unless told to; `coverage` says what of this holds. These styles escape
    /// nothing: a program whose message holds a line break and a whole line in the file's own style can
    /// forge a record, unless its time lies more than five minutes back (such lines are a problem row, until
    /// 64 in a row show that the clock was set back). JSON exports cannot be forged so. In the styles compact and
    /// syslog a program's name may hold the text of another's: a record with two readings is a problem row.
    ///
    /// ## Format source
    /// Exports of macOS 10.12 to 26 in public reports; unified-log.md B.1 to B.3. `log(1)`.
    pub UnifiedLogText
}

/// Seconds by which a record may be older than the one before it.
const DISORDER: i64 = 300;

/// What stands below the rule at the end of an export.
const FOOTER: &str = "Log      - Default:";

/// Dashes of that rule.
const RULE: usize = 116;

/// Records of long ago in a row that show that the clock was set back.
const SUSPECTS: usize = 64;

impl Artifact for UnifiedLogText {
    fn id(&self) -> &'static str {
        "unified-log-text"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let mut lines = candidate.lines().take(12);
        let known = |line: &str| is_header(line) || head(line).is_some();
        if lines.any(known) { Claim::ByContent } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut log = Log::default();
        let result = read_log(input, &mut log, out);
        log.drop_suspects(out);
        let last = log.open.as_ref().map(|open| open.number);
        log.flush(out);
        // `log show` ends every line.
        if let (Ok(false), Some(number)) = (&result, last) {
            out.ends_within(number);
        }
        log.export.layout = log.style.map_or("no records", Style::as_str);
        log.export.finish(out);
        result.map(drop)
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Log {
    export: Export,
    style: Option<Style>,
    latest: Option<DateTime>,
    /// The earliest record that was not taken for one of long ago, before the order of time began anew.
    earliest: Option<DateTime>,
    /// Whether it did.
    anew: bool,
    /// The record being collected, with its first line.
    open: Option<Opened>,
    /// Records behind it whose times lie long before it.
    suspects: Vec<Opened>,
}

/// A record whose lines are being collected.
#[derive(Debug)]
struct Opened {
    number: u64,
    text: String,
    stamp: Stamp,
    /// Whether something in it may say something.
    matters: bool,
}

impl Log {
    fn read(&mut self, line: &Line<'_>, out: &mut Emitter) {
        let (number, matters, line) = (line.number, line.matters, &*line.text());
        let own = |head: &Head<'_>| self.style.is_none_or(|style| style == head.style);
        if let Some(head) = head(line).filter(own) {
            self.style = Some(head.style);
            let stamp = head.stamp;
            if self.is_back(stamp.comparable(), head.style) {
                let text = line.to_owned();
                self.suspect(Opened { number, text, stamp, matters }, out);
            } else {
                self.drop_suspects(out);
                let mut text = self.flush(out);
                text.push_str(line);
                self.begin(Opened { number, text, stamp, matters });
            }
        } else if line.starts_with(FOOTER) && self.is_ruled_off() {
            self.drop_suspects(out);
            self.flush(out);
        } else if is_header(line) {
            self.drop_suspects(out);
            self.flush(out);
            self.begin_anew();
        } else if let Some(record) = self.last_record() {
            record.matters |= matters;
            if record.text.len() < RECORD {
                record.text.push('\n');
                record.text.push_str(line);
            }
        } else if !self.export.prelude(line, out)
            && !line.trim().is_empty()
            && !line.starts_with("Activity - Create:")
        {
            out.skip("lines before the first record");
        }
    }

    /// Whether a rule ends the record; it is taken off.
    fn is_ruled_off(&mut self) -> bool {
        let Some(record) = self.last_record() else { return false };
        let before = record.text.trim_end_matches('-').len();
        let ruled = record.text.len().saturating_sub(before) == RULE;
        let whole =
            record.text.get(..before).and_then(|text| text.strip_suffix('\n')).map(str::len);
        if let (true, Some(end)) = (ruled, whole) {
            record.text.truncate(end);
        }
        ruled && whole.is_some()
    }

    /// The record that a line without a head belongs to.
    fn last_record(&mut self) -> Option<&mut Opened> {
        self.suspects.last_mut().or(self.open.as_mut())
    }

    /// Begins a record with its first line, or with all of it.
    fn begin(&mut self, record: Opened) {
        let time = record.stamp.comparable();
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
        if !self.anew {
            self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        }
        if let Some(when) = record.stamp.when() {
            self.export.met(Locator::Line(record.number), &when);
        }
        self.open = Some(record);
    }

    /// Whether a record lies long before the one before it. A local time may be an hour back when
    /// summer time ends.
    fn is_back(&self, time: DateTime, style: Style) -> bool {
        let disorder = if style == Style::Compact { DISORDER + 3600 } else { DISORDER };
        let step = |latest: DateTime| latest.duration_since(time).as_secs();
        self.latest.is_some_and(|latest| step(latest) > disorder)
    }

    /// What comes may lie anywhere in time.
    fn begin_anew(&mut self) {
        self.latest = None;
        self.anew = true;
    }

    /// A record of long ago is text of the message before it, unless so many follow that the clock was
    /// set back.
    fn suspect(&mut self, record: Opened, out: &mut Emitter) {
        self.suspects.push(record);
        if self.suspects.len() <= SUSPECTS {
            return;
        }
        self.begin_anew();
        for record in std::mem::take(&mut self.suspects) {
            self.flush(out);
            self.begin(record);
        }
    }

    fn drop_suspects(&mut self, out: &mut Emitter) {
        let suspects = std::mem::take(&mut self.suspects);
        let Some(Opened { number, .. }) = suspects.first() else { return };
        let detail = format!(
            "{} records from here on lie long before the record around them: taken for text of its message",
            suspects.len()
        );
        out.problem(Locator::Line(*number), ProblemKind::AmbiguousTime, detail);
    }

    /// Reads the record that was collected. Returns the room it took, empty.
    fn flush(&mut self, out: &mut Emitter) -> String {
        let Some(Opened { number, mut text, matters, .. }) = self.open.take() else {
            return String::new();
        };
        if matters {
            record(number, &text, out);
        } else {
            out.skip(IDLE);
        }
        text.clear();
        text
    }
}

impl ahead::Log for Log {
    fn read_lines(&mut self, lines: Lines<'_>, out: &mut Emitter) {
        lines.for_each(|line| self.read(&line, out));
    }

    fn apart(&self) -> Option<Self> {
        self.style?;
        Some(Self { export: self.export.apart(), style: self.style, ..Self::default() })
    }

    fn begins(&self, line: &Line<'_>) -> bool {
        head(&line.text()).is_some_and(|head| self.style == Some(head.style))
    }

    /// What lies long before a record of the piece lies long before what is known here too. The rest of its records
    /// must not lie long before what the piece could not know.
    fn join(&mut self, piece: &mut Self, found: &mut Emitter, out: &mut Emitter) -> bool {
        let (Some(style), Some(earliest)) = (self.style, piece.earliest) else { return false };
        let fits = piece.style == Some(style) && !self.is_back(earliest, style);
        if !fits || !self.export.may_join(&piece.export) {
            return false;
        }
        self.drop_suspects(out);
        self.flush(out);
        out.append(std::mem::take(found));
        self.export.join(&mut piece.export);
        self.latest = if piece.anew { piece.latest } else { self.latest.max(piece.latest) };
        self.open = piece.open.take();
        self.suspects = std::mem::take(&mut piece.suspects);
        true
    }
}

/// Reads a whole record.
fn record(number: u64, text: &str, out: &mut Emitter) {
    let Some((head, when)) = head(text).and_then(|head| Some((head, head.stamp.when()?))) else {
        let detail = format!("its time is none: {}", cut(text, limits::EXCERPT / 4));
        return out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    };
    let (sender, subsystem, category, message) = tail(head.tail);
    let record = Record {
        locator: Locator::Line(number),
        when,
        kind: head.kind,
        process: head.process,
        process_path: None,
        pid: head.pid,
        sender,
        subsystem,
        category,
        message,
        boot: None,
        row: text,
    };
    let says = if is_twofold(&head) {
        messages::read_twofold(&record, messages::read, out)
    } else {
        messages::read(&record, out)
    };
    if !says {
        out.skip(IDLE);
    }
}
