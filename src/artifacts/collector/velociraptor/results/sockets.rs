//! Rows of `MacOS.Network.Netstat` → sockets, and what the listing could show.

use super::super::{Object, number, text};
use super::records::Record;
use crate::artifacts::Emitter;
use crate::artifacts::sockets::endpoint::colon;
use crate::artifacts::sockets::seen::{Seen, reserve, settle};
use crate::artifacts::sockets::state::udp_state;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{
    Fact, Known, Listing, ListingTool, ProblemKind, ProcessName, Socket, When,
};
use crate::model::provenance::Locator;
use std::net::{IpAddr, Ipv6Addr};

/// Bytes from which on the kernel may have cut a name.
const MAY_BE_CUT: usize = 15;

/// States as Velociraptor spells them; older versions write `SENT`.
const STATES: &[(&str, SocketState)] = &[
    ("LISTEN", SocketState::Listen),
    ("ESTAB", SocketState::Established),
    ("ESTABLISHED", SocketState::Established),
    ("SENT", SocketState::SynSent),
    ("SYN_SENT", SocketState::SynSent),
    ("SYN_RCVD", SocketState::SynReceived),
    ("CLOSE_WAIT", SocketState::Closing),
    ("FIN_WAIT1", SocketState::Closing),
    ("CLOSING", SocketState::Closing),
    ("LAST_ACK", SocketState::Closing),
    ("FIN_WAIT2", SocketState::Closing),
    ("TIME_WAIT", SocketState::Closing),
];

/// The listing of a file.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    open: Option<usize>,
    seen: Seen,
    owners: bool,
    cut_names: bool,
    layout: &'static str,
}

impl Sockets {
    /// Reads a row; returns the process it names.
    pub(super) fn read(&mut self, record: &Record<'_>, out: &mut Emitter) -> Option<u32> {
        if self.open.is_none() {
            let line = if let Locator::Line(line) = record.locator { line } else { 1 };
            self.open = Some(reserve(ListingTool::Velociraptor, line, out));
            self.layout = if record.row.starts_with('{') { "json" } else { "csv" };
        }
        let socket = match socket(record.object, out) {
            Ok(socket) => socket,
            Err(detail) => {
                out.problem(record.locator, ProblemKind::MalformedRecord, detail);
                return None;
            }
        };
        self.seen.kind(socket.protocol, socket.families);
        if socket.local.port == Port::None && socket.remote.port == Port::None {
            out.skip("sockets without a port");
            return None;
        }
        self.seen.socket(&socket);
        self.owners |= socket.pid.is_some();
        self.cut_names |= socket.name.as_ref().is_some_and(|name| name.cut);
        let pid = socket.pid;
        out.cite(record.locator, When::Capture, record.row, Fact::Socket(Box::new(socket)));
        pid
    }

    /// Tells what the listing could show. What else its filter dropped is not told: it is never whole.
    pub(super) fn close(self, out: &mut Emitter) {
        let Some(at) = self.open else { return };
        let listing = Listing {
            tool: ListingTool::Velociraptor,
            layout: out.text(self.layout),
            listeners: true,
            tcp: true,
            udp: self.seen.udp,
            ipv4: true,
            ipv6: true,
            connections: self.seen.connections,
            owners: self.owners,
            names_cut: self.cut_names.then_some(16),
            endpoints_cut: false,
            privileged: Known::Yes,
            whole: false,
        };
        settle(at, listing, out);
    }
}

fn socket(row: &Object, out: &mut Emitter) -> Result<Socket, &'static str> {
    let protocol = match text(row, &["Type"]).map(str::to_uppercase).as_deref() {
        Some("TCP") => Protocol::Tcp,
        Some("UDP") => Protocol::Udp,
        _ => return Err("the row names neither TCP nor UDP"),
    };
    let local =
        end(row, "Laddr", "Lport", out).ok_or("the row's local end is no address and port")?;
    let remote =
        end(row, "Raddr", "Rport", out).ok_or("the row's remote end is no address and port")?;
    let families = local.1.union(remote.1);
    let families = if families.dual { Families::DUAL } else { decided(families) };
    let (local, remote) = (local.0, remote.0);
    let state = state(protocol, text(row, &["Status"]).unwrap_or_default(), &remote)
        .ok_or("the row has no state that Velociraptor writes")?;
    let pid = number(row, "Pid").and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
    let info = super::process_info(row).filter(|_| pid.is_some());
    let name = info.and_then(|info| text(info, &["Name"]));
    Ok(Socket {
        pid,
        name: name.map(|name| ProcessName { text: out.text(name), cut: name.len() >= MAY_BE_CUT }),
        user: info.and_then(|info| text(info, &["Username"])).map(|user| out.text(user)),
        ..Socket::plain(protocol, families, (local, remote), state)
    })
}

/// One end, with the families that it alone allows.
fn end(row: &Object, host: &str, port: &str, out: &mut Emitter) -> Option<(Endpoint, Families)> {
    let port = u16::try_from(number(row, port)?).ok()?;
    let host = text(row, &[host]).unwrap_or_default();
    if host.is_empty() {
        let port = if port == 0 { Port::None } else { Port::Number(port) };
        let address = if port == Port::None { Address::Any } else { Address::Unknown };
        return Some((Endpoint { address, port }, Families::UNKNOWN));
    }
    let token =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let end = colon(&token, out)?;
    let Address::Ip { ip, .. } = &end.address else { return None };
    let (address, families) = match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => (Address::Any, Families::V4),
        IpAddr::V4(_) => (end.address.clone(), Families::V4),
        IpAddr::V6(ip) if ip.is_unspecified() => (Address::Any, Families::EITHER),
        IpAddr::V6(ip) => match embedded(*ip) {
            Some(inner) => (Address::ip(inner), Families::DUAL),
            None => (end.address.clone(), Families::V6),
        },
    };
    Some((Endpoint { address, port: end.port }, families))
}

/// The IPv4 address of a socket for both families: the kernel keeps it in the last four of sixteen bytes,
/// and Velociraptor writes all sixteen (`::c000:207`, `::ffff:192.0.2.7`).
fn embedded(ip: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => ip.to_ipv4(),
        _ => ip.to_ipv4_mapped(),
    }
}

/// What both ends together allow: an address decides what a wildcard leaves open.
fn decided(families: Families) -> Families {
    match families {
        Families { v6: true, .. } => Families::V6,
        Families { v4: true, either: false, .. } => Families::V4,
        Families { either: true, .. } => Families::EITHER,
        other => other,
    }
}

/// The state of a socket; UDP has none.
fn state(protocol: Protocol, word: &str, remote: &Endpoint) -> Option<SocketState> {
    if protocol == Protocol::Udp {
        return Some(udp_state(remote));
    }
    if matches!(word, "CLOSE" | "CLOSED") {
        let bound = remote.port == Port::None;
        return Some(if bound { SocketState::Bound } else { SocketState::Closing });
    }
    STATES.iter().find(|(name, _)| *name == word).map(|(_, state)| *state)
}
