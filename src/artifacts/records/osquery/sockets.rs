//! Rows of `listening_ports`, `process_open_sockets` and `socket_events` → sockets and flows.

use super::row::Row;
use super::tables::{Table, has_peer};
use crate::artifacts::Emitter;
use crate::artifacts::records::fields::{name, seconds};
use crate::artifacts::records::sockets::{address, families, port};
use crate::artifacts::sockets::state::{tcp_state, udp_state};
use crate::model::interval::Window;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, Socket, When, Witness};
use crate::model::provenance::Locator;
use crate::model::service::Direction;

/// The socket of a row; what has no port is counted, what cannot be read is told.
pub(super) fn of(row: &Row, locator: Locator, out: &mut Emitter) -> Option<Socket> {
    let protocol = match (row.number("protocol"), row.number("family")) {
        (_, Some(1)) | (Some(0), _) => {
            out.skip("unix sockets");
            return None;
        }
        (Some(6), _) => Some(Protocol::Tcp),
        (Some(17), _) => Some(Protocol::Udp),
        (None, _) => None,
        (Some(_), _) => {
            out.skip("sockets of other protocols");
            return None;
        }
    };
    let ends = if row.table == Table::ListeningPorts {
        end(row, "address", "port", out).map(|local| (local, Endpoint::NONE))
    } else {
        end(row, "local_address", "local_port", out).zip(end(
            row,
            "remote_address",
            "remote_port",
            out,
        ))
    };
    let Some(ends) = ends else {
        let detail = "a row whose address or port cannot be read";
        out.problem(locator, ProblemKind::MalformedRecord, detail);
        return None;
    };
    if ends.0.port == Port::None && ends.1.port == Port::None {
        out.skip("sockets without a port");
        return None;
    }
    let families = match row.number("family") {
        Some(2) => Families::V4,
        // A socket of IPv6 may serve IPv4 too: the table does not tell.
        Some(10 | 30) => Families::EITHER,
        _ => families(&ends.0.address),
    };
    let Some(state) = state(row, protocol, &ends.1) else {
        let detail = "a row with a state that no Mac knows";
        out.problem(locator, ProblemKind::MalformedRecord, detail);
        return None;
    };
    let mut socket = Socket::plain(protocol, families, ends, state);
    socket.pid = row.pid("pid").filter(|pid| *pid > 0);
    let path = row.text("path").filter(|path| path.starts_with('/'));
    socket.name = name(row.text("name"), path, out);
    let user = row.text("username").or_else(|| row.text("uid"));
    socket.user = user.map(|user| out.text(user));
    let descriptor = row.number("fd").filter(|fd| *fd >= 0);
    socket.descriptor = descriptor.map(|fd| out.text(&fd.to_string()));
    Some(socket)
}

fn end(row: &Row, at: &str, number: &str, out: &mut Emitter) -> Option<Endpoint> {
    let port = port(row.number(number)?)?;
    let address = match (row.text(at), &port) {
        (None, Port::None) => Address::Any,
        (None, _) => Address::Unknown,
        // Nothing is connected to port 0 of every address.
        (Some(text), _) => address(text, out)?,
    };
    Some(Endpoint { address, port })
}

/// The state: spelled as on Linux, and only by `process_open_sockets`.
fn state(row: &Row, protocol: Option<Protocol>, remote: &Endpoint) -> Option<SocketState> {
    if protocol == Some(Protocol::Udp) {
        return Some(udp_state(remote));
    }
    match row.text("state").filter(|_| row.table == Table::OpenSockets) {
        None if remote.port == Port::None => Some(SocketState::Unconnected),
        None | Some("UNKNOWN") => Some(SocketState::Unknown),
        Some("SYN_RECV") => Some(SocketState::SynReceived),
        Some("FIN_WAIT1" | "FIN_WAIT2" | "CLOSE") => Some(SocketState::Closing),
        Some(word) => tcp_state(word, remote),
    }
}

/// The event of a row that came, stayed or went.
pub(super) fn flow(row: &Row, event: FlowEvent, socket: Socket, out: &mut Emitter) -> Flow {
    let path = row.text("path").filter(|path| path.starts_with('/'));
    Flow {
        witness: Witness::Osquery,
        event,
        direction: None,
        process_path: path.map(|path| out.text(path)),
        socket,
        number: None,
        suppressed: None,
        packets: None,
    }
}

/// A row of `socket_events`: what OpenBSM saw a process do.
pub(super) fn event(row: &Row, locator: Locator, when: &When, out: &mut Emitter) {
    let time = row.number("time").and_then(seconds);
    let when = time.map_or_else(|| when.clone(), |time| When::Utc(Window::at(time).shifted(0, 1)));
    let action = row.text("action").unwrap_or_default();
    if action == "accept" {
        return out.skip("accepted connections, whose port the table does not tell reliably");
    }
    let Some(mut socket) = of(row, locator, out) else { return };
    let worked = row.text("status").map_or(row.text("success"), Some);
    let failed = matches!(worked, Some("failed" | "0"));
    let (event, direction) = match action {
        "bind" if failed => return out.skip("attempts to bind that failed"),
        // Bound is not listening.
        "bind" => {
            socket.state = SocketState::Bound;
            (FlowEvent::Seen, None)
        }
        "connect" if !has_peer(&socket) => return out.skip("sockets without a port"),
        "connect" => {
            socket.state = SocketState::SynSent;
            let event = if failed { FlowEvent::Failed(0) } else { FlowEvent::Began };
            (event, Some(Direction::Outbound))
        }
        _ => return out.skip("events of other kinds"),
    };
    let flow = Flow { direction, ..flow(row, event, socket, out) };
    out.cite(locator, when, &row.raw, Fact::Flow(Box::new(flow)));
}
