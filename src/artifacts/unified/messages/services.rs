//! Servers that tell who came (sshd, screensharingd; unified-log.md C.4) → connections that reached them.

use super::super::Record;
use super::{named, plain_flow};
use crate::artifacts::Emitter;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, Socket, Witness};
use crate::model::service::Direction;
use std::net::IpAddr;

/// Emits what a login says: somebody reached the server's port, whether or not they were let in.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    if !record.process_path.is_none_or(is_of_the_system) {
        return false;
    }
    let message = record.message;
    if matches!(record.process, "sshd" | "sshd-session") && listening(record, out) {
        return true;
    }
    let logins = ["Accepted ", "Failed "].iter().any(|start| message.starts_with(start));
    let viewers = message.starts_with("Authentication: ");
    let (port, peer) = match record.process {
        "sshd" | "sshd-session" if logins && message.contains(" ssh2") => (22, ssh_peer(message)),
        "screensharingd" if viewers => (5900, viewer(message)),
        _ => return false,
    };
    let Some((ip, peer_port)) = peer else {
        let detail = "a login does not tell from where in the form that its server writes";
        out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        return true;
    };
    let families = if ip.is_ipv4() { Families::V4 } else { Families::V6 };
    let local = Endpoint { address: Address::Unknown, port: Port::Number(port) };
    let remote = Endpoint { address: Address::ip(ip), port: peer_port };
    let state = SocketState::Established;
    let socket = Socket::plain(Protocol::Tcp, families, (local, remote), state);
    emit(record, (FlowEvent::Seen, Direction::Inbound), socket, out);
    true
}

/// `Server listening on 0.0.0.0 port 22.`: an sshd that launchd does not start for each connection.
fn listening(record: &Record<'_>, out: &mut Emitter) -> bool {
    let told = record.message.trim_end().strip_prefix("Server listening on ").and_then(|rest| {
        let (ip, port) = rest.strip_suffix('.')?.split_once(" port ")?;
        Some((ip.parse::<IpAddr>().ok()?, port.parse::<u16>().ok().filter(|port| *port != 0)?))
    });
    let Some((ip, port)) = told else { return false };
    let families = if ip.is_ipv4() { Families::V4 } else { Families::V6 };
    let address = if ip.is_unspecified() { Address::Any } else { Address::ip(ip) };
    let ends = (Endpoint { address, port: Port::Number(port) }, Endpoint::NONE);
    let socket = Socket::plain(Protocol::Tcp, families, ends, SocketState::Listen);
    emit(record, (FlowEvent::Began, Direction::Listen), socket, out);
    true
}

fn is_of_the_system(path: &str) -> bool {
    let own = path.starts_with("/usr/") || path.starts_with("/System/");
    own && !path.starts_with("/usr/local/")
}

/// `… for USER from 192.0.2.9 port 50222 ssh2`, or with `: KEY …` behind it. The user's name may hold anything, and so may
/// the name of a key: where text follows `ssh2`, only one reading may be possible.
fn ssh_peer(message: &str) -> Option<(IpAddr, Port)> {
    if message.trim_end().ends_with(" ssh2") {
        return peer_of(message.rsplit_once(" from ")?.1);
    }
    let readings = message.match_indices(" from ");
    let mut readings =
        readings.filter_map(|(at, from)| peer_of(message.get(at.checked_add(from.len())?..)?));
    readings.next().filter(|_| readings.next().is_none())
}

/// `192.0.2.9 port 50222 ssh2`
fn peer_of(text: &str) -> Option<(IpAddr, Port)> {
    let mut words = text.split(' ');
    let ip = address(words.next()?)?;
    let port = (words.next()? == "port").then(|| words.next()).flatten()?.parse().ok()?;
    let end = words.next()?.trim_end();
    matches!(end, "ssh2" | "ssh2:").then_some((ip, Port::Number(port)))
}

/// An address; its zone (`fe80::1%en0`) is the Mac's own name for an interface.
fn address(text: &str) -> Option<IpAddr> {
    text.split('%').next()?.parse().ok()
}

fn viewer(message: &str) -> Option<(IpAddr, Port)> {
    let (_, rest) = message.rsplit_once(" :: Viewer Address: ")?;
    let ip = address(rest.split(" :: ").next()?.trim())?;
    Some((ip, Port::Unknown))
}

/// Emits a socket of the server that wrote the record.
fn emit(
    record: &Record<'_>,
    (event, direction): (FlowEvent, Direction),
    mut socket: Socket,
    out: &mut Emitter,
) {
    socket.pid = record.pid;
    socket.name = named(record.process, out);
    let flow = Flow {
        process_path: record.process_path.map(|path| out.text(path)),
        ..plain_flow(Witness::Server, event, Some(direction), socket)
    };
    record.tell(Fact::Flow(Box::new(flow)), out);
}
