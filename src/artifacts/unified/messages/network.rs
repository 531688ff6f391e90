//! Messages of Network.framework (unified-log.md C.2) → connections and listeners of the program that wrote
//! them, on loopback too.
//!
//! The framework writes in the program's own process, so that every program speaks for itself alone.
//! Hosts are hashed (`IPv4#b2ff5fdb:443`), ports and loopback addresses are clear.

use super::super::Record;
use super::{named, plain_flow};
use crate::artifacts::Emitter;
use crate::model::Text;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, Socket, Witness};
use crate::model::service::Direction;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Listeners whose port the message does not tell: 0 until the kernel has chosen one.
const NO_PORT: &str = "listeners on a port that is not told";

/// What a message says, if it is whole.
type Said = Option<Told>;

/// What a message says.
struct Told {
    event: FlowEvent,
    direction: Direction,
    protocol: Protocol,
    families: Families,
    local: Endpoint,
    remote: Endpoint,
    number: Option<u64>,
    bytes: Option<(u64, u64)>,
}

/// Emits what a message says of a connection or a listener. Text that only looks like one says nothing.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    let framework = matches!(record.sender, "Network" | "libnetwork.dylib");
    // A copy out of Console tells neither sender nor subsystem.
    let untold = record.pid.is_none() && record.subsystem.is_empty();
    if !(untold || framework && record.subsystem == "com.apple.network") {
        return false;
    }
    let message = record.message.trim_end();
    let told = connection(message).or_else(|| listener(message)).or_else(|| failure(message));
    let Some(told) = told else { return false };
    let Some(told) = told else {
        let detail = "the end of a connection is cut off, or is not in the form that Network.framework writes";
        out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        return true;
    };
    if told.direction == Direction::Listen && !matches!(told.local.port, Port::Number(_)) {
        out.skip(NO_PORT);
        return true;
    }
    let flow = flow(record, told, out);
    record.tell(Fact::Flow(Box::new(flow)), out);
    true
}

/// `[C4 UUID 127.0.0.1:8000 tcp, …] start`, and the block that `cancelled` begins.
fn connection(message: &str) -> Option<Said> {
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let inner = first.strip_prefix("[C")?;
    let (inner, ends) = match inner.strip_suffix("] start") {
        Some(inner) => (inner, false),
        None => (inner.strip_suffix("] cancelled")?, true),
    };
    let (number, inner) = inner.split_once(' ')?;
    // `C1.1` is a handler within C1.
    let number = number.parse().ok()?;
    let (target, protocol) = without_uuid(inner).split(", ").next()?.rsplit_once(' ')?;
    let (families, remote) = endpoint(target)?;
    let begun = Told {
        event: FlowEvent::Began,
        direction: Direction::Outbound,
        protocol: self::protocol(protocol)?,
        families,
        local: Endpoint { address: Address::Unknown, port: Port::Unknown },
        remote,
        number: Some(number),
        bytes: None,
    };
    Some(if ends { ended(begun, rest) } else { Some(begun) })
}

/// The lines below `cancelled`: both ends, how long it was open, bytes. If the block is there without both ends,
/// it was never connected; `None` if it is cut off.
fn ended(begun: Told, rest: &str) -> Option<Told> {
    let mut lines = rest.lines().map(str::trim);
    let pair = lines.find_map(|line| {
        let inner = line.strip_prefix("[C")?.strip_suffix(']')?;
        without_uuid(inner.split_once(' ')?.1).split_once("<->")
    });
    let Some((local, remote)) = pair else {
        let below =
            |line: &str| line.starts_with("Duration: ") || line.starts_with("bytes in/out: ");
        let whole = rest.lines().map(str::trim).any(below);
        return whole.then_some(Told { event: FlowEvent::Failed(0), ..begun });
    };
    let ((_, local), (families, remote)) = (endpoint(local)?, endpoint(remote)?);
    let value = |key: &str| {
        let line = rest.lines().map(str::trim).find_map(|line| line.strip_prefix(key))?;
        line.split(", ").next()
    };
    // At the end of the text a count may be the head of a longer one.
    let told = |value: &&str| !rest.trim_end().ends_with(value);
    let bytes = value("bytes in/out: ").filter(told).and_then(|value| value.split_once('/'));
    Some(Told {
        event: FlowEvent::Ended {
            open_ms: value("Duration: ").and_then(millis),
            connected_ms: None,
        },
        families,
        local,
        remote,
        bytes: bytes.and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?))),
        ..begun
    })
}

/// `[L1 tcp, local: ::.9120, …] start`,
/// `nw_listener_reconcile_inboxes_on_queue [L1] Started inbox … with parameters tcp, local: ::.9120, …`.
fn listener(message: &str) -> Option<Said> {
    let (number, parameters, event) = if let Some(inner) = message.strip_prefix("[L") {
        let (number, parameters) = inner.split_once(' ')?;
        let whole = parameters.split_once("] start for launchd key ").map(|(before, _)| before);
        (number, whole.or_else(|| parameters.strip_suffix("] start"))?, FlowEvent::Began)
    } else {
        let (function, rest) = message.split_once(" [L")?;
        let (number, rest) = rest.split_once("] ").filter(|_| is_function(function))?;
        let rest = rest.strip_prefix("Started inbox ")?;
        (number, rest.rsplit_once(" with parameters ")?.1, FlowEvent::Seen)
    };
    let protocol = protocol(parameters.split(", ").next()?)?;
    let local = parameters.split(", ").find_map(|part| part.strip_prefix("local: "));
    let unknown = (Families::UNKNOWN, Endpoint { address: Address::Unknown, port: Port::Unknown });
    let end = local.and_then(endpoint).unwrap_or(unknown);
    Some(Some(listening(event, protocol, end, number.parse().ok())))
}

/// `nw_listener_socket_inbox_create_socket bind(409, ::.9120) tcp, … server failed [48: Address already in use]`.
fn failure(message: &str) -> Option<Said> {
    let (function, rest) = message.split_once(" bind(")?;
    let (inner, rest) = rest.split_once(") ").filter(|_| is_function(function))?;
    let end = endpoint(inner.split_once(", ")?.1)?;
    let protocol = protocol(rest.split(", ").next()?)?;
    let (errno, _) = rest.rsplit_once(" failed [")?.1.split_once(':')?;
    Some(Some(listening(FlowEvent::Failed(errno.parse().ok()?), protocol, end, None)))
}

fn is_function(word: &str) -> bool {
    word.starts_with("nw_listener_") && !word.contains(' ')
}

fn listening(
    event: FlowEvent,
    protocol: Protocol,
    (families, local): (Families, Endpoint),
    number: Option<u64>,
) -> Told {
    // Whether a socket of IPv6 takes IPv4 too is not told.
    let families = if families == Families::V6 { Families::EITHER } else { families };
    let (direction, remote) = (Direction::Listen, Endpoint::NONE);
    Told { event, direction, protocol, families, local, remote, number, bytes: None }
}

fn flow(record: &Record<'_>, told: Told, out: &mut Emitter) -> Flow {
    let state = match (told.direction, told.protocol, told.event) {
        (Direction::Listen, Protocol::Tcp, _) => SocketState::Listen,
        (Direction::Listen, ..) => SocketState::Bound,
        (_, _, FlowEvent::Began) => SocketState::SynSent,
        _ => SocketState::Closing,
    };
    let mut socket = Socket::plain(told.protocol, told.families, (told.local, told.remote), state);
    socket.pid = record.pid;
    socket.name = named(record.process, out);
    (socket.bytes_in, socket.bytes_out) =
        (told.bytes.map(|two| two.0), told.bytes.map(|two| two.1));
    Flow {
        number: told.number,
        process_path: record.process_path.map(|path| out.text(path)),
        ..plain_flow(Witness::NetworkFramework, told.event, Some(told.direction), socket)
    }
}

/// `tcp`, `udp`, `quic-connection`, `tls`.
fn protocol(word: &str) -> Option<Protocol> {
    match word {
        "tcp" | "tls" => Some(Protocol::Tcp),
        "udp" | "quic" | "quic-connection" | "dtls" => Some(Protocol::Udp),
        _ => None,
    }
}

/// What follows a UUID at the head of a text.
fn without_uuid(text: &str) -> &str {
    let uuid = |word: &str| {
        word.len() == 36 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    text.split_once(' ').filter(|(word, _)| uuid(word)).map_or(text, |(_, rest)| rest)
}

/// `0.012s` → 12.
fn millis(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.strip_suffix('s')?.split_once('.')?;
    let seconds: u64 = seconds.parse().ok()?;
    let millis: u64 = fraction.parse().ok().filter(|_| fraction.len() == 3)?;
    seconds.checked_mul(1000)?.checked_add(millis)
}

/// `127.0.0.1:8000`, `::1.8000`, `fe80::1%en0.5353`, `IPv6#b2ff5fdb.443`, `Hostname#1e4f17b5:443`. A name or
/// a hash is no address.
fn endpoint(text: &str) -> Option<(Families, Endpoint)> {
    let port = |port: &str| {
        let number: u16 = port.parse().ok()?;
        Some(if number == 0 { Port::Unknown } else { Port::Number(number) })
    };
    if let Ok(known) = text.parse::<SocketAddr>() {
        return Some(of_ip(known.ip(), None, port(&known.port().to_string())?));
    }
    if let Some((host, number)) = text.rsplit_once('.') {
        let (bare, zone) = host.split_once('%').map_or((host, None), |(ip, zone)| (ip, Some(zone)));
        if let (Ok(ip), Some(port)) = (bare.parse::<Ipv6Addr>(), port(number)) {
            return Some(of_ip(ip.into(), zone, port));
        }
    }
    let (host, number) = text.rsplit_once(':').or_else(|| text.rsplit_once('.'))?;
    let families = match host.split('#').next() {
        Some("IPv4") => Families::V4,
        Some("IPv6") => Families::V6,
        _ => Families::UNKNOWN,
    };
    Some((families, Endpoint { address: Address::Unknown, port: port(number)? }))
}

fn of_ip(ip: IpAddr, zone: Option<&str>, port: Port) -> (Families, Endpoint) {
    let families = if ip.is_ipv4() { Families::V4 } else { Families::V6 };
    let zone = zone.map(Text::from);
    let address = if ip.is_unspecified() { Address::Any } else { Address::Ip { ip, zone } };
    (families, Endpoint { address, port })
}
