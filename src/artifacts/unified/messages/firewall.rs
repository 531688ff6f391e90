//! Decisions of the application firewall (unified-log.md C.4) → connections and datagrams that it let through or
//! denied.
//!
//! Source of the format: lines of OS X 10.9 and later in public reports for `(in:0 out:1)` and `data in from`; no real line
//! was found of `connecting from`. The attempts in stealth mode are printed by xnu `bsd/netinet/tcp_input.c` and
//! `udp_usrreq.c` too.

use super::super::Record;
use super::{named, plain_flow};
use crate::artifacts::Emitter;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, Socket, Witness};
use crate::model::service::Direction;
use std::net::IpAddr;

/// How an attempt on a closed port begins.
const STEALTH: &str = "Stealth Mode connection attempt to ";

/// An address, if told, and a port.
type End = (Option<IpAddr>, u16);

/// A decision with its ports.
struct Decision<'a> {
    event: FlowEvent,
    name: Option<&'a str>,
    protocol: Protocol,
    from: End,
    to: End,
}

/// What a message of the firewall is.
enum Message<'a> {
    Ports(Decision<'a>),
    NoPorts,
    Damaged,
}

/// Emits what a message of the firewall decides. Only the firewall itself is believed: by its name, and by its
/// path where one is told; an attempt in stealth mode may also stand in the kernel's name.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    let system = record.process_path.is_none_or(|path| path.starts_with("/usr/libexec/"));
    let own = match record.process {
        "socketfilterfw" | "Firewall" => system,
        "kernel" => record.pid.is_none_or(|pid| pid == 0) && record.message.starts_with(STEALTH),
        _ => false,
    };
    // What holds a line break is no message of the firewall's.
    let text = record.message.trim_end();
    if !own || text.contains('\n') {
        return false;
    }
    let Some(message) = message(text) else { return false };
    match message {
        Message::Ports(decision) => {
            let flow = flow(&decision, out);
            record.tell(Fact::Flow(Box::new(flow)), out);
        }
        Message::NoPorts => out.skip("decisions of the firewall that name no port"),
        Message::Damaged => {
            let detail = "a decision of the firewall is not in the form that it writes";
            out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        }
    }
    true
}

fn message(text: &str) -> Option<Message<'_>> {
    if let Some(rest) = text.strip_prefix(STEALTH) {
        return Some(match (stealth(rest), rest.contains(" from ")) {
            (Some(decision), _) => Message::Ports(decision),
            (None, true) => Message::Damaged,
            // `UDP 3 time`
            (None, false) => Message::NoPorts,
        });
    }
    // `NAME: Allow TCP LISTEN  (in:0 out:1)`
    if is_counted(text) {
        let decides = [": Allow ", ": Deny "].iter().any(|verb| text.contains(verb));
        return decides.then_some(Message::NoPorts);
    }
    let (event, rest) = match text.strip_prefix("Allow ") {
        Some(rest) => (FlowEvent::Seen, rest),
        None => (FlowEvent::Denied, text.strip_prefix("Deny ")?),
    };
    // The name may hold anything: the rest is read from the end.
    let (rest, number) = rest.rsplit_once(" proto=")?;
    let protocol = match number.trim() {
        "6" => Protocol::Tcp,
        "17" => Protocol::Udp,
        other if other.parse::<u8>().is_ok() => return Some(Message::NoPorts),
        _ => return Some(Message::Damaged),
    };
    let decision = ends(rest).map(|(name, from, to)| {
        Message::Ports(Decision { event, name: Some(name), protocol, from, to })
    });
    Some(decision.unwrap_or(Message::Damaged))
}

/// Whether a text ends with ` (in:0 out:1)`.
fn is_counted(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let counts = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (in:"));
    let counts = counts.and_then(|(_, counts)| counts.split_once(" out:"));
    counts.is_some_and(|(ins, outs)| number(ins) && number(outs))
}

/// `NAME data in from 192.0.2.9:68 to port 0.0.0.0:67`, `NAME connecting from 192.0.2.9:50123 to port 22`
fn ends(text: &str) -> Option<(&str, End, End)> {
    let (text, to) = text.rsplit_once(" to port ")?;
    let (text, from) = text.rsplit_once(" from ")?;
    let name = text.strip_suffix(" connecting").or_else(|| text.strip_suffix(" data in"))?;
    Some((name.trim(), end(from)?, end(to)?))
}

/// `UDP 192.0.2.1:137 from 192.0.2.9:137`
fn stealth(text: &str) -> Option<Decision<'_>> {
    let (protocol, rest) = text.split_once(' ')?;
    let protocol = match protocol {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        _ => return None,
    };
    let (to, from) = rest.trim().split_once(" from ")?;
    let (from, to) = (end(from)?, end(to)?);
    Some(Decision { event: FlowEvent::Denied, name: None, protocol, from, to })
}

/// `192.0.2.9:68`, or the port alone. `0.0.0.0` is no address of an end.
fn end(text: &str) -> Option<End> {
    let Some((address, port)) = text.rsplit_once(':') else {
        return Some((None, text.parse().ok()?));
    };
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    let bare = bare.split('%').next()?;
    let ip: IpAddr = bare.parse().ok()?;
    Some((Some(ip).filter(|ip| !ip.is_unspecified()), port.parse().ok()?))
}

fn flow(decision: &Decision<'_>, out: &mut Emitter) -> Flow {
    let endpoint = |(ip, port): End| Endpoint {
        address: ip.map_or(Address::Unknown, Address::ip),
        port: Port::Number(port),
    };
    let families = match decision.from.0.or(decision.to.0) {
        Some(IpAddr::V4(_)) => Families::V4,
        Some(IpAddr::V6(_)) => Families::V6,
        None => Families::default(),
    };
    let ends = (endpoint(decision.to), endpoint(decision.from));
    let mut socket = Socket::plain(decision.protocol, families, ends, SocketState::Unknown);
    socket.name = decision.name.and_then(|name| named(name, out));
    plain_flow(Witness::Firewall, decision.event, Some(Direction::Inbound), socket)
}
