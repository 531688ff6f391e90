//! `log show` in the styles `default`, `compact` and `syslog` → records.

use super::export::{Export, IDLE, RECORD};
use super::lines::{Line, for_each_block};
use super::stamp::{Stamp, date_time};
use super::{Record, RecordKind, messages};
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

/// A style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Default,
    Compact,
    Syslog,
}

impl Style {
    fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Compact => "compact",
            Self::Syslog => "syslog",
        }
    }
}

/// The head of a record, taken apart.
#[derive(Clone, Copy, Debug)]
struct Head<'a> {
    style: Style,
    stamp: Stamp,
    kind: RecordKind,
    pid: Option<u32>,
    process: &'a str,
    /// `(sender) [subsystem:category] message`.
    tail: &'a str,
}

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
        let result = for_each_block(input, out, |block, out| {
            block.lines().for_each(|line| log.read(&line, out));
        });
        log.drop_suspects(out);
        log.flush(out);
        log.export.layout = log.style.map_or("no records", Style::as_str);
        log.export.finish(out);
        result
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Log {
    export: Export,
    style: Option<Style>,
    latest: Option<DateTime>,
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
            if self.is_back(&head) {
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
            self.latest = None;
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
        if let Some(when) = record.stamp.when() {
            self.export.met(Locator::Line(record.number), &when);
        }
        self.open = Some(record);
    }

    /// Whether a record lies long before the one before it. A local time may be an hour back when
    /// summer time ends.
    fn is_back(&self, head: &Head<'_>) -> bool {
        let disorder = if head.stamp.offset.is_some() { DISORDER } else { DISORDER + 3600 };
        let step = |latest: DateTime| latest.duration_since(head.stamp.comparable()).as_secs();
        self.latest.is_some_and(|latest| step(latest) > disorder)
    }

    /// A record of long ago is text of the message before it, unless so many follow that the clock was
    /// set back.
    fn suspect(&mut self, record: Opened, out: &mut Emitter) {
        self.suspects.push(record);
        if self.suspects.len() <= SUSPECTS {
            return;
        }
        self.latest = None;
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

fn is_header(line: &str) -> bool {
    line.strip_prefix("Timestamp ").is_some_and(|rest| {
        let rest = rest.trim_start();
        ["Thread ", "(process)[PID]", "Ty "].iter().any(|start| rest.starts_with(start))
    })
}

/// Takes the head of a record apart, in whichever style it is.
fn head(line: &str) -> Option<Head<'_>> {
    if !line.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let (stamp, rest) = date_time(line)?;
    match (stamp.offset, rest.as_bytes().first()?) {
        (Some(_), b'0') => default(stamp, rest),
        (Some(_), _) => syslog(stamp, rest),
        (None, _) => compact(stamp, rest),
    }
}

/// `0x1a2b     Default     0x0                  77     0    process: …`
fn default(stamp: Stamp, rest: &str) -> Option<Head<'_>> {
    let (thread, rest) = word(rest)?;
    let (kind, rest) = word(rest)?;
    let (activity, rest) = word(rest)?;
    let (pid, rest) = word(rest)?;
    let known = thread.starts_with("0x") && activity.starts_with("0x");
    let pid: u32 = pid.parse().ok().filter(|_| known)?;
    // 10.12 and 10.13 have no TTL.
    let rest = match word(rest) {
        Some((ttl, after)) if ttl.bytes().all(|byte| byte.is_ascii_digit()) => after,
        _ => rest,
    };
    let kind = match kind {
        "Timesync" => RecordKind::Timesync,
        "Loss" => RecordKind::Loss,
        "Default" | "Info" | "Debug" | "Error" | "Fault" => RecordKind::Log,
        _ => RecordKind::Other,
    };
    let (process, tail) = if kind == RecordKind::Timesync {
        ("", rest)
    } else {
        rest.split_once(": ").unwrap_or(("", rest))
    };
    Some(Head { style: Style::Default, stamp, kind, pid: Some(pid), process, tail })
}

/// `localhost launchd[1]: …`
fn syslog(stamp: Stamp, rest: &str) -> Option<Head<'_>> {
    let (_, rest) = word(rest)?;
    let (process, pid, tail) = mark(Style::Syslog, rest)?;
    Some(Head { style: Style::Syslog, stamp, kind: RecordKind::Log, pid, process, tail })
}

/// `Df launchd[1:f94] …`
fn compact(stamp: Stamp, rest: &str) -> Option<Head<'_>> {
    let (kind, rest) = word(rest)?;
    let fits = kind.len() <= 2 && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (process, pid, tail) = mark(Style::Compact, rest).filter(|_| fits)?;
    Some(Head { style: Style::Compact, stamp, kind: RecordKind::Log, pid, process, tail })
}

/// The first `PROCESS[PID:TID] ` (compact) or `PROCESS[PID]: ` (syslog) of a text, and what follows it.
fn mark(style: Style, text: &str) -> Option<(&str, Option<u32>, &str)> {
    text.match_indices('[').find_map(|(at, _)| {
        let (process, rest) = text.split_at_checked(at)?;
        let (ids, rest) = rest.strip_prefix('[')?.split_once(']')?;
        let (pid, rest) = if style == Style::Compact {
            let (pid, thread) = ids.split_once(':')?;
            u64::from_str_radix(thread, 16).ok()?;
            (pid, rest)
        } else {
            (ids, rest.strip_prefix(':')?)
        };
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix([' ', '\n'])? };
        Some((process, Some(pid.parse().ok()?), rest))
    })
}

/// Whether the first line of a record can be read in two ways: in these styles the name of a program stands
/// before its pid, and may hold the text of another.
fn is_twofold(head: &Head<'_>) -> bool {
    let line = head.tail.lines().next().unwrap_or_default();
    head.style != Style::Default && mark(head.style, line).is_some()
}

/// The first word and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.trim_start_matches(' ').split_once(' ')?;
    (!word.is_empty()).then(|| (word, rest.trim_start_matches(' ')))
}

/// `(sender) [subsystem:category] message`, the first two optional.
fn tail(text: &str) -> (&str, &str, &str, &str) {
    let (sender, rest) = bracketed(text, b'(', b')').unwrap_or(("", text));
    let logger = bracketed(rest, b'[', b']');
    match logger.and_then(|(logger, rest)| Some((logger.rsplit_once(':')?, rest))) {
        Some(((subsystem, category), rest)) => (sender, subsystem, category, rest),
        None => (sender, "", "", rest),
    }
}

/// What stands between a bracket and its partner at the head of a text, and what follows the blank after it.
fn bracketed(text: &str, open: u8, close: u8) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth = depth.saturating_add(1);
        } else if byte == close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            let inner = text.get(1..at)?;
            let rest = text.get(at.checked_add(1)?..)?;
            return Some((inner, rest.strip_prefix(' ').unwrap_or(rest)));
        }
    }
    None
}
