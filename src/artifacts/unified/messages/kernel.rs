//! Messages of the kernel about TCP and UDP sockets → [`Flow`]s (unified-log.md C.1).
//!
//! Source of the format: xnu `bsd/netinet/tcp_log.c` and `udp_log.c` of macOS 10.15 to 26.

use super::super::Record;
use super::plain_flow;
use crate::artifacts::Emitter;
use crate::model::Text;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, ProcessName, Socket, Witness};
use crate::model::service::Direction;
use std::net::IpAddr;

/// Characters at which the kernel cuts names of processes (`MAXCOMLEN`).
const NAME: usize = 16;

/// What may follow `process: NAME:PID `.
const AFTER_PROCESS: &[&str] =
    &["SYN ", "bytes ", "so_qlimit", "Duration", "flowctl", "t_state", "syn ", "error"];

/// How a message of each kind begins, and what it tells.
const KINDS: &[(&str, Protocol, Option<Direction>, Kind)] = &[
    ("tcp listen: ", Protocol::Tcp, Some(Direction::Listen), Kind::Began(SocketState::Listen)),
    ("tcp connect outgoing: ", Protocol::Tcp, OUT, Kind::Began(SocketState::SynSent)),
    ("tcp connect incoming: ", Protocol::Tcp, IN, Kind::Seen),
    ("tcp connected: ", Protocol::Tcp, OUT, Kind::Seen),
    ("tcp accept: ", Protocol::Tcp, IN, Kind::Seen),
    ("tcp bind: ", Protocol::Tcp, None, Kind::Began(SocketState::Bound)),
    ("tcp_connection_summary ", Protocol::Tcp, None, Kind::Summary),
    ("tcp drop outgoing ", Protocol::Tcp, OUT, Kind::Dropped),
    ("tcp drop incoming ", Protocol::Tcp, IN, Kind::Dropped),
    ("udp connect: ", Protocol::Udp, OUT, Kind::Began(SocketState::SynSent)),
    ("udp bind: ", Protocol::Udp, None, Kind::Began(SocketState::Bound)),
    ("udp_connection_summary ", Protocol::Udp, None, Kind::Summary),
];

const OUT: Option<Direction> = Some(Direction::Outbound);
const IN: Option<Direction> = Some(Direction::Inbound);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Began(SocketState),
    Seen,
    Summary,
    Dropped,
}

/// Emits what a message of the kernel says of a socket. Only the kernel itself is believed: its process
/// has pid 0, or none is told and it is named so.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    if record.process != "kernel" || record.pid.is_some_and(|pid| pid != 0) {
        return false;
    }
    let Some((rest, protocol, direction, kind)) = KINDS
        .iter()
        .find_map(|(start, p, d, k)| Some((record.message.strip_prefix(start)?, *p, *d, *k)))
    else {
        return false;
    };
    // The second line about one end repeats its socket and tells nothing of its life.
    if kind == Kind::Summary && !rest.contains(" Duration: ") {
        out.skip("second lines about the end of one socket");
        return true;
    }
    match flow(rest, (protocol, direction, kind), out) {
        Some(flow) if is_bound(&flow) => {
            let fact = Fact::Flow(Box::new(flow));
            record.tell(fact, out);
        }
        Some(_) => out.skip("sockets that were never bound"),
        None => {
            let detail = "a message of the kernel about a socket that does not parse";
            out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        }
    }
    true
}

fn is_bound(flow: &Flow) -> bool {
    flow.socket.local.port != Port::None || flow.socket.remote.port != Port::None
}

fn flow(
    rest: &str,
    (protocol, direction, kind): (Protocol, Option<Direction>, Kind),
    out: &mut Emitter,
) -> Option<Flow> {
    // `(tcp_close:1797)[…]`: the function that ended it.
    let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |s| s.1);
    let (ends, rest) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
    let (local, remote) = ends.split_once("<->")?;
    let (families, local) = endpoint(local)?;
    let (_, remote) = endpoint(remote)?;
    let (name, pid, after) = process(rest)?;
    let number = |key| field(rest, key).and_then(|value| value.parse::<u64>().ok());
    let errno = field(after, " error: ").and_then(|value| value.parse::<u32>().ok());
    let failed = errno.filter(|errno| *errno != 0);
    let bytes = both(after, "bytes in/out: ");
    let listens = protocol == Protocol::Tcp && remote.port == Port::None && kind == Kind::Summary;
    let direction = if listens { Some(Direction::Listen) } else { direction };
    let families = if direction == Some(Direction::Listen) && families == Families::V6 {
        Families::EITHER
    } else {
        families
    };
    let (event, state) = match kind {
        Kind::Dropped => (FlowEvent::Denied, SocketState::Closing),
        Kind::Began(state) => (failed.map_or(FlowEvent::Began, FlowEvent::Failed), state),
        Kind::Seen => (failed.map_or(FlowEvent::Seen, FlowEvent::Failed), SocketState::Established),
        Kind::Summary => {
            let open_ms = Some(millis(field(after, "Duration: ")?)?);
            let connected_ms = field(after, "Conn_Time: ").and_then(millis);
            let state = if listens { SocketState::Listen } else { SocketState::Closing };
            (FlowEvent::Ended { open_ms, connected_ms }, state)
        }
    };
    let mut socket = Socket::plain(protocol, families, (local, remote), state);
    socket.gencnt = number("so_gencnt: ");
    socket.pid = Some(pid).filter(|pid| *pid != 0);
    socket.name = Some(ProcessName { text: out.text(name), cut: name.len() >= NAME });
    socket.bytes_in = bytes.map(|(one, _)| one);
    socket.bytes_out = bytes.map(|(_, other)| other);
    let suppressed = number("(skipped: ");
    let witness = Witness::Kernel;
    let packets = both(after, "pkts in/out: ").map(|(one, other)| one.saturating_add(other));
    Some(Flow { suppressed, packets, ..plain_flow(witness, event, direction, socket) })
}

/// The two counts that follow a key, `353/192`. Whatever ends the text may be the head of a longer number: a count
/// is told only if something follows it.
fn both(text: &str, key: &str) -> Option<(u64, u64)> {
    let (_, value) = text.split_once(key)?;
    let (one, other) = value.split([' ', '\n']).next()?.split_once('/')?;
    let followed = value.len() > one.len().saturating_add(other.len()).saturating_add(1);
    Some((one.parse().ok()?, other.parse().ok().filter(|_| followed)?))
}

/// The value that follows a key, up to the next blank or bracket.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, value) = text.split_once(key)?;
    value.split([' ', '\n', ')', ',']).next().filter(|value| !value.is_empty())
}

/// `process: NAME:PID `: the name may hold blanks, colons and whatever the message itself holds, so the
/// reading whose pid is followed by what the kernel writes next, nearest to the end of the name's length.
fn process(text: &str) -> Option<(&str, u32, &str)> {
    let (_, after) = text.split_once("process: ")?;
    let mut readings = after.rmatch_indices(':').filter_map(|(at, _)| {
        let (name, rest) = (after.get(..at)?, after.get(at.checked_add(1)?..)?);
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (pid, next) = rest.split_at_checked(digits)?;
        let next = next.strip_prefix([' ', '\n'])?;
        let known = AFTER_PROCESS.iter().any(|word| next.starts_with(word));
        let named = !name.is_empty() && name.len() <= NAME.checked_add(1)?;
        (known && named).then(|| Some((name, pid.parse().ok()?, rest))).flatten()
    });
    readings.next()
}

/// `78.889` → 78,889. Before macOS 14 the fraction is a count of milliseconds: `5.1` is 5,001.
fn millis(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds: u64 = seconds.parse().ok()?;
    seconds.checked_mul(1000)?.checked_add(fraction.parse::<u64>().ok().filter(|ms| *ms < 1000)?)
}

/// `<IPv4-redacted>:443`, `192.0.2.1:443`, `2001:db8::1:443`: the port after the last colon.
fn endpoint(text: &str) -> Option<(Families, Endpoint)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = match port.parse::<u16>().ok()? {
        0 => Port::None,
        port => Port::Number(port),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let (bare, zone) = bare.split_once('%').map_or((bare, None), |(ip, zone)| (ip, Some(zone)));
    let (families, address) = match bare {
        "<IPv4-redacted>" => (Families::V4, Address::Unknown),
        "<IPv6-redacted>" => (Families::V6, Address::Unknown),
        _ => {
            let ip: IpAddr = bare.parse().ok()?;
            let families = if ip.is_ipv4() { Families::V4 } else { Families::V6 };
            let zone = zone.map(Text::from);
            let address = if ip.is_unspecified() { Address::Any } else { Address::Ip { ip, zone } };
            (families, address)
        }
    };
    Some((families, Endpoint { address, port }))
}
