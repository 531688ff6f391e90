//! The plain-text logs of `/var/log` → records, which `unified::messages` turns into facts, and what only these
//! logs tell: starts and shutdowns of the host, ends of jobs before macOS 11.

mod bsd;
mod events;
pub mod firewall;
pub mod install;
mod line;
pub mod shutdown;
pub mod system;
pub mod wifi;
mod years;

use super::{Candidate, Claim, Emitter};
use crate::artifacts::unified::export::IDLE;
use crate::artifacts::unified::lines::matters;
use crate::artifacts::unified::{Record, RecordKind, messages};
use crate::model::Timestamp;
use crate::model::interval::{Window, add_micros};
use crate::model::observation::{ProblemKind, When};
use crate::model::provenance::Locator;
use line::Head;

/// The last microsecond of a second.
const SECOND: i64 = 999_999;

/// What name and content come to. In `/var/log` a name alone is enough.
fn claim_of(candidate: &Candidate<'_>, named: bool, fits: bool) -> Claim {
    match (named, fits) {
        (true, true) => Claim::Sure,
        (false, true) => Claim::ByContent,
        (true, false) if candidate.path.contains("/var/log/") && !candidate.head.is_empty() => {
            Claim::ByName
        }
        _ => Claim::No,
    }
}

/// Hands a record to what reads messages. One that could have been written by another is not believed.
fn deliver(number: u64, when: When, row: &str, head: &Head<'_>, out: &mut Emitter) {
    if !matters(row) {
        return out.skip(IDLE);
    }
    let record = Record {
        locator: Locator::Line(number),
        when,
        kind: RecordKind::Log,
        process: head.process,
        process_path: None,
        pid: Some(head.pid),
        sender: "",
        subsystem: "",
        category: "",
        message: head.message,
        boot: None,
        row,
    };
    if head.is_twofold {
        if !messages::read_twofold(&record, messages::read_plain, out) {
            out.skip(IDLE);
        }
        return;
    }
    if !messages::read_plain(&record, out) {
        out.skip(IDLE);
    }
}

/// Reports a record that two programs could have written.
fn twofold(number: u64, out: &mut Emitter) {
    let detail = "the line has two readings, because a name or a message in it holds the text of another line; \
                  no event is taken from it";
    out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
}

/// The second that begins at an epoch.
fn second(epoch: i64) -> Option<Window> {
    let from = Timestamp::from_second(epoch).ok()?;
    Some(Window::new(from, add_micros(from, SECOND)))
}
