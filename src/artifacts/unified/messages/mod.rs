//! Messages of the unified log → facts (unified-log.md C), whatever style they came in.

mod background;
mod bonjour;
mod described;
mod firewall;
mod kernel;
mod launchd;
mod lulu;
mod network;
mod services;

use super::{Record, RecordKind};
use crate::artifacts::Emitter;
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, ProcessName, Socket, Witness};
use crate::model::service::Direction;

/// Text of which some stands, as it is, in every record that says something: what the styles look for before
/// they take a record apart. A search is the faster the rarer the first four letters are.
pub const NEEDLES: &[&str] = &[
    // Every line of the kernel about a socket, and one that was cut behind its first end.
    "(skipped: ",
    "-redacted>:",
    "=== system ",
    // `Successfully spawned`, `xpcproxy spawned`.
    "pawned ",
    "xited due to ",
    "xited with exit",
    "moving service",
    "ooting out service",
    // `Enabling`, `Disabling`.
    "abling service ",
    "Bootstrap by ",
    "d logging initialized",
    " ssh2",
    // sshd: `Server listening on`.
    "istening on ",
    "Authentication: ",
    // The application firewall: `Deny … proto=17`, `Allow TCP LISTEN  (in:0 out:1)`.
    "oto=",
    "Stealth Mode connection attempt to ",
    "(in:",
    // Network.framework: connections, listeners, and a listener that failed.
    "] start",
    "] cancelled",
    "ted inbox ",
    "_socket bind(",
    "DNSServiceRegister",
    // Background Task Management: `registerLaunchItem`, `effectiveItemDisposition`.
    "rLaunchItem: found ",
    "veItemDisposition: ",
    // LuLu: `delivering alert {`.
    " alert {",
];

/// Emits what a record says. Returns whether it said anything.
pub fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    match record.kind {
        RecordKind::Timesync => timesync(record, out),
        RecordKind::Log => {
            kernel::read(record, out)
                || launchd::read(record, out)
                || services::read(record, out)
                || firewall::read(record, out)
                || network::read(record, out)
                || bonjour::read(record, out)
                || background::read(record, out)
                || lulu::read(record, out)
        }
        RecordKind::Loss | RecordKind::Other => false,
    }
}

/// Emits what a record of a plain-text log says. There anybody can log under any name, so that only what tells of
/// the host or of a login is read.
pub(in crate::artifacts) fn read_plain(record: &Record<'_>, out: &mut Emitter) -> bool {
    kernel::read(record, out) || services::read(record, out) || firewall::read(record, out)
}

/// A record that two programs could have written says nothing; if it would have, that is a problem.
pub fn read_twofold(
    record: &Record<'_>,
    read: fn(&Record<'_>, &mut Emitter) -> bool,
    out: &mut Emitter,
) -> bool {
    let mut said = Emitter::default();
    let says = read(record, &mut said);
    if says {
        let detail = "the record has two readings, because a name or a message in it holds the text of another; \
                      nothing is taken from it";
        out.problem(record.locator, ProblemKind::MalformedRecord, detail);
    }
    says
}

/// `=== system boot: UUID`, `=== system wallclock time adjusted`.
fn timesync(record: &Record<'_>, out: &mut Emitter) -> bool {
    let message = record.message.trim();
    let fact = if let Some(uuid) = message.strip_prefix("=== system boot: ") {
        Fact::BootLogged { uuid: Some(out.text(uuid.trim())), log: "unified log" }
    } else if message.starts_with("=== system wallclock") {
        Fact::ClockStepped
    } else {
        return false;
    };
    record.tell(fact, out);
    true
}

/// An event of a socket about which nothing else is told.
fn plain_flow(
    witness: Witness,
    event: FlowEvent,
    direction: Option<Direction>,
    socket: Socket,
) -> Flow {
    Flow {
        witness,
        event,
        direction,
        socket,
        number: None,
        process_path: None,
        suppressed: None,
        packets: None,
    }
}

/// The whole name of a process, if there is one.
fn named(name: &str, out: &mut Emitter) -> Option<ProcessName> {
    (!name.is_empty()).then(|| ProcessName { text: out.text(name), cut: false })
}
