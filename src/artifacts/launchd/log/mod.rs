//! `launchd.log` → starts and ends of jobs.

mod boot;
mod line;
pub(crate) mod message;
pub(crate) mod old_message;

use crate::artifacts::reading::{for_each_line, most};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::interval::Window;
use crate::model::observation::{Fact, JobEventKind, ProblemKind, When};
use crate::model::provenance::Locator;
use boot::EarlyBoot;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use line::{Body, Stamp};

catalog::entry! {
    /// `launchd.log` → starts and ends of jobs.
    ///
    /// ## What it proves
    /// Which process launchd started for which label, when (to the microsecond) and why: `ipc (socket)`
    /// means that a connection to a port held by launchd started it. When and how a process ended, and
    /// how long it ran; who loaded, removed, enabled or disabled a job; when the host started. A
    /// boot whose first lines are in UTC also tells the host's offset from UTC.
    ///
    /// ## What it does not
    /// It names no port. Paths are often `<private>`. Processes that launchd did not start are not in
    /// it. Stamps are local time without an offset; the lines of a batch may stand out of order. A
    /// line that can be read in two ways, because a label or a program's name holds the text of another
    /// line, is reported and gives no event. Before macOS 11 these messages are in `system.log`.
    ///
    /// ## Format source
    /// Lines of macOS 11 to 26 in public reports; the grammar agrees with plaso's sample of 36,609
    /// records. `/private/var/log/com.apple.xpc.launchd/launchd.log` and its rotated siblings.
    pub LaunchdLog
}

/// What is wrong with an event that [`message::Event::of_job`] refuses.
pub(crate) const TWO_PROCESSES: &str =
    "the process of the context is another than that of the message";

/// Lines over which a record with line breaks in it is looked for.
const RECORD_LINES: u64 = 64;

impl Artifact for LaunchdLog {
    fn id(&self) -> &'static str {
        "launchd-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.is_log(&["launchd.log"]);
        let placed = named && candidate.path.contains("/com.apple.xpc.launchd/");
        // The first lines of a rotated log may be the end of a record; most of the head must fit.
        let fits = most(candidate.lines().take(20), is_line);
        match (placed || named, fits) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            _ if placed => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut log = Log::default();
        for_each_line(input, out, |number, line, out| log.read(number, line, out))
    }
}

fn is_line(line: &str) -> bool {
    let Some((_, rest)) = line::stamp(line) else { return false };
    match line::body(rest) {
        Body::Whole("", _) | Body::Twofold => true,
        Body::Whole(context, _) => line::context(context).domain.is_some(),
        Body::Open | Body::Foreign => false,
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Log {
    /// Lines since the last start of launchd, while they may be in UTC.
    early: Option<EarlyBoot>,
    /// A record that its line did not end: its line and the number of observations before it.
    open: Option<(u64, usize)>,
    /// Whether a line with a stamp was met.
    begun: bool,
}

impl Log {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let Some((stamp, rest)) = line::stamp(line) else {
            self.read_continuation(number, line, out);
            return;
        };
        self.begun = true;
        if let Some(early) = &mut self.early
            && !early.goes_on(stamp.civil, number, out)
        {
            self.early = None;
        }
        match line::body(rest) {
            Body::Whole(_, message) if message::is_open(message) => {
                self.begin_open(number, out);
                let detail = "the event does not end on its line";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            }
            Body::Whole(context, message) => {
                self.read_message(number, stamp, (line, context, message), out);
            }
            Body::Twofold => {
                let detail = "the line has two readings, because a label or a name in it holds the text of \
                              another line; no event is taken from it";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            }
            Body::Open => {
                self.begin_open(number, out);
                let detail = "the context of the line does not end";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            }
            Body::Foreign => {
                let detail = "the stamp is not followed by a context or a severity";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            }
        }
    }

    fn begin_open(&mut self, number: u64, out: &Emitter) {
        let near = |(begun, _): (u64, usize)| number.saturating_sub(begun) <= RECORD_LINES;
        if !self.open.is_some_and(near) {
            self.open = Some((number, out.observations.len()));
        }
    }

    /// A line without a stamp belongs to the record before it. If it ends a record that an earlier line
    /// left open, the lines between the two are text of that record, whatever they look like.
    fn read_continuation(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if line.trim().is_empty() {
            return;
        }
        out.skip(if self.begun { "continuation lines" } else { "lines before the first record" });
        if !(line::closes(line) || message::closes(line)) {
            return;
        }
        let Some((begun, kept)) = self.open.take() else { return };
        if number.saturating_sub(begun) > RECORD_LINES || out.observations.len() <= kept {
            return;
        }
        out.observations.truncate(kept);
        self.early = None;
        let detail = format!(
            "lines {begun} to {number} are one record, whose label or program name holds line breaks; \
             no event is taken from them"
        );
        out.problem(Locator::Line(begun), ProblemKind::MalformedRecord, detail);
    }

    fn read_message(
        &mut self,
        number: u64,
        stamp: Stamp,
        parts: (&str, &str, &str),
        out: &mut Emitter,
    ) {
        let (line, context, message) = parts;
        let Some(event) = message::event(message, out) else {
            out.skip("lines without a job event");
            return;
        };
        let Some(job) = event.of_job(context, out) else {
            return out.problem(Locator::Line(number), ProblemKind::MalformedRecord, TWO_PROCESSES);
        };
        if job.kind == JobEventKind::LoggingStarted {
            // Only launchd itself starts, and it says so without a context.
            if job.label.is_some() {
                out.skip("lines without a job event");
                return;
            }
            if stamp.offset.is_none() {
                self.early = Some(EarlyBoot::new(stamp.civil, out));
            }
        }
        out.cite(Locator::Line(number), when(stamp), line, Fact::JobEvent(Box::new(job)));
    }
}

fn when(stamp: Stamp) -> When {
    let local = When::Local(stamp.civil, stamp.civil);
    stamp.offset.and_then(|offset| utc(stamp.civil, offset)).map_or(local, When::Utc)
}

/// The instant of a civil time `offset` seconds east of UTC.
fn utc(civil: DateTime, offset: i32) -> Option<Window> {
    let offset = Offset::from_seconds(offset).ok()?;
    offset.to_timestamp(civil).ok().map(Window::at)
}
