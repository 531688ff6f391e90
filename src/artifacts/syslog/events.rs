//! What only `system.log` tells → starts and shutdowns of the host, ends of jobs before macOS 11.

use super::line::Head;
use super::{second, twofold};
use crate::artifacts::Emitter;
use crate::artifacts::launchd::log::old_message;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{Fact, JobEvent, ProblemKind, When};
use crate::model::provenance::Locator;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Hours by which the clock of a record and the epoch in it may differ: no zone is further from UTC.
const ZONES: i64 = 15;

/// Whether a record may be one of these.
pub(super) fn matters(text: &str) -> bool {
    let words = ["BOOT_TIME", "SHUTDOWN_TIME"].iter().chain(old_message::NEEDLES);
    words.into_iter().any(|word| text.contains(word))
}

/// Emits what a record tells. Returns whether it was one of these.
pub(super) fn read(
    number: u64,
    at: DateTime,
    (when, row): (&When, &str),
    head: &Head<'_>,
    out: &mut Emitter,
) -> bool {
    match head.process {
        "com.apple.xpc.launchd" | "com.apple.launchd" | "launchd" if head.pid == 1 => {
            ended(number, (when, row), head, out)
        }
        "bootlog" if head.pid == 0 => {
            let fact = Fact::BootLogged { uuid: None, log: "system.log" };
            host(number, at, ("BOOT_TIME", row), head, fact, out)
        }
        "shutdown" | "halt" | "reboot" => {
            host(number, at, ("SHUTDOWN_TIME", row), head, Fact::Shutdown, out)
        }
        _ => false,
    }
}

/// `(LABEL[PID]): Service exited due to …`
fn ended(number: u64, (when, row): (&When, &str), head: &Head<'_>, out: &mut Emitter) -> bool {
    let Some(kind) = old_message::exited(head.message, out) else { return false };
    // `LABEL[PID]`, or the label alone.
    let (label, pid) = head
        .context
        .rsplit_once('[')
        .and_then(|(label, pid)| Some((label, Some(pid.strip_suffix(']')?.parse().ok()?))))
        .unwrap_or((head.context, None));
    // A label or a name may hold the text of a head or of a message.
    let is_twofold = head.is_twofold || head.message.contains("): ") || head.message.contains('\n');
    if is_twofold {
        twofold(number, out);
    } else if label.is_empty() {
        let detail = "an end of a job does not tell whose";
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    } else {
        let event = JobEvent { domain: None, label: Some(out.text(label)), pid, kind };
        let fact = Fact::JobEvent(Box::new(event));
        out.cite(Locator::Line(number), when.clone(), row, fact);
    }
    true
}

/// `BOOT_TIME 1342110153 0`, `SHUTDOWN_TIME: 1342110150 123456`
fn host(
    number: u64,
    at: DateTime,
    (word, row): (&str, &str),
    head: &Head<'_>,
    fact: Fact,
    out: &mut Emitter,
) -> bool {
    let Some(rest) = head.message.strip_prefix(word) else { return false };
    if head.is_twofold {
        twofold(number, out);
        return true;
    }
    let window = epoch(rest.trim_start_matches(':').trim());
    let problem = match window {
        Some(window) if agrees(window.lo, at) => {
            out.cite(Locator::Line(number), When::Utc(window), row, fact);
            return true;
        }
        Some(_) => "the time that the record tells is not that at which it was written",
        None => "the record tells no time in seconds since 1970",
    };
    out.problem(Locator::Line(number), ProblemKind::MalformedRecord, problem);
    true
}

/// `1342110150 123456`: seconds and microseconds; without the latter, the whole second.
fn epoch(text: &str) -> Option<Window> {
    let (seconds, micros) = text.split_once(' ').unwrap_or((text, "0"));
    let seconds: i64 = seconds.parse().ok()?;
    let micros: i64 =
        micros.trim().parse().ok().filter(|micros| (0..1_000_000).contains(micros))?;
    if micros == 0 {
        return second(seconds);
    }
    let time = seconds.checked_mul(1_000_000)?.checked_add(micros)?;
    Timestamp::from_microsecond(time).ok().map(Window::at)
}

/// Whether a time in UTC can be the local time of a record without a year.
fn agrees(time: Timestamp, at: DateTime) -> bool {
    let time = Offset::UTC.to_datetime(time);
    let years = [-1, 0, 1].map(|step: i16| time.year().saturating_add(step));
    years.into_iter().any(|year| {
        let local = at.with().year(year).build();
        local.is_ok_and(|local| local.duration_since(time).as_hours().abs() <= ZONES)
    })
}
