//! Registrations of services with mDNSResponder (unified-log.md C.4) → ports that a program advertises.
//!
//! Source of the format: Apple's open mDNSResponder, and the strings of its later builds. A registration tells
//! that a program wants to be reached on a port, not that the port is open.

use super::super::Record;
use super::{named, plain_flow};
use crate::artifacts::Emitter;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, Socket, Witness};
use crate::model::service::Direction;

/// A registration or its end.
struct Registration<'a> {
    port: u16,
    protocol: Option<Protocol>,
    pid: u32,
    name: &'a str,
}

/// Emits the port of a registration. Only mDNSResponder is believed.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    let path = record.process_path.is_none_or(|path| path == "/usr/sbin/mDNSResponder");
    let own = matches!(record.subsystem, "" | "com.apple.mDNSResponder") && path;
    let message = record.message.trim_end();
    if record.process != "mDNSResponder" || !own || message.contains('\n') {
        return false;
    }
    let Some((number, text)) = numbered(message) else { return false };
    let known = if let Some(rest) = text.strip_prefix("DNSServiceRegister(") {
        // What came of it, without the client.
        if !rest.contains(" START PID[") && !rest.contains(" STOP PID[") {
            return false;
        }
        before_15(rest)
    } else {
        let start = text.strip_prefix("DNSServiceRegister START -- service type: ");
        let stop = text.strip_prefix("DNSServiceRegister STOP -- SRV name: ");
        let Some(rest) = start.or(stop) else { return false };
        since_15(rest)
    };
    match known {
        Some(Registration { port: 0, .. }) => out.skip("registrations without a port"),
        Some(known) => {
            let flow = flow(&known, number, out);
            record.tell(Fact::Flow(Box::new(flow)), out);
        }
        None => {
            let detail = "a registration is not in the form that mDNSResponder writes";
            out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        }
    }
    true
}

/// `[R5] …`
fn numbered(message: &str) -> Option<(u64, &str)> {
    let (number, rest) = message.strip_prefix("[R")?.split_once("] ")?;
    let number = number.split("->").next()?;
    Some((number.parse().ok()?, rest))
}

/// What stands before and behind a text that stands once: names are the client's, and may hold anything.
fn around<'t>(text: &'t str, part: &str) -> Option<(&'t str, &'t str)> {
    text.split_once(part).filter(|(_, after)| !after.contains(part))
}

/// macOS 15 and later: `<mask.hash: '…'>, domain: …, port: 9120, …, client pid: 123 (Name), name hash: …`.
fn since_15(text: &str) -> Option<Registration<'_>> {
    let (before, after) = around(text, ", client pid: ")?;
    let (pid, name) = after.split_once(" (")?;
    let end = name.rfind("), ").or_else(|| name.strip_suffix(')').map(str::len))?;
    let (kind, rest) = before.rsplit_once(", port: ")?;
    let port = rest.split(", ").next()?.parse().ok()?;
    Some(Registration {
        port,
        protocol: protocol(kind),
        pid: pid.parse().ok()?,
        name: name.get(..end)?,
    })
}

/// macOS 14 and before: `FLAGS, IF, "name", "type", "domain", "host", 9120) START PID[123](Name)`.
fn before_15(text: &str) -> Option<Registration<'_>> {
    let (text, client) = around(text, " PID[")?;
    let (pid, name) = client.split_once("](")?;
    let name = name.strip_suffix(')').unwrap_or(name);
    let (arguments, _) = text.rsplit_once(") ")?;
    let (kind, port) = arguments.rsplit_once(", ")?;
    Some(Registration {
        port: port.parse().ok()?,
        protocol: protocol(kind),
        pid: pid.parse().ok()?,
        name,
    })
}

/// The transport of a service type, unless it is masked.
fn protocol(text: &str) -> Option<Protocol> {
    match (text.contains("._tcp"), text.contains("._udp")) {
        (true, false) => Some(Protocol::Tcp),
        (false, true) => Some(Protocol::Udp),
        _ => None,
    }
}

fn flow(known: &Registration<'_>, number: u64, out: &mut Emitter) -> Flow {
    let local = Endpoint { address: Address::Unknown, port: Port::Number(known.port) };
    let state = match known.protocol {
        Some(Protocol::Udp) => SocketState::Bound,
        _ => SocketState::Listen,
    };
    let ends = (local, Endpoint::NONE);
    let mut socket = Socket::plain(known.protocol, Families::UNKNOWN, ends, state);
    socket.pid = Some(known.pid).filter(|pid| *pid != 0);
    socket.name = named(known.name, out);
    Flow {
        number: Some(number),
        ..plain_flow(Witness::Bonjour, FlowEvent::Seen, Some(Direction::Listen), socket)
    }
}
